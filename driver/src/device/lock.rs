//! The device's lock: its interrupt's where it has one, else a spin lock.

use core::ffi::c_void;

use portcls::com::ComPtr;
use portcls::interfaces::{IInterruptSync, PINTERRUPTSYNCROUTINE};
use portcls::status::Outcome;

use crate::kernel::spin_lock::SpinLock;

/// What has to be held to touch the UART.
pub(super) enum Lock {
    Interrupt(ComPtr<IInterruptSync>),
    Spin(SpinLock),
}

impl Lock {
    pub(super) fn new(sync: Option<ComPtr<IInterruptSync>>) -> Self {
        sync.map_or_else(|| Self::Spin(SpinLock::new()), Self::Interrupt)
    }

    /// Whether it is an interrupt's.
    pub(super) const fn is_interrupt(&self) -> bool {
        matches!(self, Self::Interrupt(_))
    }

    /// Registers the interrupt's routine, before it is connected for the first time. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `context` is what `routine` expects whenever the interrupt is connected.
    pub(super) unsafe fn register(
        &self,
        routine: PINTERRUPTSYNCROUTINE,
        context: *mut c_void,
    ) -> Outcome<()> {
        match self {
            // SAFETY: the caller's promise.
            Self::Interrupt(sync) => unsafe { sync.register(routine, context) },
            Self::Spin(_) => Ok(()),
        }
    }

    /// Connects the interrupt. `PASSIVE_LEVEL`.
    pub(super) fn connect(&self) -> Outcome<()> {
        match self {
            Self::Interrupt(sync) => sync.connect(),
            Self::Spin(_) => Ok(()),
        }
    }

    /// Disconnects the interrupt. `PASSIVE_LEVEL`.
    pub(super) fn disconnect(&self) {
        if let Self::Interrupt(sync) = self {
            sync.disconnect();
        }
    }

    /// Does `work` with the lock held; nothing if the system can't give it. At or below
    /// `DISPATCH_LEVEL`.
    pub(super) fn with<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        match self {
            Self::Spin(lock) => Some(lock.with(work)),
            Self::Interrupt(sync) => {
                let mut work = Some(work);
                let mut result = None;
                sync.synchronized(&mut || result = work.take().map(|work| work()))
                    .ok()?;
                result
            }
        }
    }
}
