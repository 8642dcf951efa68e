//! `IInterruptSync`: connects an interrupt and synchronises with it.

use super::interface;
use crate::interfaces::IUnknownVtbl;
use crate::types::{BOOLEAN, NTSTATUS, PKINTERRUPT, PVOID};

crate::system_abi! {
    /// A routine that runs at the interrupt's level, synchronised with it. As service routine it
    /// returns success only if its device raised the interrupt.
    pub type PINTERRUPTSYNCROUTINE =
        unsafe fn(sync: *mut IInterruptSync, context: PVOID) -> NTSTATUS;
}

/// Calls service routines until one succeeds.
pub const INTERRUPT_SYNC_MODE_NORMAL: i32 = 1;
/// Calls each service routine once.
pub const INTERRUPT_SYNC_MODE_ALL: i32 = 2;
/// Calls all service routines until none succeeds.
pub const INTERRUPT_SYNC_MODE_REPEAT: i32 = 3;

interface! {
    /// An interrupt and its service routines; offered by the system.
    IInterruptSync(IID_IInterruptSync), IInterruptSyncVtbl: IUnknown(IUnknownVtbl) {
        /// Runs a routine synchronised with the service routines. At or below the interrupt's
        /// level.
        3 => fn CallSynchronizedRoutine(
            routine: PINTERRUPTSYNCROUTINE,
            context: PVOID,
        ) -> NTSTATUS;
        /// Returns the kernel's interrupt object. Any IRQL.
        4 => fn GetKInterrupt() -> PKINTERRUPT;
        /// Connects the interrupt. `PASSIVE_LEVEL`.
        5 => fn Connect() -> NTSTATUS;
        /// Disconnects it. `PASSIVE_LEVEL`.
        6 => fn Disconnect();
        /// Adds a service routine. `PASSIVE_LEVEL`.
        7 => fn RegisterServiceRoutine(
            routine: PINTERRUPTSYNCROUTINE,
            context: PVOID,
            first: BOOLEAN,
        ) -> NTSTATUS;
    }
}
