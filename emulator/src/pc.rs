//! The emulated PC as a scenario sees it.

use std::rc::Rc;
use std::time::Duration;

use portcls::types::NTSTATUS;

use crate::device::{Device, Hardware};
use crate::io::driver::{Driver, DriverSource};
use crate::machine::Machine;
use crate::machine::activity::LongestTimes;
use crate::machine::deferred::TimerExpiries;
use crate::machine::irql::DISPATCH_LEVEL;
use crate::ntddk::DriverEntryFunction;
use crate::time::Instant;

/// An emulated PC that is switched on. Clones are the same PC. Its scenario runs at `PASSIVE_LEVEL`, and virtual time stands
/// still unless the scenario, or the driver it calls, lets it pass.
#[derive(Clone)]
pub struct Pc {
    pub(crate) machine: Rc<Machine>,
}

impl Pc {
    pub(crate) fn new(machine: Rc<Machine>) -> Self {
        Self { machine }
    }

    /// Plugs a device in.
    ///
    /// # Panics
    /// If it is to share the line of a device that has none.
    #[must_use]
    pub fn plug(&self, hardware: Hardware) -> Device {
        Device {
            number: self.machine.system.plug(&self.machine, hardware),
            machine: Rc::clone(&self.machine),
        }
    }

    /// Loads a driver that is linked into this program, by its entry point.
    ///
    /// # Errors
    /// The status of its `DriverEntry`.
    pub fn load(&self, entry: DriverEntryFunction) -> Result<Driver, NTSTATUS> {
        self.load_from(&DriverSource::LinkedIn(entry))
    }

    /// Loads a driver.
    ///
    /// # Errors
    /// The status of its `DriverEntry`.
    pub fn load_from(&self, source: &DriverSource) -> Result<Driver, NTSTATUS> {
        Driver::load(&self.machine, source)
    }

    /// Does `work` at `DISPATCH_LEVEL`, as the port driver calls streams.
    pub fn at_dispatch<R>(&self, work: impl FnOnce() -> R) -> R {
        let old = self.machine.raise_irql(DISPATCH_LEVEL);
        let result = self.machine.call_driver("the scenario", work);
        self.machine.lower_irql(old);
        result
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

    /// When something next happens by itself, if it will.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.machine.next_event()
    }

    /// Lets time pass until `condition` holds, at most for `limit`; returns whether it holds.
    pub fn run_while_not(&self, limit: Duration, condition: impl FnMut() -> bool) -> bool {
        self.machine.idle_while(self.now() + limit, condition)
    }

    /// Has `work` done at the `n`-th kernel call or register access from now, counted from 1: in no
    /// processor's context, before that call's time passes and before the interrupts and DPCs that may run at
    /// it. Together with [`Self::calls`] a test can try every moment of what a driver does:
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// use emulated_pc::ntddk::KeStallExecutionProcessor;
    /// use emulated_pc::{Config, boot};
    ///
    /// boot(Config::default(), |pc| {
    ///     let reached = Rc::new(Cell::new(false));
    ///     let flag = Rc::clone(&reached);
    ///     pc.at_call(2, move || flag.set(true));
    ///     for call in 1..=3 {
    ///         // SAFETY: this is the thread of an emulated PC.
    ///         unsafe { KeStallExecutionProcessor(1) };
    ///         assert_eq!(reached.get(), call >= 2);
    ///     }
    /// })
    /// .unwrap();
    /// ```
    pub fn at_call(&self, n: u64, work: impl FnOnce() + 'static) {
        self.machine.at_moment(n, Box::new(work));
    }

    /// How many kernel calls and register accesses there have been since power-on.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.machine.progress()
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

    /// How often drivers' timers have run off since power-on. What an idle device costs is the difference over some
    /// seconds.
    #[must_use]
    pub fn timer_expiries(&self) -> TimerExpiries {
        self.machine.deferred.borrow().expiries
    }

    /// How many blocks of pool are in use, and how many bytes they hold.
    #[must_use]
    pub fn pool_in_use(&self) -> (usize, usize) {
        self.machine.pool.borrow().in_use()
    }

    /// How many mappings of device registers there are.
    #[must_use]
    pub fn mapped_registers(&self) -> i64 {
        self.machine.mappings.get()
    }

    /// How many pool allocations have been asked for.
    #[must_use]
    pub fn pool_allocations(&self) -> u64 {
        self.machine.pool.borrow().allocations()
    }
}
