//! Non-paged memory.

use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::AtomicU8;

use portcls::com::Pool;
use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES};
use portcls::types::NON_PAGED_POOL_NX;

use super::ffi;

/// Under which the driver's memory is found in pool statistics: `MUrt`.
const TAG: u32 = u32::from_le_bytes(*b"MUrt");
/// The pool aligns to this on 64-bit systems (twice the size of a pointer).
const POOL_ALIGNMENT: usize = 2 * size_of::<usize>();

/// Non-paged pool whose pages can't be executed.
pub struct NonPagedPool;

// SAFETY: memory of the pool stays valid until it is freed.
unsafe impl Pool for NonPagedPool {
    fn allocate(layout: Layout) -> *mut u8 {
        if layout.align() > POOL_ALIGNMENT {
            return core::ptr::null_mut();
        }
        // SAFETY: takes numbers only.
        let memory = unsafe { ffi::ExAllocatePoolWithTag(NON_PAGED_POOL_NX, layout.size(), TAG) };
        memory.cast()
    }

    unsafe fn free(memory: *mut u8, _layout: Layout) {
        // SAFETY: the caller gives back what `allocate` returned.
        unsafe { ffi::ExFreePoolWithTag(memory.cast(), TAG) };
    }
}

/// A fixed number of bytes in non-paged pool, as storage of a [`crate::ring::Ring`].
pub struct PoolBytes {
    memory: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory belongs to nobody else.
unsafe impl Send for PoolBytes {}
// SAFETY: it is only seen as atomics.
unsafe impl Sync for PoolBytes {}

impl PoolBytes {
    /// Allocates that many bytes, all zero. At or below `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory.
    pub fn zeroed(length: usize) -> Outcome<Self> {
        let layout = Layout::array::<u8>(length).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
        let memory =
            NonNull::new(NonPagedPool::allocate(layout)).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        // SAFETY: the memory is `length` bytes long.
        unsafe { memory.as_ptr().write_bytes(0, length) };
        Ok(Self { memory, length })
    }
}

impl Deref for PoolBytes {
    type Target = [AtomicU8];

    fn deref(&self) -> &[AtomicU8] {
        // SAFETY: `length` initialised bytes, which are seen as atomics only; an atomic byte has the
        // layout of a byte.
        unsafe { slice::from_raw_parts(self.memory.as_ptr().cast(), self.length) }
    }
}

impl Drop for PoolBytes {
    fn drop(&mut self) {
        if let Ok(layout) = Layout::array::<u8>(self.length) {
            // SAFETY: allocated with this layout, and not used any more.
            unsafe { NonPagedPool::free(self.memory.as_ptr(), layout) };
        }
    }
}
