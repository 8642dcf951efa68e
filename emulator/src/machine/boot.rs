//! Switching an emulated PC on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Once;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::stop::{BugCheck, Stop};
use super::{CURRENT, Machine, current_if_any};
use crate::config::Config;
use crate::image::symbols;
use crate::pc::Pc;
use crate::processor::Guarded;

thread_local! {
    static LAST_SEED: Cell<u64> = const { Cell::new(0) };
}

/// The seed of the machine that this thread has switched on last.
pub(crate) fn last_seed() -> u64 {
    LAST_SEED.get()
}

/// Room for the driver's frames and nested interrupts.
pub(super) const STACK_SIZE: usize = 4 << 20;

/// What a machine ends with before its scenario does.
enum EarlyEnding {
    Stopped(Stop),
    /// A thread other than the scenario's has panicked.
    Panicked(Box<dyn Any + Send>),
}

/// How a machine reports that it has stopped.
pub(crate) struct StopSender(Box<dyn Fn(EarlyEnding)>);

impl StopSender {
    /// Reports a bug check.
    pub(crate) fn stop(&self, stop: Stop) -> ! {
        self.end(EarlyEnding::Stopped(stop))
    }

    /// Reports the panic of a thread other than the scenario's.
    pub(super) fn panicked(&self, payload: Box<dyn Any + Send>) -> ! {
        self.end(EarlyEnding::Panicked(payload))
    }

    /// Reports, and keeps the stacks as they are for good: they may hold frames of the driver, through
    /// which nothing can unwind.
    fn end(&self, ending: EarlyEnding) -> ! {
        (self.0)(ending);
        loop {
            thread::park();
        }
    }
}

enum Ending<R> {
    Finished(R),
    Panicked(Box<dyn Any + Send>),
    Early(EarlyEnding),
}

/// Switches an emulated PC on, runs `scenario` on it and switches it off.
///
/// A machine that stops with a bug check keeps its thread, parked: the driver's frames can't be unwound.
/// If it stopped because a linked-in driver panicked, that thread stays inside the panic hook, and
/// whoever sets another hook waits for ever; a test of such a panic needs a binary without the usual
/// harness.
///
/// # Errors
/// The bug check with which the machine stopped.
///
/// # Panics
/// If the scenario or another thread panics, with its message; or if the scenario ends before its
/// threads do.
pub fn boot<R, S>(config: Config, scenario: S) -> Result<R, Stop>
where
    R: Send,
    S: FnOnce(&Pc) -> R + Send,
{
    report_panics_of_drivers();
    LAST_SEED.set(config.seed);
    let (sender, receiver) = channel::<Ending<R>>();
    let run = move || run(config, scenario, &sender);
    // SAFETY: what `run` borrows outlives this call. The thread sends its ending when it does
    // not use any of it any more: after the scenario is over, or when it parks for good.
    let spawned = unsafe {
        thread::Builder::new()
            .name("emulated PC".to_owned())
            .stack_size(STACK_SIZE)
            .spawn_unchecked(run)
    };
    let thread = match spawned {
        Ok(thread) => thread,
        Err(error) => panic!("no thread for the emulated PC: {error}"),
    };
    let ending = receiver
        .recv()
        .expect("the machine's thread reports an ending");
    match ending {
        Ending::Finished(result) => {
            thread
                .join()
                .expect("the machine's thread has nothing left to do");
            Ok(result)
        }
        Ending::Early(EarlyEnding::Stopped(mut stop)) => {
            symbols::name(&mut stop.driver_stack);
            Err(stop)
        }
        // As after a bug check, the thread stays.
        Ending::Early(EarlyEnding::Panicked(payload)) => panic::resume_unwind(payload),
        Ending::Panicked(payload) => {
            // The panic was caught there, so the thread itself ends in good order.
            thread
                .join()
                .expect("the machine's thread has nothing left to do");
            panic::resume_unwind(payload)
        }
    }
}

fn run<R, S>(config: Config, scenario: S, sender: &Sender<Ending<R>>)
where
    S: FnOnce(&Pc) -> R,
{
    let for_stop = sender.clone();
    let report: Box<dyn Fn(EarlyEnding)> = Box::new(move |ending| {
        // The receiver waits for exactly this.
        for_stop.send(Ending::Early(ending)).ok();
    });
    // SAFETY: only the lifetime is lengthened; the machine ends before this function does.
    let report: Box<dyn Fn(EarlyEnding)> = unsafe { std::mem::transmute(report) };
    let machine = Rc::new(Machine::new(config, StopSender(report)));
    CURRENT.set(Some(Rc::clone(&machine)));
    let guarded = Guarded::new(&raw const *machine);
    let pc = Pc::new(Rc::clone(&machine));
    let ending = panic::catch_unwind(AssertUnwindSafe(|| {
        let result = scenario(&pc);
        let unfinished = machine.threads.unfinished();
        assert!(
            unfinished.is_empty(),
            "the scenario has ended before these threads have: {unfinished:?}"
        );
        machine.check_pool_fault(machine.pool.borrow().check());
        result
    }));
    drop(pc);
    drop(guarded);
    CURRENT.set(None);
    if machine.system.anything_loaded() {
        // Objects of the driver can't be released any more: there is no machine to do it on.
        std::mem::forget(machine);
    }
    sender
        .send(match ending {
            Ok(result) => Ending::Finished(result),
            Err(payload) => Ending::Panicked(payload),
        })
        .ok();
}

/// Has a panic below a driver's function stop the machine as an exception stops Windows, since it
/// can't unwind through the driver's frames.
fn report_panics_of_drivers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let otherwise = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if let Some(machine) = current_if_any()
                && machine.in_driver()
            {
                machine.bug_check(BugCheck::KmodeExceptionNotHandled, panic.to_string());
            }
            otherwise(panic);
        }));
    });
}
