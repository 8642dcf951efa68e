//! What a scenario has happen at the n-th kernel call or register access from now.

use std::cell::RefCell;

use super::Machine;

/// Something to be done in no processor's context.
type Work = Box<dyn FnOnce()>;

/// What waits for a moment, by the count of progress at which it comes.
#[derive(Default)]
pub(crate) struct Moments(RefCell<Vec<(u64, Work)>>);

impl Moments {
    /// Takes out what is due, oldest first.
    fn take_due(&self, progress: u64) -> Vec<Work> {
        let mut waiting = self.0.borrow_mut();
        let due = waiting.extract_if(.., |(at, _)| *at <= progress);
        due.map(|(_, work)| work).collect()
    }
}

impl Machine {
    /// Has `work` done at the `calls`-th point from now at which the driver lets time pass.
    pub(crate) fn at_moment(&self, calls: u64, work: Work) {
        let at = self.progress().saturating_add(calls);
        self.moments.0.borrow_mut().push((at, work));
    }

    /// Does what is due at this point.
    pub(crate) fn run_moment(&self) {
        for work in self.moments.take_due(self.progress()) {
            work();
        }
    }
}
