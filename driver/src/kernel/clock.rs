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

/// Waits that grow: what is nearly done is looked at again immediately, everything else after a sleep.
/// `PASSIVE_LEVEL`.
#[derive(Debug, Default)]
pub struct Backoff {
    spins: u32,
}

impl Backoff {
    /// Pauses of the processor in a spin; each takes some tens of nanoseconds.
    const PAUSES: u32 = 100;
    /// Spins before the first sleep: together about as long as a write or a turn lasts.
    const SPINS: u32 = 10;

    /// Waits a little, or a clock tick.
    pub fn wait(&mut self) {
        if self.spins < Self::SPINS {
            self.spins += 1;
            for _ in 0..Self::PAUSES {
                core::hint::spin_loop();
            }
        } else {
            sleep(1);
        }
    }
}
