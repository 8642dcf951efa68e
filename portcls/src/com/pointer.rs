//! [`ComPtr`]: a pointer that owns a reference.

use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::interfaces::{IUnknown, Interface};
use crate::status::{Outcome, STATUS_NOINTERFACE, check};

/// Owns one reference to an object, seen through the interface `I`.
///
/// Cloning takes another reference; dropping gives it back. Both may happen at any IRQL at which
/// the object allows it.
pub struct ComPtr<I: Interface>(NonNull<I>);

// SAFETY: objects of the kernel are counted and called from any thread and processor.
unsafe impl<I: Interface> Send for ComPtr<I> {}
// SAFETY: as above.
unsafe impl<I: Interface> Sync for ComPtr<I> {}

impl<I: Interface> ComPtr<I> {
    /// Takes over a reference that the caller owns; null gives nothing.
    ///
    /// # Safety
    /// `pointer` is null or a live interface `I`, and its reference passes to the result.
    #[must_use]
    pub unsafe fn from_owned(pointer: *mut I) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    /// Takes a reference of its own; null gives nothing.
    ///
    /// # Safety
    /// `pointer` is null or a live interface `I`.
    #[must_use]
    pub unsafe fn from_borrowed(pointer: *mut I) -> Option<Self> {
        let pointer = NonNull::new(pointer)?;
        // SAFETY: the interface is live.
        unsafe { IUnknown::AddRef(pointer.as_ptr().cast()) };
        Some(Self(pointer))
    }

    /// The interface, without a reference.
    #[must_use]
    pub const fn as_ptr(&self) -> *mut I {
        self.0.as_ptr()
    }

    /// The interface as that of any object, without a reference.
    #[must_use]
    pub const fn as_unknown(&self) -> *mut IUnknown {
        self.0.as_ptr().cast()
    }

    /// Gives the reference to somebody who will release it.
    #[must_use]
    pub fn into_owned(self) -> *mut I {
        let pointer = self.as_ptr();
        core::mem::forget(self);
        pointer
    }

    /// Asks the object for another interface.
    ///
    /// # Errors
    /// The object's status code; usually `STATUS_NOINTERFACE` or `STATUS_INVALID_PARAMETER`.
    pub fn query<J: Interface>(&self) -> Outcome<ComPtr<J>> {
        let mut other = null_mut();
        // SAFETY: the object is live, as this reference keeps it so.
        let status =
            unsafe { IUnknown::QueryInterface(self.as_unknown(), &J::IID, &raw mut other) };
        check(status)?;
        // SAFETY: on success it is an interface `J` with a reference for the receiver.
        unsafe { ComPtr::from_owned(other.cast()) }.ok_or(STATUS_NOINTERFACE)
    }
}

impl<I: Interface> Clone for ComPtr<I> {
    fn clone(&self) -> Self {
        // SAFETY: the object is live.
        unsafe { IUnknown::AddRef(self.as_unknown()) };
        Self(self.0)
    }
}

impl<I: Interface> Drop for ComPtr<I> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and is given back once.
        unsafe { IUnknown::Release(self.as_unknown()) };
    }
}

impl<I: Interface> fmt::Debug for ComPtr<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ComPtr({:p})", self.0)
    }
}
