//! Waits that are as short as Windows can make them.

use super::system;

/// Milliseconds. Without it Windows looks at waits every 15.6 ms, by `timeBeginPeriod`'s documentation.
const FINEST: u32 = 1;

/// Has Windows look at this process' waits every millisecond from now on, for which winmm is the
/// place. It lasts as long as the process: the ports' threads do, too.
pub(crate) fn begin() {
    let Some(function) = system::function(c"timeBeginPeriod") else {
        return;
    };
    // SAFETY: this is the function's signature.
    let begin_period = unsafe {
        std::mem::transmute::<
            unsafe extern "system" fn() -> isize,
            unsafe extern "system" fn(u32) -> u32,
        >(function)
    };
    // SAFETY: it can be called on any thread. Where it refuses, ports are slower to look.
    let _ = unsafe { begin_period(FINEST) };
}
