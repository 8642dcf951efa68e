//! Panics.

use core::panic::PanicInfo;

use crate::output::say;
use crate::setupapi::ExitProcess;

/// What Rust's programs end with.
const PANICKED: u32 = 101;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    say!("panic: {info}");
    // SAFETY: takes a number only.
    unsafe { ExitProcess(PANICKED) }
}
