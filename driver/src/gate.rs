//! A gate through which routines at `DISPATCH_LEVEL` go to the hardware, and which the thread that
//! takes the hardware away closes behind them.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(loom))]
use core::sync::atomic::{AtomicU32, Ordering};

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
        // Ordering: what was done before the gate was opened is seen inside.
        let before = self.0.fetch_add(1, Ordering::Acquire);
        let inside = Inside(self);
        (before & CLOSED == 0).then_some(inside)
    }

    /// Lets everybody in. What the caller did before is seen by whoever enters.
    pub(crate) fn open(&self) {
        // Ordering: pairs with the acquiring entry.
        self.0.fetch_and(!CLOSED, Ordering::Release);
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_closed_gate_lets_nobody_in() {
        let gate = Gate::closed();
        assert!(gate.enter().is_none());
        assert!(gate.is_empty());
        gate.open();
        let inside = gate.enter().expect("the gate is open");
        gate.close();
        assert!(gate.enter().is_none());
        assert!(!gate.is_empty());
        drop(inside);
        assert!(gate.is_empty());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    extern crate std;

    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn whoever_finds_a_closed_gate_empty_is_alone() {
        loom::model(|| {
            let gate = Arc::new(Gate::closed());
            let hardware = Arc::new(UnsafeCell::new(0_u32));
            gate.open();
            let user = {
                let (gate, hardware) = (Arc::clone(&gate), Arc::clone(&hardware));
                thread::spawn(move || {
                    if let Some(_inside) = gate.enter() {
                        // SAFETY: this is what the model checks.
                        hardware.with_mut(|value| unsafe { *value += 1 });
                    }
                })
            };
            gate.close();
            if gate.is_empty() {
                // SAFETY: this is what the model checks.
                hardware.with_mut(|value| unsafe { *value += 1 });
            }
            user.join().expect("the user ends");
        });
    }
}
