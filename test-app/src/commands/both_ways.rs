//! Seeded traffic in both directions of a port at once.

use std::time::Duration;

use crate::backend::{Cable, Carries, FarEnd, Session};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::traffic::Action;
use crate::traffic::lane::{Lane, Side};

/// Both directions of a run.
pub(super) struct Traffic {
    /// What is kept account of.
    pub(super) exchange: Exchange,
    outward: Lane,
    /// Nothing where the other end only sends back what it gets.
    inward: Option<Lane>,
    /// Where output and input are one lane, they take turns in being closed and opened.
    input_is_next: bool,
}

impl Traffic {
    /// Traffic of `length` on the wire that begins at `origin`.
    pub(super) fn new(seed: u64, cable: Cable, length: Duration, origin: Duration) -> Self {
        let lane = |side| Lane::new(seed, side, cable.carries, length, origin);
        Self {
            exchange: Exchange::new(cable, false),
            outward: lane(Side::Outward),
            inward: (cable.far_end == FarEnd::Ours).then(|| lane(Side::Inward)),
            input_is_next: false,
        }
    }

    /// The direction whose next action is due first, and when that is.
    pub(super) fn next(&self) -> Option<(Side, Duration)> {
        let outward = self.outward.due().map(|due| (Side::Outward, due));
        let inward = self.inward.as_ref().and_then(Lane::due);
        let inward = inward.map(|due| (Side::Inward, due));
        outward
            .into_iter()
            .chain(inward)
            .min_by_key(|&(_, due)| due)
    }

    /// The time on the wire of the direction that is behind.
    pub(super) fn spent(&self) -> Duration {
        let inward = self.inward.as_ref().map(Lane::spent);
        inward.map_or(self.outward.spent(), |inward| {
            inward.min(self.outward.spent())
        })
    }

    /// Carries out what is next in that direction.
    ///
    /// # Errors
    /// Those of the session.
    pub(super) fn act(&mut self, side: Side, session: &mut dyn Session) -> Result<(), Failure> {
        let lane = match (side, &mut self.inward) {
            (Side::Inward, Some(inward)) => inward,
            _ => &mut self.outward,
        };
        if side == Side::Outward && !lane.in_saturated_phase() {
            self.exchange.end_saturation();
        }
        match (side, lane.take(session.now())) {
            (Side::Outward, Some(Action::Send(bytes))) => self.exchange.send(session, &bytes),
            (Side::Inward, Some(Action::Send(bytes))) => {
                self.exchange.far_end_sends(session, &bytes)
            }
            (Side::Outward, Some(Action::Reopen)) => self.reopen_output(session),
            (Side::Inward, Some(Action::Reopen)) => self.reopen_input(session),
            // A lane waits through its pauses itself.
            (_, Some(Action::Pause(_)) | None) => Ok(()),
        }
    }

    /// Closes and opens the output while bytes are still to leave; or in turn the input, where
    /// that has no lane of its own.
    fn reopen_output(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        if self.inward.is_none() {
            self.input_is_next = !self.input_is_next;
            if !self.input_is_next {
                return self.reopen_input(session);
            }
        }
        if session.cable().carries == Carries::Messages {
            // Drivers may drop at a close what they have not sent yet.
            self.exchange.quieten(session)?;
        }
        session.close_output()?;
        session.open_output()
    }

    /// Closes and opens the input at a moment at which nothing is on its way to it: a closed
    /// input hears nothing, and that is no loss.
    fn reopen_input(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        self.exchange.quieten_input(session)?;
        session.close_input()?;
        self.exchange.collect(session);
        session.open_input()
    }
}
