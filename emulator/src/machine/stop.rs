//! Why an emulated PC stops: bug checks by Windows' names.

use std::fmt;
use std::path::PathBuf;

use crate::time::Instant;

macro_rules! bug_checks {
    ($($(#[$attribute:meta])* $variant:ident = $code:literal, $name:literal;)+) => {
        /// The bug checks that the emulated PC knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum BugCheck {
            $($(#[$attribute])* $variant,)+
            /// One that the driver raised by itself, with this number.
            OfDriver(u32),
        }

        impl BugCheck {
            /// The bug check with this number.
            #[must_use]
            pub const fn of_driver(code: u32) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    other => Self::OfDriver(other),
                }
            }

            /// The number that Windows shows.
            #[must_use]
            pub const fn code(self) -> u32 {
                match self {
                    $(Self::$variant => $code,)+
                    Self::OfDriver(code) => code,
                }
            }

            /// The name that Windows shows.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::OfDriver(_) => "bug check of the driver's own",
                }
            }
        }
    };
}

bug_checks! {
    /// A thread has left the driver with another number of critical regions than it came with.
    ApcIndexMismatch = 0x01, "APC_INDEX_MISMATCH";
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
    /// The driver touched memory that is not there.
    PageFaultInNonpagedArea = 0x50, "PAGE_FAULT_IN_NONPAGED_AREA";
    /// The driver's own panic handler stopped the system.
    RustPanic = 0x5250_4E43, "RPNC (panic of a Rust driver)";
    /// The processor could not go on at all, as with a stack that is used up.
    UnexpectedKernelModeTrap = 0x7F, "UNEXPECTED_KERNEL_MODE_TRAP";
    /// A request was completed twice.
    MultipleIrpCompleteRequests = 0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS";
    /// The driver wrote to memory that is not to be written to.
    AttemptedWriteToReadonlyMemory = 0xBE, "ATTEMPTED_WRITE_TO_READONLY_MEMORY";
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
    /// The driver touched pageable or missing memory at raised IRQL.
    DriverIrqlNotLessOrEqual = 0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL";
    /// The driver wrote to memory after it had freed it.
    PageFaultInFreedSpecialPool = 0xD5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL";
    /// The driver wrote past an allocation.
    PageFaultBeyondEndOfAllocation = 0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION";
    /// The driver does not return, at `PASSIVE_LEVEL`.
    ThreadStuckInDeviceDriver = 0xEA, "THREAD_STUCK_IN_DEVICE_DRIVER";
    /// The driver was about to run data.
    AttemptedExecuteOfNoexecuteMemory = 0xFC, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY";
    /// The driver found itself damaged (`__fastfail`).
    KernelSecurityCheckFailure = 0x139, "KERNEL_SECURITY_CHECK_FAILURE";
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
    /// Where in the driver's image that was, innermost frame first. Empty for a driver that is linked in.
    pub driver_stack: Vec<StackFrame>,
}

/// A place in a driver's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFrame {
    /// The image's file.
    pub image: PathBuf,
    /// The place, counted from the image's base.
    pub offset: u64,
    /// It is where a call returns to, and not the instruction that failed.
    pub is_return: bool,
    /// Function, file and line, if the PDB tells; a function that is inlined comes before the one that it
    /// is inlined into.
    pub symbols: Vec<String>,
}

impl fmt::Display for StackFrame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.image.file_name().unwrap_or_default();
        write!(formatter, "{}+{:#x}", name.display(), self.offset)?;
        let Some((innermost, others)) = self.symbols.split_first() else {
            return Ok(());
        };
        write!(formatter, " {innermost}")?;
        others
            .iter()
            .try_for_each(|outer| write!(formatter, "\n      in {outer}"))
    }
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
        )?;
        self.driver_stack
            .iter()
            .try_for_each(|frame| write!(formatter, "\n    at {frame}"))
    }
}

impl std::error::Error for Stop {}
