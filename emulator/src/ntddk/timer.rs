//! Timers: those of old, which queue a DPC, and those of `ExAllocateTimer`.

use super::{BOOLEAN, EX_TIMER, KDPC, KTIMER, LARGE_INTEGER, PVOID, ULONG};
use crate::machine::deferred::{Expiry, Timer, Work};
use crate::machine::events::Event;
use crate::machine::irql::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current};
use crate::time::Instant;

/// `EX_TIMER_HIGH_RESOLUTION`: the timer does not wait for the clock's tick.
pub const EX_TIMER_HIGH_RESOLUTION: ULONG = 4;
/// Nanoseconds of the unit in which due times are given.
const UNIT: u64 = 100;

portcls::system_abi! {
    /// What a timer of `ExAllocateTimer` calls, at `DISPATCH_LEVEL`.
    pub type TimerFunction = unsafe fn(timer: *mut EX_TIMER, context: PVOID);
}

/// What a timer calls, or nothing.
pub type PEXT_CALLBACK = Option<TimerFunction>;

/// A timer's time has come.
pub(crate) fn expire(machine: &Machine, address: usize, generation: u64) {
    let mut deferred = machine.deferred.borrow_mut();
    let Some(timer) = deferred.timers.get_mut(&address) else {
        return;
    };
    if !timer.set || timer.generation != generation {
        return;
    }
    let expiry = timer.expiry;
    if timer.period == 0 {
        timer.set = false;
    } else {
        // Times that have passed meanwhile, as with a period shorter than the tick, are skipped.
        let missed = machine.now().since(timer.due).as_nanos() / u128::from(timer.period);
        let periods = u64::try_from(missed).unwrap_or(u64::MAX).saturating_add(1);
        let step = timer.period.saturating_mul(periods);
        timer.due += std::time::Duration::from_nanos(step);
    }
    let again = (timer.period != 0).then_some(timer.due);
    deferred.expiries.count(expiry);
    let work = match expiry {
        Expiry::Dpc(None) => None,
        Expiry::Dpc(Some(dpc)) => (!deferred.is_queued(dpc)).then_some(Work::Dpc { address: dpc }),
        Expiry::Callback { .. } => {
            (!deferred.callback_queued(address)).then_some(Work::TimerCallback { timer: address })
        }
    };
    drop(deferred);
    if machine.pool.borrow().is_freed(address) {
        machine.bug_check(
            BugCheck::TimerOrDpcInvalid,
            "a timer lies in memory that was freed",
        );
    }
    if let Some(due) = again {
        start(machine, address, due, expiry, generation);
    }
    if let Some(work) = work {
        machine.queue(work);
    }
}

/// Runs the callback of a timer of `ExAllocateTimer`.
pub(crate) fn run_callback(machine: &Machine, address: usize) {
    let expiry = machine
        .deferred
        .borrow()
        .timers
        .get(&address)
        .map(|timer| timer.expiry);
    let Some(Expiry::Callback {
        function, context, ..
    }) = expiry
    else {
        return;
    };
    // SAFETY: `ExAllocateTimer` was given a function of this type.
    let function: PEXT_CALLBACK = unsafe { std::mem::transmute(function) };
    let Some(function) = function else {
        return;
    };
    machine.call_driver("a timer callback", || {
        // SAFETY: the driver gave this context for this callback.
        unsafe {
            function(
                std::ptr::with_exposed_provenance_mut(address),
                std::ptr::with_exposed_provenance_mut(context),
            );
        }
    });
}

/// Has a timer run off at `due`, or a little later, as its kind goes.
fn start(machine: &Machine, address: usize, due: Instant, expiry: Expiry, generation: u64) {
    let high_resolution = matches!(
        expiry,
        Expiry::Callback {
            high_resolution: true,
            ..
        }
    );
    let at = if high_resolution {
        due + machine.random_duration(machine.config.timer_lateness)
    } else {
        machine.tick_from(due)
    };
    let event = Event::Timer {
        timer: address,
        generation,
    };
    machine.schedule(at, event);
}

/// Sets a timer; returns whether it was set already. `due` is in 100 ns, negative from now.
fn set(machine: &Machine, address: usize, due: i64, period: u64, expiry: Option<Expiry>) -> bool {
    let relative = std::time::Duration::from_nanos(due.unsigned_abs().saturating_mul(UNIT));
    let due = if due < 0 {
        machine.now() + relative
    } else {
        Instant::POWER_ON + relative
    };
    let mut deferred = machine.deferred.borrow_mut();
    let Some(timer) = deferred.timers.get_mut(&address) else {
        drop(deferred);
        machine.bug_check(
            BugCheck::TimerOrDpcInvalid,
            "a timer was set that was never initialised, or was deleted",
        );
    };
    let was_set = timer.set;
    timer.set = true;
    timer.generation += 1;
    timer.period = period;
    timer.due = due;
    timer.expiry = expiry.unwrap_or(timer.expiry);
    let (expiry, generation) = (timer.expiry, timer.generation);
    drop(deferred);
    start(machine, address, due, expiry, generation);
    was_set
}

