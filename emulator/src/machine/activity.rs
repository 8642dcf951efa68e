//! What the processor does at raised IRQL, and for how long.

use std::time::Duration;

use crate::time::Instant;

/// A kind of work whose time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// An interrupt service routine.
    InterruptRoutine,
    /// A routine that is synchronised with an interrupt.
    SynchronizedRoutine,
    /// A deferred procedure call or timer callback.
    Dpc,
    /// `IMiniportMidiStream::Write`.
    Write,
    /// `IMiniportMidiStream::Read`.
    Read,
    /// A spin lock is held.
    SpinLock,
}

/// The longest times seen, not counting what interrupted the work meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LongestTimes {
    /// In an interrupt service routine.
    pub interrupt_routine: Duration,
    /// In a routine synchronised with an interrupt.
    pub synchronized_routine: Duration,
    /// In a DPC.
    pub dpc: Duration,
    /// In `Write`.
    pub write: Duration,
    /// In `Read`.
    pub read: Duration,
    /// Under a spin lock.
    pub spin_lock: Duration,
    /// From leaving an IRQL below `DISPATCH_LEVEL` to returning there, whatever ran meanwhile.
    pub raised_irql: Duration,
}

impl LongestTimes {
    fn of(&mut self, activity: Activity) -> &mut Duration {
        match activity {
            Activity::InterruptRoutine => &mut self.interrupt_routine,
            Activity::SynchronizedRoutine => &mut self.synchronized_routine,
            Activity::Dpc => &mut self.dpc,
            Activity::Write => &mut self.write,
            Activity::Read => &mut self.read,
            Activity::SpinLock => &mut self.spin_lock,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Running {
    activity: Activity,
    since: Instant,
    interrupted_for: Duration,
}

/// Stack of the activities that run now.
#[derive(Debug, Default)]
pub(crate) struct Activities {
    running: Vec<Running>,
    pub(crate) longest: LongestTimes,
}

impl Activities {
    pub(crate) fn begin(&mut self, activity: Activity, now: Instant) {
        self.running.push(Running {
            activity,
            since: now,
            interrupted_for: Duration::ZERO,
        });
    }

    /// Ends the last activity begun; returns its time without interruptions.
    pub(crate) fn end(&mut self, now: Instant) -> Duration {
        let Some(ended) = self.running.pop() else {
            return Duration::ZERO;
        };
        let whole = now.since(ended.since);
        let own = whole.saturating_sub(ended.interrupted_for);
        let longest = self.longest.of(ended.activity);
        *longest = own.max(*longest);
        // Interrupts interrupt; a Write inside a DPC, or a lock inside either, is part of it.
        let interruption = match ended.activity {
            Activity::InterruptRoutine => whole,
            _ => ended.interrupted_for,
        };
        if let Some(outer) = self.running.last_mut() {
            outer.interrupted_for += interruption;
        }
        own
    }

    /// Whether none runs now.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The longest own time among what runs now, with its kind.
    pub(crate) fn longest_running(&self, now: Instant) -> Option<(Activity, Duration)> {
        let mut interrupted_by_inner = Duration::ZERO;
        let mut longest = None;
        for running in self.running.iter().rev() {
            let own = now
                .since(running.since)
                .saturating_sub(running.interrupted_for + interrupted_by_inner);
            if longest.is_none_or(|(_, time)| own > time) {
                longest = Some((running.activity, own));
            }
            interrupted_by_inner += if running.activity == Activity::InterruptRoutine {
                own
            } else {
                running.interrupted_for
            };
        }
        longest
    }
}
