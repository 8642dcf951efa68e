//! Time.

use super::ffi;

/// Time since the system started, in units of 100 ns. It is not set, only counts.
pub type InterruptTime = u64;

/// One millisecond of [`InterruptTime`].
pub const MILLISECOND: InterruptTime = 10_000;
/// One microsecond of [`InterruptTime`].
pub const MICROSECOND: InterruptTime = 10;

/// The time now. Any IRQL.
#[must_use]
pub fn now() -> InterruptTime {
    let mut stamp = 0;
    // SAFETY: the stamp can be written to.
    unsafe { ffi::KeQueryInterruptTimePrecise(&raw mut stamp) }
}

/// Busy-waits for at most 50 µs. Any IRQL.
pub fn stall(microseconds: u32) {
    // SAFETY: takes a number only.
    unsafe { ffi::KeStallExecutionProcessor(microseconds.min(50)) };
}

/// Has this thread sleep for at least that many milliseconds. `PASSIVE_LEVEL`.
pub fn sleep(milliseconds: u32) {
    const KERNEL_MODE: i8 = 0;
    let mut interval = ffi::LARGE_INTEGER {
        QuadPart: -i64::from(milliseconds) * MILLISECOND.cast_signed(),
    };
    // SAFETY: the interval outlives the call. The status says only that the time is over.
    let _ = unsafe { ffi::KeDelayExecutionThread(KERNEL_MODE, 0, &raw mut interval) };
}
