//! Where the stand-in's objects live, and how many there are.

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};

use portcls::com::Pool;
use portcls::types::NON_PAGED_POOL_NX;

use crate::kernel::{ExAllocatePoolWithTag, ExFreePoolWithTag};

const TAG: u32 = u32::from_le_bytes(*b"PcSt");

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Wine's pool.
pub struct CountedPool;

// SAFETY: memory of the pool stays valid until it is freed.
unsafe impl Pool for CountedPool {
    fn allocate(layout: Layout) -> *mut u8 {
        // SAFETY: takes numbers only.
        let memory = unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, layout.size(), TAG) };
        if !memory.is_null() {
            // Ordering: a count only.
            LIVE.fetch_add(1, Ordering::Relaxed);
        }
        memory.cast()
    }

    unsafe fn free(memory: *mut u8, _layout: Layout) {
        // Ordering: a count only.
        LIVE.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller gives back what `allocate` returned.
        unsafe { ExFreePoolWithTag(memory.cast(), TAG) };
    }
}

/// Objects that somebody has a reference to.
pub fn live() -> usize {
    // Ordering: a count only.
    LIVE.load(Ordering::Relaxed)
}
