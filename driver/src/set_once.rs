//! A place for a value that comes later, once.

use crate::atomic::{AtomicU8, Ordering};
use core::cell::UnsafeCell;

const EMPTY: u8 = 0;
const BEING_SET: u8 = 1;
const SET: u8 = 2;

/// Empty at first; then holds a value for good.
pub(crate) struct SetOnce<T> {
    state: AtomicU8,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written by the one thread that wins `BEING_SET`, and read after `SET`.
unsafe impl<T: Send + Sync> Sync for SetOnce<T> {}

impl<T> SetOnce<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(None),
        }
    }

    /// Sets the value; returns the place's value, or nothing if there was one before.
    pub(crate) fn set(&self, value: T) -> Option<&T> {
        // Ordering: only one thread gets past this; nothing is read yet.
        self.state
            .compare_exchange(EMPTY, BEING_SET, Ordering::Relaxed, Ordering::Relaxed)
            .ok()?;
        // SAFETY: nobody else writes, and nobody reads before `SET`.
        unsafe { *self.value.get() = Some(value) };
        // Ordering: the value is seen by whoever sees `SET`.
        self.state.store(SET, Ordering::Release);
        self.get()
    }

    /// The value, if it was set. Any IRQL.
    pub(crate) fn get(&self) -> Option<&T> {
        // Ordering: pairs with the release in `set`.
        if self.state.load(Ordering::Acquire) != SET {
            return None;
        }
        // SAFETY: it is not written any more.
        unsafe { &*self.value.get() }.as_ref()
    }
}
