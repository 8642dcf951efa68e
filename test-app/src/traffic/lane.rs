//! When the actions of one direction are due.

use std::time::Duration;

use super::Action;
use super::generator::{Generator, Phase};
use crate::backend::Carries;

/// How far hand-over runs ahead of the wire; the other end of the queue never runs dry.
const LEAD: Duration = Duration::from_millis(200);

/// The part of a run in which the wire is saturated, as 1 / this.
const SATURATED_PART: u32 = 5;

/// Which direction of a port a lane is for; the number tells their traffic apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sends.
    Outward = 0,
    /// What the other end sends.
    Inward = 1,
}

/// The traffic of one direction: a saturated phase, then a mixed one, each action with the time
/// at which it is due.
#[derive(Clone, Debug)]
pub struct Lane {
    phases: [Generator; 2],
    free_at: Duration,
    due: Duration,
    next: Option<Action>,
    in_saturated_phase: bool,
}

impl Lane {
    /// Traffic of `length` on the wire that begins at `begin`.
    #[must_use]
    pub fn new(seed: u64, side: Side, carries: Carries, length: Duration, begin: Duration) -> Self {
        let saturated = length / SATURATED_PART;
        let stream = side as u64;
        let mut lane = Self {
            phases: [
                Generator::new(seed, stream, Phase::Saturated, carries, saturated),
                Generator::new(
                    seed,
                    stream + 2,
                    Phase::Mixed,
                    carries,
                    length.saturating_sub(saturated),
                ),
            ],
            free_at: begin,
            due: begin,
            next: None,
            in_saturated_phase: true,
        };
        lane.advance(begin);
        lane
    }

    /// When the next action is due; nothing when there is none.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.next.as_ref().map(|_| self.due)
    }

    /// Whether the next action is of the saturated phase.
    #[must_use]
    pub const fn in_saturated_phase(&self) -> bool {
        self.in_saturated_phase
    }

    /// The time on the wire of all actions so far.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.phases.iter().map(Generator::spent).sum()
    }

    /// When the wire has carried all that was taken, if it is never slower than MIDI's.
    #[must_use]
    pub const fn free_at(&self) -> Duration {
        self.free_at
    }

    /// Takes the next action, at the time `now`.
    pub fn take(&mut self, now: Duration) -> Option<Action> {
        let action = self.next.take()?;
        self.free_at = self.free_at.max(now) + action.cost();
        self.advance(now);
        Some(action)
    }

    fn advance(&mut self, now: Duration) {
        self.due = if self.free_at > now + LEAD {
            // Half the lead may go before the next hand-over, which then is one of many.
            self.free_at.saturating_sub(LEAD / 2)
        } else {
            now
        };
        loop {
            let [saturated, mixed] = &mut self.phases;
            self.next = saturated.next();
            if self.next.is_none() {
                self.in_saturated_phase = false;
                self.next = mixed.next();
            }
            let Some(Action::Pause(length)) = self.next else {
                return;
            };
            self.free_at = self.free_at.max(now) + length;
            self.due = self.free_at;
        }
    }
}
