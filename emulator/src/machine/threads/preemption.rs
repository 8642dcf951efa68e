//! Points at which a thread loses the processor to another.
//!
//! A point is a place at `PASSIVE_LEVEL`, with no spin lock held, where the thread calls the kernel or a
//! register, or where the system calls the driver or the driver returns. An interrupt may come there
//! today, and on Windows so may another thread, on this processor or another.

use std::cell::Cell;
use std::time::Duration;

use super::{Machine, QUANTUM};
use crate::beside::{Hold, Point};
use crate::time::Instant;

/// A thread that is to stay off the processor until another ends goes on after this long all the same:
/// the other may be waiting for it.
const LONGEST_HOLD: Duration = Duration::from_secs(1);

/// At which point a thread loses the processor, and whether it has.
#[derive(Default)]
pub(crate) struct Preemption {
    at: Cell<Option<Point>>,
    passed: Cell<u64>,
    over: Cell<bool>,
    held_off_until: Cell<Option<Instant>>,
}

impl Preemption {
    /// Has the thread lose the processor at a point, counted from now.
    pub(crate) fn set(&self, point: Point) {
        self.at.set(Some(point));
        self.passed.set(0);
        self.over.set(false);
    }

    /// Whether the point was reached.
    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    pub(super) fn is_held_off(&self, now: Instant) -> bool {
        self.held_off_until.get().is_some_and(|until| until > now)
    }

    pub(super) fn held_off_until(&self) -> Option<Instant> {
        self.held_off_until.get()
    }

    pub(super) fn is_pending_off(&self) -> bool {
        self.held_off_until.get().is_some()
    }

    /// Passes a point; returns how the thread is to lose the processor there, if it is.
    fn pass(&self) -> Option<Hold> {
        let number = self.passed.get();
        self.passed.set(number + 1);
        let point = self.at.get().filter(|point| point.number == number)?;
        self.over.set(true);
        Some(point.hold)
    }
}

impl Machine {
    /// A point of the current thread.
    pub(in crate::machine) fn point(&self) {
        if !self.may_switch() {
            return;
        }
        self.stop_if_current_is_stuck();
        let this = self.current_thread();
        match this.preemption.pass() {
            Some(hold) => {
                if hold == Hold::UntilEnd {
                    let until = self.now() + LONGEST_HOLD;
                    this.preemption.held_off_until.set(Some(until));
                }
                self.let_others_run();
            }
            None if self.now() - this.running_since.get() > QUANTUM => {
                this.running_since.set(self.now());
                self.let_others_run();
            }
            None => {}
        }
    }

    fn let_others_run(&self) {
        self.threads.note_change();
        let this = self.threads.current.get();
        let thread = self.threads.get(this);
        let next = if thread.preemption.is_pending_off() {
            self.wait_for_ready()
        } else if let Some(other) = self.choose(Some(this)) {
            other
        } else {
            return;
        };
        self.switch_to(next);
        thread.preemption.held_off_until.set(None);
        thread.running_since.set(self.now());
    }

    /// Lets threads go on that were held off; returns whether there were any.
    pub(super) fn release_preempted(&self) -> bool {
        let all = self.threads.all.borrow();
        let released = all
            .iter()
            .map(|thread| thread.preemption.held_off_until.take());
        released.flatten().count() != 0
    }
}
