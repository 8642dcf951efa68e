//! Time.

use super::ffi;

/// Time since the system started, in units of 100 ns. It is not set, only counts.
pub type InterruptTime = u64;

/// One millisecond of [`InterruptTime`].
pub const MILLISECOND: InterruptTime = 10_000;
/// One microsecond of [`InterruptTime`].
pub const MICROSECOND: InterruptTime = 10;

/// A span of time in whole microseconds.
#[must_use]
pub fn microseconds(span: InterruptTime) -> u32 {
    u32::try_from(span / MICROSECOND).unwrap_or(u32::MAX)
}

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

/// Has this thread sleep for at least that many milliseconds: up to the next tick of the clock after that,
/// and a tick may last 15.6 ms. `PASSIVE_LEVEL`.
pub fn sleep(milliseconds: u32) {
    const KERNEL_MODE: i8 = 0;
    let mut interval = ffi::LARGE_INTEGER {
        QuadPart: -i64::from(milliseconds) * MILLISECOND.cast_signed(),
    };
    // SAFETY: the interval outlives the call. The status says only that the time is over.
    let _ = unsafe { ffi::KeDelayExecutionThread(KERNEL_MODE, 0, &raw mut interval) };
}

/// Waits that grow: what is nearly done is looked at again within microseconds, everything else after a
/// sleep. `PASSIVE_LEVEL`.
#[derive(Debug, Default)]
pub struct Backoff {
    stalls: u32,
}

impl Backoff {
    /// Microseconds of a stall.
    const STALL: u32 = 20;
    /// Stalls before the first sleep: longer than a write or a turn lasts.
    const STALLS: u32 = 10;

    /// Waits a little, or a clock tick.
    pub fn wait(&mut self) {
        if self.stalls < Self::STALLS {
            self.stalls += 1;
            stall(Self::STALL);
        } else {
            sleep(1);
        }
    }
}
