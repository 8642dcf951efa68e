//! Kernel threads: which there are, which one runs, and what the others wait for.
//!
//! All of them are stacks on the one thread of the host, so exactly one runs, and the machine's state
//! needs no lock. A thread gives the processor away where it waits, and at a point of
//! [`preemption`]; both only at `PASSIVE_LEVEL`. Which of several threads goes on is
//! random, from the seed.

pub(crate) mod lock;
pub(crate) mod preemption;
#[cfg(not(all(windows, target_arch = "aarch64")))]
mod stack;
#[cfg(all(windows, target_arch = "aarch64"))]
#[path = "stack/elsewhere.rs"]
mod stack;
mod verdict;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Machine;
use super::irql::PASSIVE_LEVEL;
use crate::processor;
use crate::time::Instant;
use lock::Owner;
use preemption::Preemption;
use stack::Stack;

/// The scenario, which is the first thread.
const SCENARIO: usize = 0;
/// Sets the choice of threads apart from the machine's other random numbers, so that a machine with
/// threads sees the same latencies as one without.
const SEED_OF_CHOICES: u64 = 0x7468_7265_6164_7321;
/// After this long a thread that is ready to go on gets the processor from one that does not wait: the
/// two ticks of the clock that Windows' clients give a thread.
const QUANTUM: Duration = Duration::from_micros(31_250);

/// What a thread waits for.
#[derive(Clone)]
pub(crate) enum Wait {
    /// Nothing: it runs or could run.
    Ready,
    /// A moment.
    Until(Instant),
    /// Anything that happens, but not beyond a moment.
    Change {
        /// That moment.
        until: Instant,
        /// Something has happened.
        changed: bool,
    },
    /// A lock that another thread holds.
    Lock(Rc<Owner>),
    /// The end of a thread.
    End(Rc<KernelThread>),
    /// A thread's preemption, or its end.
    Preemption(Rc<KernelThread>),
    /// Nothing any more: it has ended.
    Ended,
    /// Nothing any more: what it borrowed is gone, so it can't go on.
    Abandoned,
}

/// What belongs to a thread and not to the machine, while it does not run.
#[derive(Clone, Copy)]
struct Saved {
    driver_depth: u32,
    critical_regions: u32,
    in_driver_since: Instant,
    processor: processor::Context,
}

/// A kernel thread.
pub(crate) struct KernelThread {
    pub(crate) name: String,
    wait: RefCell<Wait>,
    /// Its stack; the scenario has the host's.
    stack: Option<Stack>,
    saved: Cell<Saved>,
    running_since: Cell<Instant>,
    pub(crate) preemption: Preemption,
}

impl KernelThread {
    pub(crate) fn is_finished(&self) -> bool {
        matches!(*self.wait.borrow(), Wait::Ended)
    }

    /// Has it never run again, since what it borrowed goes.
    pub(crate) fn abandon(&self) {
        if !self.is_finished() {
            self.wait.replace(Wait::Abandoned);
        }
    }

    /// Whether it can go on at `now`.
    fn is_ready(&self, now: Instant) -> bool {
        if self.preemption.is_held_off(now) {
            return false;
        }
        match &*self.wait.borrow() {
            Wait::Ready => true,
            Wait::Until(until) => *until <= now,
            Wait::Change { until, changed } => *changed || *until <= now,
            Wait::Lock(owner) => owner.get().is_none(),
            Wait::End(other) => other.is_finished(),
            Wait::Preemption(other) => other.preemption.is_over() || other.is_finished(),
            Wait::Ended | Wait::Abandoned => false,
        }
    }

    /// When it goes on by itself, if it does.
    fn goes_on_at(&self) -> Option<Instant> {
        match *self.wait.borrow() {
            Wait::Until(until) | Wait::Change { until, .. } => Some(until),
            _ => None,
        }
    }
}

/// All threads of a machine, the scenario first.
pub(crate) struct Threads {
    all: RefCell<Vec<Rc<KernelThread>>>,
    current: Cell<usize>,
    /// The thread that the dispatcher runs next.
    next: Cell<usize>,
    random: RefCell<ChaCha8Rng>,
    /// How many events are happening now, in no thread's context.
    events: Cell<u32>,
    /// When a thread last ended.
    last_end: Cell<Instant>,
}

