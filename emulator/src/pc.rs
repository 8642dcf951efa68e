//! The emulated PC as a scenario sees it.

use std::rc::Rc;
use std::time::Duration;

use crate::machine::Machine;
use crate::machine::activity::LongestTimes;
use crate::time::Instant;

/// An emulated PC that is switched on. Its scenario runs at `PASSIVE_LEVEL`, and virtual time stands
/// still unless the scenario, or the driver it calls, lets it pass.
pub struct Pc {
    pub(crate) machine: Rc<Machine>,
}

impl Pc {
    pub(crate) fn new(machine: Rc<Machine>) -> Self {
        Self { machine }
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.machine.now()
    }

    /// Lets time pass.
    pub fn run_for(&self, duration: Duration) {
        self.machine.idle_until(self.now() + duration);
    }

    /// Lets time pass until a moment.
    pub fn run_until(&self, until: Instant) {
        self.machine.idle_until(until);
    }

    /// Lets time pass until `condition` holds, at most for `limit`; returns whether it holds.
    pub fn run_while_not(&self, limit: Duration, condition: impl FnMut() -> bool) -> bool {
        self.machine.idle_while(self.now() + limit, condition)
    }

    /// The longest times at raised IRQL seen so far.
    #[must_use]
    pub fn longest_times(&self) -> LongestTimes {
        self.machine.longest_times()
    }

    /// Forgets the longest times seen so far.
    pub fn forget_longest_times(&self) {
        self.machine.forget_longest_times();
    }

    /// How many blocks of pool are in use, and how many bytes they hold.
    #[must_use]
    pub fn pool_in_use(&self) -> (usize, usize) {
        self.machine.pool.borrow().in_use()
    }

    /// How many pool allocations have been asked for.
    #[must_use]
    pub fn pool_allocations(&self) -> u64 {
        self.machine.pool.borrow().allocations()
    }
}
