//! Deferred procedure calls and timers.

use std::collections::{BTreeMap, VecDeque};

use crate::time::Instant;

/// What runs in a DPC.
#[derive(Clone)]
pub(crate) enum Work {
    /// A `KDPC` of the driver, by its address.
    Dpc { address: usize },
    /// The callback of a timer that was allocated with `ExAllocateTimer`.
    TimerCallback { timer: usize },
    /// Something of the system's own, by its number.
    System(usize),
}

pub(crate) struct Queued {
    pub(crate) work: Work,
    pub(crate) not_before: Instant,
}

/// What a timer does when it runs off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Queues the `KDPC` at this address, or nothing.
    Dpc(Option<usize>),
    /// Queues the callback of the timer itself.
    Callback {
        function: usize,
        context: usize,
        high_resolution: bool,
    },
}

#[derive(Clone, Copy)]
pub(crate) struct Timer {
    pub(crate) expiry: Expiry,
    pub(crate) set: bool,
    pub(crate) generation: u64,
    /// Period in nanoseconds, or zero.
    pub(crate) period: u64,
    pub(crate) due: Instant,
}

/// The routine and context of an initialised `KDPC`.
#[derive(Clone, Copy)]
pub(crate) struct Dpc {
    pub(crate) routine: usize,
    pub(crate) context: usize,
    pub(crate) arguments: [usize; 2],
}

/// How often drivers' timers have run off since power-on, each of which wakes the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerExpiries {
    /// Timers of `ExAllocateTimer` with `EX_TIMER_HIGH_RESOLUTION`, which wake it by themselves.
    pub high_resolution: u64,
    /// All others, which run off with a tick of the clock.
    pub ordinary: u64,
}

impl TimerExpiries {
    /// Counts a timer that has run off.
    pub(crate) fn count(&mut self, expiry: Expiry) {
        let counter = match expiry {
            Expiry::Callback {
                high_resolution: true,
                ..
            } => &mut self.high_resolution,
            _ => &mut self.ordinary,
        };
        *counter += 1;
    }
}

/// All DPCs and timers.
#[derive(Default)]
pub(crate) struct Deferred {
    pub(crate) expiries: TimerExpiries,
    pub(crate) queue: VecDeque<Queued>,
    pub(crate) dpcs: BTreeMap<usize, Dpc>,
    pub(crate) timers: BTreeMap<usize, Timer>,
}

impl Deferred {
    /// The first DPC in the queue if its time has come.
    pub(crate) fn take_ready(&mut self, now: Instant) -> Option<Work> {
        if self.queue.front()?.not_before > now {
            return None;
        }
        self.queue.pop_front().map(|queued| queued.work)
    }

    /// Whether that `KDPC` is in the queue.
    pub(crate) fn is_queued(&self, address: usize) -> bool {
        self.queue
            .iter()
            .any(|queued| matches!(queued.work, Work::Dpc { address: other } if other == address))
    }

    /// Takes everything about a timer out of the queue.
    pub(crate) fn forget_callbacks(&mut self, timer: usize) {
        self.queue.retain(
            |queued| !matches!(queued.work, Work::TimerCallback { timer: other } if other == timer),
        );
    }

    /// Whether a timer's callback is in the queue.
    pub(crate) fn callback_queued(&self, timer: usize) -> bool {
        self.queue.iter().any(
            |queued| matches!(queued.work, Work::TimerCallback { timer: other } if other == timer),
        )
    }
}
