//! The machine: one processor, virtual time, interrupts, DPCs, timers, pool and bus.
//!
//! Everything runs on one thread of the host, kernel [`threads`] included. Time passes only where the driver calls the kernel or
//! a register; each such place is one where an interrupt, and below `DISPATCH_LEVEL` a DPC, may
//! run. The machine of a thread is found through [`current`].

pub mod activity;
pub(crate) mod boot;
pub(crate) mod bus;
pub(crate) mod deferred;
pub(crate) mod events;
pub(crate) mod interrupts;
pub mod irql;
mod moments;
pub(crate) mod paging;
pub(crate) mod pool;
pub mod stop;
pub(crate) mod threads;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::Config;
use crate::image::mapping::MappedImage;
use crate::io::system::System;
use crate::portclass::objects::Objects;
use crate::processor::driver_frames;
use crate::time::Instant;
use activity::{Activities, Activity, LongestTimes};
use boot::StopSender;
use bus::Bus;
use deferred::{Deferred, Queued, Work};
use events::{Event, Events};
use interrupts::{Interrupts, Storm};
use irql::{DEVICE_LEVEL, DISPATCH_LEVEL, Irql, PASSIVE_LEVEL};
use moments::Moments;
use paging::Paging;
use pool::{Pool, PoolFault};
use stop::{BugCheck, Stop};
use threads::Threads;

type SystemWork = Rc<dyn Fn()>;

/// The state of an emulated PC.
pub(crate) struct Machine {
    pub(crate) config: Config,
    now: Cell<Instant>,
    irql: Cell<Irql>,
    raised_since: Cell<Instant>,
    driver_depth: Cell<u32>,
    /// Critical regions that the thread is in.
    pub(crate) critical_regions: Cell<u32>,
    /// When the driver was entered that is on the stack.
    in_driver_since: Cell<Instant>,
    pub(crate) threads: Threads,
    random: RefCell<ChaCha8Rng>,
    events: RefCell<Events>,
    activities: RefCell<Activities>,
    pub(crate) interrupts: RefCell<Interrupts>,
    pub(crate) deferred: RefCell<Deferred>,
    system_work: RefCell<BTreeMap<usize, SystemWork>>,
    next_system_work: Cell<usize>,
    pub(crate) pool: RefCell<Pool>,
    pub(crate) paging: Paging,
    images: RefCell<Vec<Rc<MappedImage>>>,
    spin_locks: RefCell<BTreeMap<usize, Irql>>,
    pub(crate) bus: Bus,
    /// Mappings of device registers that were not taken back.
    pub(crate) mappings: Cell<i64>,
    /// The objects that the system has made for drivers.
    pub(crate) objects: RefCell<Objects>,
    /// Devices and drivers.
    pub(crate) system: System,
    /// Counts what lets time pass.
    progress: Cell<u64>,
    moments: Moments,
    stop_sender: StopSender,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
}

/// The machine that this thread is.
///
/// # Panics
/// If this thread is none: a kernel function was called outside of [`crate::boot`].
pub(crate) fn current() -> Rc<Machine> {
    CURRENT.with_borrow(|machine| {
        Rc::clone(
            machine
                .as_ref()
                .expect("kernel functions can only be called inside of an emulated PC"),
        )
    })
}

/// The machine that this thread is, if it is one.
pub(crate) fn current_if_any() -> Option<Rc<Machine>> {
    CURRENT
        .try_with(|machine| {
            machine
                .try_borrow()
                .ok()
                .and_then(|machine| machine.clone())
        })
        .ok()
        .flatten()
}

