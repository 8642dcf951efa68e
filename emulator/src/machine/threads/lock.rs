//! Locks for threads: who finds one taken gives the processor away.

use std::cell::Cell;
use std::rc::Rc;

use super::{Machine, Wait};

/// Who holds a lock, and what it is called in a verdict.
pub(crate) struct Owner {
    pub(super) name: &'static str,
    thread: Cell<Option<usize>>,
    depth: Cell<u32>,
}

impl Owner {
    /// The number of the thread that holds the lock.
    pub(super) fn get(&self) -> Option<usize> {
        self.thread.get()
    }
}

/// A lock that its owner can take again, as a `KMUTEX`.
pub(crate) struct Lock(Rc<Owner>);

/// Holds a lock until it is dropped.
pub(crate) struct Held {
    owner: Rc<Owner>,
}

impl Lock {
    pub(crate) fn new(name: &'static str) -> Self {
        Self(Rc::new(Owner {
            name,
            thread: Cell::new(None),
            depth: Cell::new(0),
        }))
    }

    /// Takes the lock, as soon as no other thread holds it. `PASSIVE_LEVEL`.
    ///
    /// # Panics
    /// If it is taken and can't be waited for, as while a panic unwinds.
    pub(crate) fn hold(&self, machine: &Machine) -> Held {
        let owner = &self.0;
        while self.is_held_by_another(machine) {
            assert!(
                machine.may_switch(),
                "{} can't be waited for here",
                owner.name
            );
            machine.block(Wait::Lock(Rc::clone(owner)), true);
        }
        owner.thread.set(Some(machine.threads.current.get()));
        owner.depth.set(owner.depth.get() + 1);
        Held {
            owner: Rc::clone(owner),
        }
    }

    /// Whether a thread other than the current one holds the lock.
    fn is_held_by_another(&self, machine: &Machine) -> bool {
        let owner = self.0.get();
        owner.is_some_and(|owner| owner != machine.threads.current.get())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let depth = self.owner.depth.get() - 1;
        self.owner.depth.set(depth);
        if depth == 0 {
            self.owner.thread.set(None);
        }
    }
}
