//! Threads that can't be suspended.

use core::marker::PhantomData;

use super::ffi;

/// While there is one, this thread is not suspended: a program that suspends a thread of its own inside the driver would
/// otherwise stop whoever waits for what that thread holds. It stays with its thread.
#[derive(Debug)]
pub struct CriticalRegion(PhantomData<*const ()>);

impl CriticalRegion {
    /// Enters a critical region, which may lie in another one. `PASSIVE_LEVEL`; the thread that enters also drops
    /// it.
    #[must_use]
    pub fn enter() -> Self {
        // SAFETY: left when dropped.
        unsafe { ffi::KeEnterCriticalRegion() };
        Self(PhantomData)
    }
}

impl Drop for CriticalRegion {
    fn drop(&mut self) {
        // SAFETY: entered by this thread.
        unsafe { ffi::KeLeaveCriticalRegion() };
    }
}
