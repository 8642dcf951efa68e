//! Spin locks.

use core::cell::UnsafeCell;

use super::ffi;

/// A spin lock of the kernel.
pub struct SpinLock(UnsafeCell<ffi::KSPIN_LOCK>);

// SAFETY: the lock is touched by the kernel's functions only.
unsafe impl Sync for SpinLock {}
// SAFETY: as above; it is only moved while nobody holds it.
unsafe impl Send for SpinLock {}

impl SpinLock {
    /// A free lock.
    #[must_use]
    pub const fn new() -> Self {
        // `KeInitializeSpinLock` is an inline function that writes a zero.
        Self(UnsafeCell::new(0))
    }

    /// Does `work` under the lock, at `DISPATCH_LEVEL`. At or below `DISPATCH_LEVEL`; `work` lasts at
    /// most 25 µs.
    ///
    /// Never becomes a part of its caller, which may lie in pageable code.
    #[inline(never)]
    pub fn with<R>(&self, work: impl FnOnce() -> R) -> R {
        // SAFETY: the lock lives, and lies in non-paged memory.
        let irql = unsafe { ffi::KeAcquireSpinLockRaiseToDpc(self.0.get()) };
        let result = work();
        // SAFETY: it was acquired above, and this is the IRQL that was.
        unsafe { ffi::KeReleaseSpinLock(self.0.get(), irql) };
        result
    }

    /// Takes the lock, and never gives it back. At or below `DISPATCH_LEVEL`.
    #[cfg(feature = "fault-lock-held")]
    pub(crate) fn take_for_good(&self) {
        // SAFETY: the lock lives, and lies in non-paged memory.
        unsafe { ffi::KeAcquireSpinLockRaiseToDpc(self.0.get()) };
    }
}

impl Default for SpinLock {
    fn default() -> Self {
        Self::new()
    }
}
