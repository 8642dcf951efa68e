//! Data on a port that may vanish meanwhile.

use std::time::Duration;

use serde::Serialize;

use crate::backend::{Carries, Session};
use crate::compare::Counts;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::midi::all_notes_off;
use crate::report::DirectionReport;
use crate::traffic::Action;
use crate::traffic::lane::{Lane, Side};

/// How long a step waits at most.
const STEP: Duration = Duration::from_millis(20);

/// Traffic over an open session, and the account of it.
#[derive(Debug)]
pub struct Load {
    exchange: Exchange,
    lane: Lane,
}

impl Load {
    /// Opens both sides of a session, and has traffic of `length` on the wire for it.
    ///
    /// # Errors
    /// As the session's; [`Failure::Usage`] if it does not hear what it sends.
    pub fn open(seed: u64, length: Duration, session: &mut dyn Session) -> Result<Self, Failure> {
        let cable = session.cable();
        if !cable.loops_back() {
            return Err(Failure::Usage(
                "nothing that is sent to this port can be seen again; accepted are ports whose output is led back to their input".into(),
            ));
        }
        session.open_input()?;
        session.open_output()?;
        Ok(Self {
            exchange: Exchange::new(cable, false),
            lane: Lane::new(seed, Side::Outward, cable.carries, length, session.now()),
        })
    }

    /// Sends what is due, or waits a little; returns whether there is more to send.
    ///
    /// # Errors
    /// As the session's.
    pub fn step(&mut self, session: &mut dyn Session) -> Result<bool, Failure> {
        let Some(due) = self.lane.due() else {
            return Ok(false);
        };
        let now = session.now();
        if due > now {
            session.wait_until(due.min(now + STEP))?;
            self.exchange.collect(session);
        } else if let Some(Action::Send(bytes)) = self.lane.take(now) {
            self.exchange.send(session, &bytes)?;
        }
        Ok(true)
    }

    /// Waits for what is still to come, and closes the port.
    ///
    /// # Errors
    /// As the session's.
    pub fn close(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        self.exchange.quieten(session)?;
        if session.cable().carries == Carries::Messages {
            all_notes_off().try_for_each(|message| session.send(&message))?;
        }
        session.close_output()?;
        session.close_input()
    }

    /// Takes up what has come.
    pub fn collect(&mut self, session: &mut dyn Session) {
        self.exchange.collect(session);
    }

    /// What came of it.
    #[must_use]
    pub fn finish(self) -> Account {
        let outcome = self.exchange.finish();
        // Where the wire can be seen there are two directions, and the last is what the input heard.
        outcome
            .directions
            .last()
            .map_or_else(Account::default, Account::of)
    }
}

/// What was sent against what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Bytes sent.
    pub bytes: u64,
    /// Bytes that came back.
    pub bytes_arrived: u64,
    /// What went wrong.
    #[serde(flatten)]
    pub counts: Counts,
    /// Where it went wrong first.
    pub first_difference: Option<String>,
    /// All that is missing was sent after all that came back.
    #[serde(skip)]
    is_cut_off: bool,
}

impl Account {
    fn of(direction: &DirectionReport) -> Self {
        let first = direction.first_difference.as_ref();
        Self {
            bytes: direction.bytes,
            bytes_arrived: direction.bytes_arrived,
            counts: direction.counts,
            first_difference: first.map(ToString::to_string),
            is_cut_off: first.is_none_or(|it| it.offset == direction.bytes_arrived),
        }
    }

    /// Adds what another exchange came to; of the differences the first stays.
    pub fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.bytes_arrived += other.bytes_arrived;
        self.counts.lost += other.counts.lost;
        self.counts.duplicated += other.counts.duplicated;
        self.counts.reordered += other.counts.reordered;
        self.counts.corrupted += other.counts.corrupted;
        if self.first_difference.is_none() {
            self.first_difference.clone_from(&other.first_difference);
        }
    }

    /// Every byte came back once, unchanged and in order.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.bytes > 0 && self.counts.are_zero() && self.bytes == self.bytes_arrived
    }

    /// Nothing is wrong but that the end is missing, as is in order if the port vanished.
    #[must_use]
    pub fn is_only_cut_off(&self) -> bool {
        let Counts {
            duplicated,
            reordered,
            corrupted,
            ..
        } = self.counts;
        duplicated == 0 && reordered == 0 && corrupted == 0 && self.is_cut_off
    }
}
