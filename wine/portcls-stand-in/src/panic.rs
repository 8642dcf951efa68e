//! Panics.

use core::panic::PanicInfo;

use crate::kernel::KeBugCheckEx;
use crate::trace::trace;

/// "RPNC", as the wdk crates have it.
const RUST_PANIC: u32 = 0x5250_4E43;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    trace!("panic of the stand-in: {info}");
    // SAFETY: takes numbers only.
    unsafe { KeBugCheckEx(RUST_PANIC, 0, 0, 0, 0) }
}
