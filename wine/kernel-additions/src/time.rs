//! Time.

use crate::wine_kernel::KeQueryPerformanceCounter;

/// Units of interrupt time in a second.
const UNITS_PER_SECOND: i128 = 10_000_000;

/// The time since the system started, in 100 ns. Wine's `KeQueryInterruptTime` goes by ticks of
/// 16 ms.
pub fn now() -> i64 {
    let mut frequency = 0;
    // SAFETY: the frequency can be written to.
    let count = unsafe { KeQueryPerformanceCounter(&raw mut frequency) };
    let units = i128::from(count) * UNITS_PER_SECOND / i128::from(frequency.max(1));
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Interrupt time, with the performance counter's value if it is asked for.
///
/// # Safety
/// `stamp` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn KeQueryInterruptTimePrecise(stamp: *mut i64) -> i64 {
    let now = now();
    if !stamp.is_null() {
        // SAFETY: the caller's promise.
        unsafe { stamp.write(now) };
    }
    now
}
