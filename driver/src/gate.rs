//! A gate through which routines at `DISPATCH_LEVEL` go to the hardware, and which the thread that
//! takes the hardware away closes behind them.

use crate::atomic::{AtomicU32, Ordering};

const CLOSED: u32 = 1 << 31;

/// Counts who is inside, and lets nobody in when closed.
pub(crate) struct Gate(AtomicU32);

/// Somebody is inside; leaves when dropped.
pub(crate) struct Inside<'a>(&'a Gate);

impl Gate {
    /// A closed gate with nobody inside.
    pub(crate) fn closed() -> Self {
        Self(AtomicU32::new(CLOSED))
    }

    /// Goes in, if the gate is open. Any IRQL.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        // Ordering: what was done before the gate was opened is seen inside; what was done before a vain entry
        // is seen by the thread that opens the gate afterwards.
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        let inside = Inside(self);
        (before & CLOSED == 0).then_some(inside)
    }

    /// Lets everybody in. What the caller did before is seen by every thread that enters; what a thread
    /// did before it entered in vain is seen by the caller.
    pub(crate) fn open(&self) {
        // Ordering: pairs with the entry, both ways.
        self.0.fetch_and(!CLOSED, Ordering::AcqRel);
    }

    /// Lets nobody in any more. Those inside stay until they leave.
    pub(crate) fn close(&self) {
        // Ordering: nothing is published; `is_empty` waits for those inside.
        self.0.fetch_or(CLOSED, Ordering::Relaxed);
    }

    /// Whether nobody is inside. What they did is seen by the caller then.
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: pairs with the releasing departure.
        self.0.load(Ordering::Acquire) & !CLOSED == 0
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // Ordering: what was done inside is seen by whoever finds the gate empty.
        self.0.0.fetch_sub(1, Ordering::Release);
    }
}
