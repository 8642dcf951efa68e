//! Clocks, delays and stalls.

use std::time::Duration;

use portcls::status::STATUS_SUCCESS;

use super::{BOOLEAN, KPROCESSOR_MODE, LARGE_INTEGER, NTSTATUS, ULONG};
use crate::machine::current;
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;

/// Ticks a second of `KeQueryPerformanceCounter`, as on most PCs with Windows 10.
const PERFORMANCE_FREQUENCY: i64 = 10_000_000;
/// Nanoseconds of a tick; also the unit of interrupt time.
const NANOSECONDS_PER_TICK: u64 = 100;
/// A busy wait that is longer than this, in microseconds, is refused at raised IRQL
/// (`KeStallExecutionProcessor` is documented for less than 50).
const LONGEST_STALL: ULONG = 50;

portcls::system_abi! {
    /// Busy-waits. Any IRQL.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn KeStallExecutionProcessor(microseconds: ULONG) {
        let machine = current();
        if microseconds > LONGEST_STALL {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("KeStallExecutionProcessor was to stall for {microseconds} microseconds"),
            );
        }
        machine.pass(Duration::from_micros(u64::from(microseconds)));
    }

    /// Has the thread sleep for a relative time (negative, in 100 ns). `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `interval` points to the time.
    pub unsafe fn KeDelayExecutionThread(
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        interval: *mut LARGE_INTEGER
    ) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        if machine.irql() > PASSIVE_LEVEL {
            machine.bug_check(
                BugCheck::AttemptedSwitchFromDpc,
                "KeDelayExecutionThread was called at raised IRQL",
            );
        }
        // SAFETY: the caller's promise.
        let interval = unsafe { interval.read() };
        // SAFETY: any bits are a number.
        let interval = unsafe { interval.QuadPart };
        let wanted = Duration::from_nanos(interval.unsigned_abs() * NANOSECONDS_PER_TICK);
        // The thread wakes with the first clock tick after the time is over.
        machine.idle_until(machine.tick_from(machine.now() + wanted));
        STATUS_SUCCESS
    }

    /// Time since the machine was switched on, in 100 ns; the stamp is the performance counter's.
    /// Any IRQL.
    ///
    /// # Safety
    /// `stamp` can be written to.
    pub unsafe fn KeQueryInterruptTimePrecise(stamp: *mut u64) -> u64 {
        let machine = current();
        machine.kernel_call();
        let ticks = machine.now().as_nanos() / NANOSECONDS_PER_TICK;
        // SAFETY: the caller's promise.
        unsafe { stamp.write(ticks) };
        ticks
    }

    /// The performance counter. Any IRQL.
    ///
    /// # Safety
    /// `frequency` is null or can be written to.
    pub unsafe fn KeQueryPerformanceCounter(frequency: *mut LARGE_INTEGER) -> LARGE_INTEGER {
        let machine = current();
        machine.kernel_call();
        if !frequency.is_null() {
            let value = LARGE_INTEGER {
                QuadPart: PERFORMANCE_FREQUENCY,
            };
            // SAFETY: the caller's promise.
            unsafe { frequency.write(value) };
        }
        let ticks = machine.now().as_nanos() / NANOSECONDS_PER_TICK;
        LARGE_INTEGER {
            QuadPart: ticks.cast_signed(),
        }
    }
}