impl Threads {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            all: RefCell::default(),
            current: Cell::new(SCENARIO),
            next: Cell::new(SCENARIO),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(seed ^ SEED_OF_CHOICES)),
            events: Cell::new(0),
            last_end: Cell::new(Instant::POWER_ON),
        }
    }

    /// Whether there is no thread but the scenario's.
    fn is_alone(&self) -> bool {
        self.all.borrow().len() <= 1
    }

    fn get(&self, number: usize) -> Rc<KernelThread> {
        Rc::clone(&self.all.borrow()[number])
    }

    /// Lets something happen in no thread's context.
    pub(super) fn outside<R>(&self, work: impl FnOnce() -> R) -> R {
        self.events.set(self.events.get() + 1);
        let result = work();
        self.events.set(self.events.get() - 1);
        result
    }

    /// The names of the threads that have not ended.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let all = self.all.borrow();
        let others = all.iter().skip(1).filter(|thread| !thread.is_finished());
        others.map(|thread| thread.name.clone()).collect()
    }

    /// Something has happened that threads may be waiting for.
    fn note_change(&self) {
        for thread in self.all.borrow().iter() {
            if let Wait::Change { changed, .. } = &mut *thread.wait.borrow_mut() {
                *changed = true;
            }
        }
    }
}

impl Machine {
    // --- threads ----------------------------------------------------------------------------------

    /// Starts a thread that runs `body` at `PASSIVE_LEVEL` once the others give the processor away.
    /// If `starts_with` is given, it waits for that thread's preemption first.
    pub(crate) fn spawn(
        self: &Rc<Self>,
        name: &str,
        starts_with: Option<&Rc<KernelThread>>,
        body: Box<dyn FnOnce()>,
    ) -> Rc<KernelThread> {
        self.know_scenario();
        let number = self.threads.all.borrow().len();
        let machine = Rc::clone(self);
        let stack = Stack::new(Box::new(move || machine.run_thread(number, body)));
        let wait = starts_with.map_or(Wait::Ready, |other| Wait::Preemption(Rc::clone(other)));
        let thread = self.new_thread(name, wait, Some(stack));
        self.threads.all.borrow_mut().push(Rc::clone(&thread));
        thread
    }

    fn know_scenario(&self) {
        if self.threads.all.borrow().is_empty() {
            let scenario = self.new_thread("the scenario", Wait::Ready, None);
            self.threads.all.borrow_mut().push(scenario);
        }
    }

    fn new_thread(&self, name: &str, wait: Wait, stack: Option<Stack>) -> Rc<KernelThread> {
        let addresses = stack.as_ref().map(Stack::addresses);
        Rc::new(KernelThread {
            name: name.to_owned(),
            wait: RefCell::new(wait),
            stack,
            saved: Cell::new(Saved {
                driver_depth: 0,
                critical_regions: 0,
                in_driver_since: self.now(),
                processor: processor::Context::new(addresses),
            }),
            running_since: Cell::new(self.now()),
            preemption: Preemption::default(),
        })
    }

    /// What a thread does from its first moment to its last, on its own stack.
    fn run_thread(&self, number: usize, body: Box<dyn FnOnce()>) {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        if let Err(payload) = ended {
            self.stop_sender.panicked(payload);
        }
        let thread = self.threads.get(number);
        thread.wait.replace(Wait::Ended);
        self.threads.last_end.set(self.now());
        self.threads.note_change();
        self.release_preempted();
        let next = self.wait_for_ready();
        self.threads.next.set(next);
    }

    /// The thread that runs now. The scenario's, if there are no others.
    pub(crate) fn current_thread(&self) -> Rc<KernelThread> {
        self.know_scenario();
        self.threads.get(self.threads.current.get())
    }

    /// Whether another thread may run now in place of this one.
    fn may_switch(&self) -> bool {
        !self.threads.is_alone()
            && self.irql() == PASSIVE_LEVEL
            && self.spin_locks.borrow().is_empty()
            && self.activities.borrow().is_empty()
            && self.threads.events.get() == 0
            && !std::thread::panicking()
    }

    /// Gives the processor away until `wait` is over. Others that wait for a change look again first
    /// if `is_change`.
    fn block(&self, wait: Wait, is_change: bool) {
        if is_change {
            self.threads.note_change();
        }
        let this = self.current_thread();
        this.wait.replace(wait);
        let next = self.wait_for_ready();
        self.switch_to(next);
        this.wait.replace(Wait::Ready);
        this.running_since.set(self.now());
    }