impl Machine {
    fn new(config: Config, stop_sender: StopSender) -> Self {
        Self {
            now: Cell::new(Instant::POWER_ON),
            irql: Cell::new(PASSIVE_LEVEL),
            raised_since: Cell::new(Instant::POWER_ON),
            driver_depth: Cell::new(0),
            critical_regions: Cell::new(0),
            in_driver_since: Cell::new(Instant::POWER_ON),
            threads: Threads::new(config.seed),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(config.seed)),
            events: RefCell::default(),
            activities: RefCell::default(),
            interrupts: RefCell::default(),
            deferred: RefCell::default(),
            system_work: RefCell::default(),
            next_system_work: Cell::new(0),
            objects: RefCell::default(),
            system: System::default(),
            pool: RefCell::default(),
            paging: Paging::default(),
            images: RefCell::default(),
            progress: Cell::new(0),
            moments: Moments::default(),
            spin_locks: RefCell::default(),
            bus: Bus::default(),
            mappings: Cell::new(0),
            stop_sender,
            config,
        }
    }

    /// Virtual time.
    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    /// The first tick of the clock at or after `at`.
    pub(crate) fn tick_from(&self, at: Instant) -> Instant {
        let tick = u64::try_from(self.config.clock_tick.as_nanos())
            .unwrap_or(u64::MAX)
            .max(1);
        Instant::from_nanos(at.as_nanos().div_ceil(tick).saturating_mul(tick))
    }

    /// A random duration up to `most`.
    pub(crate) fn random_duration(&self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random_below(most.saturating_add(1)))
    }

    /// A random number below `bound`, which is not zero.
    pub(crate) fn random_below(&self, bound: u64) -> u64 {
        self.random.borrow_mut().next_u64() % bound
    }

    // --- stopping -----------------------------------------------------------------------------

    /// Stops the machine for good. Never returns: the thread's stack stays as it is.
    pub(crate) fn bug_check(&self, bug_check: BugCheck, reason: impl Into<String>) -> ! {
        self.stop_sender.stop(Stop {
            bug_check,
            reason: reason.into(),
            at: self.now(),
            irql: self.irql.get(),
            seed: self.config.seed,
            driver_stack: driver_frames(&self.images()),
        })
    }

    /// Stops the machine if the pool was found damaged.
    pub(crate) fn check_pool_fault<T>(&self, outcome: Result<T, PoolFault>) -> T {
        match outcome {
            Ok(value) => value,
            Err((bug_check, reason)) => self.bug_check(bug_check, reason),
        }
    }

    // --- driver images ---------------------------------------------------------------------------

    /// Makes an image known that was mapped.
    pub(crate) fn add_image(&self, image: Rc<MappedImage>) {
        for (pages, protection) in image.pageable() {
            self.paging.add(pages, protection);
        }
        self.images.borrow_mut().push(image);
    }

    /// All images of drivers, also those that were unloaded.
    pub(crate) fn images(&self) -> Vec<Rc<MappedImage>> {
        self.images.borrow().clone()
    }

    /// The image that an address lies in.
    pub(crate) fn image_at(&self, address: usize) -> Option<Rc<MappedImage>> {
        let images = self.images.borrow();
        let found = images
            .iter()
            .find(|image| image.offset_of(address).is_some());
        found.cloned()
    }

    /// Whether an address lies in a driver's image. Can be asked by a handler of a signal.
    pub(crate) fn is_in_image(&self, address: usize) -> bool {
        self.images.try_borrow().is_ok_and(|images| {
            images
                .iter()
                .any(|image| image.offset_of(address).is_some())
        })
    }

    /// Changes whenever time passes.
    pub(crate) fn progress(&self) -> u64 {
        self.progress.get()
    }

    /// Whether the driver's code is on the stack.
    pub(crate) fn in_driver(&self) -> bool {
        self.driver_depth.get() > 0
    }

    // --- IRQL -----------------------------------------------------------------------------------

    /// The processor's interrupt request level.
    pub(crate) fn irql(&self) -> Irql {
        self.irql.get()
    }

    /// Stops the machine unless the IRQL is at most `most`. `rule` names what was broken.
    pub(crate) fn require_irql(&self, most: Irql, function: &str, rule: &str) {
        if self.irql() > most {
            let irql = self.irql();
            self.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("{rule}: {function} was called at IRQL {irql}; the most allowed is {most}"),
            );
        }
    }

    /// Raises the IRQL; returns the old one.
    pub(crate) fn raise_irql(&self, to: Irql) -> Irql {
        let old = self.irql.get();
        if to < old {
            self.bug_check(
                BugCheck::IrqlNotLessOrEqual,
                format!("the IRQL was to be raised from {old} to {to}"),
            );
        }
        if old < DISPATCH_LEVEL && to >= DISPATCH_LEVEL {
            self.raised_since.set(self.now());
            self.paging.take_away();
        }
        self.irql.set(to);
        old
    }

    /// Lowers the IRQL, and runs what was waiting for that.
    pub(crate) fn lower_irql(&self, to: Irql) {
        self.lower_irql_quietly(to);
        self.deliver();
    }

    fn lower_irql_quietly(&self, to: Irql) {
        let old = self.irql.get();
        if to > old {
            self.bug_check(
                BugCheck::IrqlNotLessOrEqual,
                format!("the IRQL was to be lowered from {old} to {to}"),
            );
        }
        if old >= DISPATCH_LEVEL && to < DISPATCH_LEVEL {
            let raised_for = self.now() - self.raised_since.get();
            let mut activities = self.activities.borrow_mut();
            let longest = &mut activities.longest.raised_irql;
            *longest = raised_for.max(*longest);
        }
        self.irql.set(to);
    }

    // --- time -----------------------------------------------------------------------------------

    /// What happens at every kernel call and register access: time passes, and whatever is due
    /// and may interrupt, runs.
    pub(crate) fn pass(&self, cost: Duration) {
        self.progress.set(self.progress.get() + 1);
        self.run_moment();
        self.advance_to(self.now() + cost);
        self.deliver();
        self.check_watchdog();
        self.point();
    }

    /// A kernel call.
    pub(crate) fn kernel_call(&self) {
        self.pass(self.config.kernel_call_cost);
    }

    /// Lets time run until `until`, with the processor idle or at work for other threads.
    pub(crate) fn idle_until(&self, until: Instant) {
        if self.sleep_until(until) {
            return;
        }
        self.deliver();
        while let Some(next) = self.next_event_before(until) {
            self.advance_to(next);
            self.deliver();
        }
        self.advance_to(until.max(self.now()));
        self.deliver();
    }

    /// Lets time run until `condition` holds or `until` is reached; returns whether it holds.
    pub(crate) fn idle_while(&self, until: Instant, mut condition: impl FnMut() -> bool) -> bool {
        if let Some(holds) = self.sleep_while(until, &mut condition) {
            return holds;
        }
        self.deliver();
        while !condition() {
            let Some(next) = self.next_event_before(until) else {
                self.idle_until(until);
                return condition();
            };
            self.advance_to(next);
            self.deliver();
        }
        true
    }

    /// When something next happens by itself.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        self.events.borrow().next_at()
    }

    fn next_event_before(&self, until: Instant) -> Option<Instant> {
        let next = self.events.borrow().next_at()?;
        (next <= until).then(|| next.max(self.now()))
    }

    fn advance_to(&self, to: Instant) {
        loop {
            let Some((at, event)) = self.events.borrow_mut().take_due(to) else {
                break;
            };
            self.now.set(at.max(self.now()));
            self.threads.outside(|| match event {
                Event::Device(device) => self.update_device(device),
                Event::Timer { timer, generation } => self.expire_timer(timer, generation),
                Event::Wake => {}
                Event::Call(call) => call(),
            });
        }
        self.now.set(to.max(self.now()));
    }

    /// Has something happen at `at`, in no processor's context.
    pub(crate) fn schedule(&self, at: Instant, event: Event) {
        self.events.borrow_mut().add(at, event);
    }

    fn check_watchdog(&self) {
        let running = self.activities.borrow().longest_running(self.now());
        if let Some((activity, time)) = running
            && time > self.config.watchdog
        {
            self.bug_check(
                BugCheck::DpcWatchdogViolation,
                format!("{activity:?} has been running for {time:?}"),
            );
        }
    }

    // --- interrupts and DPCs --------------------------------------------------------------------

    /// Sets an interrupt line as a device drives it.
    pub(crate) fn drive_line(&self, line: usize, device: usize, level: bool) {
        let notice_at = self.now() + self.random_duration(self.config.interrupt_latency);
        let mut interrupts = self.interrupts.borrow_mut();
        let rose = interrupts.drive(line, device, level, notice_at);
        drop(interrupts);
        if rose {
            self.schedule(notice_at, Event::Wake);
        }
    }

    /// Runs every interrupt and DPC that may run now.
    pub(crate) fn deliver(&self) {
        let mut storm = Storm::default();
        loop {
            if self.irql() < DEVICE_LEVEL && self.take_interrupt(&mut storm) {
                continue;
            }
            storm = Storm::default();
            if self.irql() < DISPATCH_LEVEL && self.take_dpc() {
                continue;
            }
            break;
        }
    }

    fn take_interrupt(&self, storm: &mut Storm) -> bool {
        let at = self.now();
        let pending = self.interrupts.borrow_mut().take_pending(at);
        let Some(taken) = pending else {
            return false;
        };
        let old = self.raise_irql(DEVICE_LEVEL);
        self.begin(Activity::InterruptRoutine);
        let claimed = self.serve(&taken);
        self.end();
        self.pass_quietly(self.config.kernel_call_cost);
        let now = self.now();
        let served = self.interrupts.borrow_mut().served(&taken, claimed, now);
        if storm.has_begun() {
            self.pass_quietly(interrupts::COST_OF_RETURN);
        }
        self.lower_irql_quietly(old);
        let most = self.config.interrupt_storm;
        if let Some(fault) = storm.add(&served, at, self.now(), most) {
            self.bug_check(BugCheck::DpcWatchdogViolation, fault);
        }
        true
    }

    /// The processor's own time at an interrupt.
    fn pass_quietly(&self, cost: Duration) {
        self.advance_to(self.now() + cost);
    }

    fn take_dpc(&self) -> bool {
        let work = self.deferred.borrow_mut().take_ready(self.now());
        let Some(work) = work else {
            return false;
        };
        let old = self.raise_irql(DISPATCH_LEVEL);
        self.begin(Activity::Dpc);
        self.run_work(&work);
        self.end();
        self.lower_irql_quietly(old);
        true
    }

    fn run_work(&self, work: &Work) {
        match work {
            Work::Dpc { address } => crate::ntddk::dpc::run(self, *address),
            Work::TimerCallback { timer } => crate::ntddk::timer::run_callback(self, *timer),
            Work::System(number) => {
                let work = self.system_work.borrow().get(number).cloned();
                if let Some(work) = work {
                    work();
                }
            }
        }
    }

    /// Queues a DPC.
    pub(crate) fn queue(&self, work: Work) {
        let not_before = self.now() + self.random_duration(self.config.dpc_latency);
        self.deferred
            .borrow_mut()
            .queue
            .push_back(Queued { work, not_before });
        self.schedule(not_before, Event::Wake);
    }

    /// Makes work of the system's own known; returns its number for [`Work::System`].
    pub(crate) fn add_system_work(&self, work: SystemWork) -> usize {
        let number = self.next_system_work.get();
        self.next_system_work.set(number + 1);
        self.system_work.borrow_mut().insert(number, work);
        number
    }

    /// Forgets work of the system's own, queued or not.
    pub(crate) fn remove_system_work(&self, number: usize) {
        self.system_work.borrow_mut().remove(&number);
        self.deferred
            .borrow_mut()
            .queue
            .retain(|queued| !matches!(queued.work, Work::System(other) if other == number));
    }

    /// Runs every DPC that is queued now, whenever it was to run.
    pub(crate) fn flush_dpcs(&self) {
        let last = self
            .deferred
            .borrow()
            .queue
            .back()
            .map(|last| last.not_before);
        if let Some(last) = last {
            self.idle_until(last.max(self.now()));
        }
    }

    fn expire_timer(&self, timer: usize, generation: u64) {
        crate::ntddk::timer::expire(self, timer, generation);
    }

    // --- measuring --------------------------------------------------------------------------------

    /// Begins an activity.
    pub(crate) fn begin(&self, activity: Activity) {
        self.activities.borrow_mut().begin(activity, self.now());
    }

    /// Ends the activity that was begun last.
    pub(crate) fn end(&self) {
        self.check_watchdog();
        self.activities.borrow_mut().end(self.now());
    }

    /// The longest times seen so far.
    pub(crate) fn longest_times(&self) -> LongestTimes {
        self.activities.borrow().longest
    }

    /// Forgets the longest times seen so far.
    pub(crate) fn forget_longest_times(&self) {
        self.activities.borrow_mut().longest = LongestTimes::default();
    }

    /// Calls the driver, and checks that it returns as it was called.
    pub(crate) fn call_driver<R>(&self, function: &str, call: impl FnOnce() -> R) -> R {
        self.point();
        let irql = self.irql();
        let locks = self.spin_locks.borrow().len();
        let regions = self.critical_regions.get();
        if !self.in_driver() {
            self.in_driver_since.set(self.now());
        }
        self.driver_depth.set(self.driver_depth.get() + 1);
        let result = call();
        self.driver_depth.set(self.driver_depth.get() - 1);
        if self.spin_locks.borrow().len() != locks {
            self.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("SpinLock: {function} returned with a spin lock held"),
            );
        }
        if self.critical_regions.get() != regions {
            self.bug_check(
                BugCheck::ApcIndexMismatch,
                format!("{function} did not leave the critical regions that it entered"),
            );
        }
        if self.irql() != irql {
            let now = self.irql();
            self.bug_check(
                BugCheck::IrqlUnexpectedValue,
                format!("{function} was called at IRQL {irql} and returned at {now}"),
            );
        }
        self.point();
        result
    }

    // --- spin locks -------------------------------------------------------------------------------

    /// Takes a spin lock whose IRQL was raised already from `old`.
    pub(crate) fn lock(&self, address: usize, old: Irql) {
        if self.spin_locks.borrow().contains_key(&address) {
            self.bug_check(
                BugCheck::SpinLockAlreadyOwned,
                "a spin lock was acquired that is held already: this processor would hang",
            );
        }
        if self.pool.borrow().is_freed(address) {
            self.bug_check(
                BugCheck::PageFaultInFreedSpecialPool,
                "a spin lock lies in freed memory",
            );
        }
        self.spin_locks.borrow_mut().insert(address, old);
        self.begin(Activity::SpinLock);
    }

    /// Releases a spin lock, without lowering the IRQL.
    pub(crate) fn unlock(&self, address: usize) {
        if self.spin_locks.borrow_mut().remove(&address).is_none() {
            self.bug_check(
                BugCheck::SpinLockNotOwned,
                "a spin lock was released that is not held",
            );
        }
        self.end();
    }
}
