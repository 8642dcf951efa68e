//! Draws actions from a mix until their time on the wire is used up.

use std::collections::VecDeque;
use std::time::Duration;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::mix::{BYTES_ONLY, Kind, LONG_SYSEX, LONGEST_SYSEX, MIXED, PAUSE_MS, SATURATED};
use super::{Action, pieces};
use crate::backend::Carries;
use crate::midi::wire_time;

/// Which part of a run traffic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The wire never idles.
    Saturated,
    /// With pauses, closes and opens, and the longest System Exclusive message if there is time.
    Mixed,
}

/// Draws actions from a mix until their time on the wire is used up; the same seed, direction,
/// phase and time always give the same actions.
#[derive(Clone, Debug)]
pub struct Generator {
    rng: ChaCha8Rng,
    mix: Vec<(Kind, u32)>,
    carries: Carries,
    budget: Duration,
    spent: Duration,
    /// When the longest System Exclusive message comes.
    longest_at: Option<Duration>,
    ready: VecDeque<Action>,
}

impl Generator {
    /// Traffic of `phase` that takes `budget` on the wire. `stream` tells directions and phases
    /// that share a seed apart. Where only messages are carried there are no others.
    #[must_use]
    pub fn new(seed: u64, stream: u64, phase: Phase, carries: Carries, budget: Duration) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let room = match phase {
            Phase::Saturated => None,
            Phase::Mixed => budget.checked_sub(wire_time(LONGEST_SYSEX)),
        };
        let longest_at = room.map(|room| room.mul_f64(rng.random_range(0.0..0.5)));
        Self {
            rng,
            mix: mix(phase, carries),
            carries,
            budget,
            spent: Duration::ZERO,
            longest_at,
            ready: VecDeque::new(),
        }
    }

    /// The time on the wire of all actions so far.
    #[must_use]
    pub const fn spent(&self) -> Duration {
        self.spent
    }

    fn draw(&mut self) {
        if self.longest_at.is_some_and(|at| at <= self.spent) {
            self.longest_at = None;
            let longest = pieces::sysex(&mut self.rng, LONGEST_SYSEX);
            return self.ready.push_back(Action::Send(longest));
        }
        let rng = &mut self.rng;
        let kind = weighted(rng, &self.mix).unwrap_or(Kind::NoteFlood);
        let records = match kind {
            Kind::NoteFlood => pieces::note_flood(rng),
            Kind::RunningStatus => pieces::running_status(rng),
            Kind::Chord => pieces::chord(rng),
            Kind::Controllers => pieces::controllers(rng),
            Kind::ShortSysEx => vec![pieces::short_sysex(rng)],
            Kind::LongSysEx => vec![self.long_sysex()],
            Kind::RealTimeInMessages => pieces::real_time_in_messages(rng),
            Kind::RealTimeInSysEx => vec![pieces::real_time_in_sysex(rng)],
            Kind::LoneData => pieces::lone_data(rng),
            Kind::OddBytes => pieces::odd_bytes(rng),
            Kind::ActiveSensing => vec![pieces::active_sensing()],
            Kind::Pause => {
                let length = Duration::from_millis(rng.random_range(PAUSE_MS));
                return self.ready.push_back(Action::Pause(length));
            }
            Kind::Reopen => return self.ready.push_back(Action::Reopen),
        };
        // Clients hand over single messages as well as buffers with many.
        if self.carries == Carries::Bytes && self.rng.random_ratio(1, 4) {
            self.ready.push_back(Action::Send(records.concat()));
        } else {
            self.ready.extend(records.into_iter().map(Action::Send));
        }
    }

    /// A long message of those that there is time for; a short one if there is time for none.
    fn long_sysex(&mut self) -> Vec<u8> {
        let left = self.budget.saturating_sub(self.spent);
        let fitting: Vec<_> = LONG_SYSEX
            .iter()
            .copied()
            .filter(|&(length, _)| wire_time(length) <= left)
            .collect();
        match weighted(&mut self.rng, &fitting) {
            Some(length) => pieces::sysex(&mut self.rng, length),
            None => pieces::short_sysex(&mut self.rng),
        }
    }
}

impl Iterator for Generator {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        if self.spent >= self.budget {
            return None;
        }
        while self.ready.is_empty() {
            self.draw();
        }
        let action = self.ready.pop_front()?;
        self.spent += action.cost();
        Some(action)
    }
}

/// The kinds of a phase that can be carried, and their weights.
fn mix(phase: Phase, carries: Carries) -> Vec<(Kind, u32)> {
    let all = match phase {
        Phase::Saturated => SATURATED,
        Phase::Mixed => MIXED,
    };
    let goes_through = |kind| carries == Carries::Bytes || !BYTES_ONLY.contains(&kind);
    let kinds = all.iter().copied();
    kinds.filter(|&(kind, _)| goes_through(kind)).collect()
}

fn weighted<T: Copy>(rng: &mut ChaCha8Rng, choices: &[(T, u32)]) -> Option<T> {
    choices
        .choose_weighted(rng, |&(_, weight)| weight)
        .ok()
        .map(|&(choice, _)| choice)
}