    /// Lets time pass until a thread is ready; returns which.
    fn wait_for_ready(&self) -> usize {
        loop {
            if let Some(next) = self.choose(None) {
                return next;
            }
            self.let_time_pass();
        }
    }

    /// A thread that is ready, other than `except`.
    fn choose(&self, except: Option<usize>) -> Option<usize> {
        let now = self.now();
        let all = self.threads.all.borrow();
        let ready = all.iter().enumerate();
        let ready =
            ready.filter(|(number, thread)| Some(*number) != except && thread.is_ready(now));
        let ready: Vec<usize> = ready.map(|(number, _)| number).collect();
        let random = match ready.len() {
            0 | 1 => 0,
            several => self.threads.random.borrow_mut().next_u64() % several as u64,
        };
        ready.get(usize::try_from(random).unwrap_or(0)).copied()
    }

    /// No thread is ready: time goes on to what happens next.
    fn let_time_pass(&self) {
        let all = self.threads.all.borrow().clone();
        let wakes = all.iter().filter_map(|thread| thread.goes_on_at()).min();
        let Some(wakes) = wakes else {
            if !self.release_preempted() {
                self.stop_for_deadlock();
            }
            return;
        };
        let limits = all
            .iter()
            .filter_map(|thread| thread.preemption.held_off_until());
        let next = limits.chain(self.next_event()).fold(wakes, Instant::min);
        self.advance_to(next.max(self.now()));
        self.deliver();
        self.threads.note_change();
        self.stop_if_stuck();
    }

    /// Has another thread run, which gives the processor away again when it likes.
    fn switch_to(&self, next: usize) {
        let threads = &self.threads;
        let this = threads.current.get();
        if next == this {
            return;
        }
        self.save(this);
        threads.next.set(next);
        if let Some(stack) = &threads.get(this).stack {
            stack.suspend();
        } else {
            self.dispatch();
        }
        self.restore(this);
    }

    /// Runs threads in turn, on the scenario's stack, until it is the scenario's turn.
    fn dispatch(&self) {
        loop {
            let next = self.threads.next.get();
            if next == SCENARIO {
                return;
            }
            let thread = self.threads.get(next);
            if let Some(stack) = &thread.stack {
                self.restore(next);
                stack.resume();
            }
        }
    }

    fn save(&self, number: usize) {
        self.threads.get(number).saved.set(Saved {
            driver_depth: self.driver_depth.get(),
            critical_regions: self.critical_regions.get(),
            in_driver_since: self.in_driver_since.get(),
            processor: processor::Context::current(),
        });
    }

    fn restore(&self, number: usize) {
        let thread = self.threads.get(number);
        let saved = thread.saved.get();
        self.threads.current.set(number);
        self.driver_depth.set(saved.driver_depth);
        self.critical_regions.set(saved.critical_regions);
        self.in_driver_since.set(saved.in_driver_since);
        saved.processor.enter();
    }

    // --- waiting ----------------------------------------------------------------------------------

    /// Waits until a moment; returns false if the processor can't be given away.
    pub(super) fn sleep_until(&self, until: Instant) -> bool {
        if !self.may_switch() {
            return false;
        }
        self.deliver();
        self.block(Wait::Until(until), true);
        self.deliver();
        true
    }

    /// Waits until `condition` holds or `until` is reached; returns whether it holds, or `None` if
    /// the processor can't be given away.
    pub(super) fn sleep_while(
        &self,
        until: Instant,
        condition: &mut dyn FnMut() -> bool,
    ) -> Option<bool> {
        let mut is_change = true;
        while self.may_switch() {
            self.deliver();
            if condition() {
                return Some(true);
            }
            if self.now() >= until {
                return Some(false);
            }
            let changed = false;
            self.block(Wait::Change { until, changed }, is_change);
            // That it has looked is no news for others.
            is_change = false;
        }
        None
    }

    /// Waits for the end of a thread.
    pub(crate) fn join(&self, thread: &Rc<KernelThread>) {
        if !thread.is_finished() && self.may_switch() {
            self.block(Wait::End(Rc::clone(thread)), true);
        }
        assert!(
            thread.is_finished(),
            "the end of thread {:?} can't be waited for here",
            thread.name
        );
    }
}
