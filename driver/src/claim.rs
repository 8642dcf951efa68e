//! Claims: one thread at a time does something, without a lock that raises the IRQL.

use crate::atomic::{AtomicBool, Ordering};

/// What one thread at a time may have.
#[derive(Debug)]
pub(crate) struct Claim(AtomicBool);

/// The claim is held; released when dropped.
#[derive(Debug)]
pub(crate) struct Claimed<'a>(&'a Claim);

impl Claim {
    /// A claim that no thread holds.
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Takes the claim, unless another thread holds it. Any IRQL.
    pub(crate) fn try_take(&self) -> Option<Claimed<'_>> {
        // A `Claimed` that was made in vain would release the other's claim when dropped, so none is made.
        self.try_hold().then(|| Claimed(self))
    }

    /// Takes the claim, and calls `pause` as long as another thread holds it. At the IRQL of `pause`.
    pub(crate) fn take(&self, mut pause: impl FnMut()) -> Claimed<'_> {
        loop {
            if let Some(claimed) = self.try_take() {
                return claimed;
            }
            pause();
        }
    }

    /// Takes the claim until [`Claim::release`], unless it is held; returns whether it did. Any IRQL.
    pub(crate) fn try_hold(&self) -> bool {
        // Ordering: what the holder before did is seen; in vain, nothing is.
        self.0
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Releases the claim; for its holder. Any IRQL.
    pub(crate) fn release(&self) {
        // Ordering: what was done is seen by the next holder.
        self.0.store(false, Ordering::Release);
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
