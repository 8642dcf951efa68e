//! Panics.

use core::panic::PanicInfo;

use crate::wine_kernel::KeBugCheckEx;

/// "RPNC", as the wdk crates have it.
const RUST_PANIC: u32 = 0x5250_4E43;

#[panic_handler]
fn panic(_info: &PanicInfo) -> ! {
    // SAFETY: takes numbers only.
    unsafe { KeBugCheckEx(RUST_PANIC, 0, 0, 0, 0) }
}
