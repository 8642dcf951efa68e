//! Why an emulated PC stops: bug checks by Windows' names.

use std::fmt;

use crate::time::Instant;

macro_rules! bug_checks {
    ($($(#[$attribute:meta])* $variant:ident = $code:literal, $name:literal;)+) => {
        /// The bug checks that the emulated PC knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum BugCheck {
            $($(#[$attribute])* $variant,)+
        }

        impl BugCheck {
            /// The number that Windows shows.
            #[must_use]
            pub const fn code(self) -> u32 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The name that Windows shows.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

bug_checks! {
    /// A kernel function was called at too high an IRQL.
    IrqlNotLessOrEqual = 0x0A, "IRQL_NOT_LESS_OR_EQUAL";
    /// A spin lock was acquired by its owner.
    SpinLockAlreadyOwned = 0x0F, "SPIN_LOCK_ALREADY_OWNED";
    /// A spin lock was released by somebody who does not own it.
    SpinLockNotOwned = 0x10, "SPIN_LOCK_NOT_OWNED";
    /// A reference count went wrong.
    ReferenceByPointer = 0x18, "REFERENCE_BY_POINTER";
    /// The driver raised an exception (a panic).
    KmodeExceptionNotHandled = 0x1E, "KMODE_EXCEPTION_NOT_HANDLED";
    /// A request was completed twice.
    MultipleIrpCompleteRequests = 0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS";
    /// A thread was to wait at raised IRQL.
    AttemptedSwitchFromDpc = 0xB8, "ATTEMPTED_SWITCH_FROM_DPC";
    /// Memory was freed that was not allocated, or with another tag.
    BadPoolCaller = 0xC2, "BAD_POOL_CALLER";
    /// A rule of Driver Verifier was broken; the rule's name is in the text.
    DriverVerifierDetectedViolation = 0xC4, "DRIVER_VERIFIER_DETECTED_VIOLATION";
    /// A timer or DPC lies in memory that was freed.
    TimerOrDpcInvalid = 0xC7, "TIMER_OR_DPC_INVALID";
    /// The driver returned at another IRQL than it was called at.
    IrqlUnexpectedValue = 0xC8, "IRQL_UNEXPECTED_VALUE";
    /// The driver was unloaded with something of its own still at work.
    DriverUnloadedWithoutCancelling =
        0xCE, "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS";
    /// The driver wrote to memory after it had freed it.
    PageFaultInFreedSpecialPool = 0xD5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL";
    /// The driver wrote past an allocation.
    PageFaultBeyondEndOfAllocation = 0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION";
    /// A routine took too long at raised IRQL.
    DpcWatchdogViolation = 0x133, "DPC_WATCHDOG_VIOLATION";
}

/// An emulated PC has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// With which bug check.
    pub bug_check: BugCheck,
    /// What was wrong, in words.
    pub reason: String,
    /// When.
    pub at: Instant,
    /// At which IRQL.
    pub irql: u8,
    /// The seed of the run, by which it can be repeated.
    pub seed: u64,
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} (0x{:X}): {} (at {}, IRQL {}, seed {})",
            self.bug_check.name(),
            self.bug_check.code(),
            self.reason,
            self.at,
            self.irql,
            self.seed
        )
    }
}

impl std::error::Error for Stop {}
