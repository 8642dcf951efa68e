//! Pools that know what they have given out.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use portcls::com::Pool;

/// What a pool has given out, by address.
pub struct Ledger(Mutex<BTreeMap<usize, Layout>>);

impl Ledger {
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Allocations that were not freed.
    pub fn live(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub fn allocate(&self, layout: Layout) -> *mut u8 {
        assert_ne!(layout.size(), 0);
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(layout) };
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(given.insert(memory.addr(), layout).is_none());
        memory
    }

    /// # Safety
    /// Nobody uses the memory any more.
    pub unsafe fn free(&self, memory: *mut u8, layout: Layout) {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(
            given.remove(&memory.addr()),
            Some(layout),
            "freed twice or otherwise"
        );
        // SAFETY: it was allocated with that layout and not freed yet.
        unsafe { dealloc(memory, layout) };
    }
}

/// A pool that keeps a ledger.
pub trait Counted: Pool {
    fn ledger() -> &'static Ledger;

    /// Allocations that were not freed.
    fn live() -> usize {
        Self::ledger().live()
    }
}

/// Declares a pool of its own for a test.
macro_rules! pool {
    ($name:ident) => {
        struct $name;
        impl crate::counting_pool::Counted for $name {
            fn ledger() -> &'static crate::counting_pool::Ledger {
                static LEDGER: crate::counting_pool::Ledger = crate::counting_pool::Ledger::new();
                &LEDGER
            }
        }
        // SAFETY: the ledger allocates from the heap.
        unsafe impl portcls::com::Pool for $name {
            fn allocate(layout: core::alloc::Layout) -> *mut u8 {
                <Self as crate::counting_pool::Counted>::ledger().allocate(layout)
            }
            unsafe fn free(memory: *mut u8, layout: core::alloc::Layout) {
                // SAFETY: the caller's promise.
                unsafe { <Self as crate::counting_pool::Counted>::ledger().free(memory, layout) };
            }
        }
    };
}
pub(crate) use pool;