/// Cancels a timer; returns whether it was set.
fn cancel(machine: &Machine, address: usize) -> bool {
    let mut deferred = machine.deferred.borrow_mut();
    deferred
        .timers
        .get_mut(&address)
        .is_some_and(|timer| std::mem::replace(&mut timer.set, false))
}

fn add(machine: &Machine, address: usize, expiry: Expiry) {
    let timer = Timer {
        expiry,
        set: false,
        generation: 0,
        period: 0,
        due: machine.now(),
    };
    machine.deferred.borrow_mut().timers.insert(address, timer);
}

portcls::system_abi! {
    /// Makes a timer that calls `callback`. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `callback` can be called with `context` until the timer is deleted.
    pub unsafe fn ExAllocateTimer(
        callback: PEXT_CALLBACK,
        context: PVOID,
        attributes: ULONG
    ) -> *mut EX_TIMER {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "ExAllocateTimer", "IrqlExAllocateTimer");
        let failing = machine.config.failing_allocation;
        let memory = machine.pool.borrow_mut().allocate(64, TIMER_TAG, failing);
        if memory.is_null() {
            return std::ptr::null_mut();
        }
        let expiry = Expiry::Callback {
            function: callback.map_or(0, |callback| (callback as *const ()).expose_provenance()),
            context: context.expose_provenance(),
            high_resolution: attributes & EX_TIMER_HIGH_RESOLUTION != 0,
        };
        add(&machine, memory.expose_provenance(), expiry);
        memory.cast()
    }

    /// Sets a timer; returns whether it was set already. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `timer` came from `ExAllocateTimer` and was not deleted.
    pub unsafe fn ExSetTimer(
        timer: *mut EX_TIMER,
        due: i64,
        period: i64,
        _parameters: PVOID
    ) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "ExSetTimer", "IrqlExSetTimer");
        let period = period.unsigned_abs().saturating_mul(UNIT);
        BOOLEAN::from(set(&machine, timer.addr(), due, period, None))
    }

    /// Cancels a timer; returns whether it was set. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `timer` came from `ExAllocateTimer` and was not deleted.
    pub unsafe fn ExCancelTimer(timer: *mut EX_TIMER, _parameters: PVOID) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "ExCancelTimer", "IrqlExCancelTimer");
        BOOLEAN::from(cancel(&machine, timer.addr()))
    }

    /// Deletes a timer: cancels it, and waits until its callback has run, if asked to. Returns
    /// whether it was set. At or below `DISPATCH_LEVEL`; to wait, at `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `timer` came from `ExAllocateTimer` and is not used any more.
    pub unsafe fn ExDeleteTimer(
        timer: *mut EX_TIMER,
        cancels: BOOLEAN,
        waits: BOOLEAN,
        _parameters: PVOID
    ) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        let most = if waits == 0 { DISPATCH_LEVEL } else { PASSIVE_LEVEL };
        machine.require_irql(most, "ExDeleteTimer", "IrqlExDeleteTimer");
        let address = timer.addr();
        if !machine.deferred.borrow().timers.contains_key(&address) {
            machine.bug_check(
                BugCheck::TimerOrDpcInvalid,
                "a timer was deleted that there isn't",
            );
        }
        if cancels == 0 && waits != 0 {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "ExDeleteTimer was to wait without cancelling",
            );
        }
        let was_set = cancel(&machine, address);
        if waits != 0 && machine.deferred.borrow().callback_queued(address) {
            machine.flush_dpcs();
        }
        let mut deferred = machine.deferred.borrow_mut();
        deferred.forget_callbacks(address);
        deferred.timers.remove(&address);
        drop(deferred);
        let freed = machine.pool.borrow_mut().free(timer.addr(), TIMER_TAG);
        machine.check_pool_fault(freed);
        BOOLEAN::from(was_set)
    }

    /// Initialises a timer. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `timer` is memory for one.
    pub unsafe fn KeInitializeTimerEx(timer: *mut KTIMER, _kind: i32) {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "KeInitializeTimerEx", "IrqlKeSetTimer");
        add(&machine, timer.expose_provenance(), Expiry::Dpc(None));
    }

    /// Sets a timer, with a period in milliseconds or 0; returns whether it was set already. At or
    /// below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `timer` was initialised, and `dpc` is null or was initialised.
    pub unsafe fn KeSetTimerEx(
        timer: *mut KTIMER,
        due: LARGE_INTEGER,
        period: i32,
        dpc: *mut KDPC
    ) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "KeSetTimerEx", "IrqlKeSetTimer");
        let expiry = Expiry::Dpc((!dpc.is_null()).then(|| dpc.expose_provenance()));
        // SAFETY: any bits are a number.
        let due = unsafe { due.QuadPart };
        let period = u64::from(period.unsigned_abs()) * 1_000_000;
        BOOLEAN::from(set(&machine, timer.addr(), due, period, Some(expiry)))
    }

    /// Cancels a timer; returns whether it was set. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `timer` was initialised.
    pub unsafe fn KeCancelTimer(timer: *mut KTIMER) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "KeCancelTimer", "IrqlKeSetTimer");
        BOOLEAN::from(cancel(&machine, timer.addr()))
    }
}

/// Under this tag the memory of timers counts as the driver's, so that a leak is noticed.
const TIMER_TAG: ULONG = ULONG::from_le_bytes(*b"Time");
