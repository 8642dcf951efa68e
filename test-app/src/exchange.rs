//! The bookkeeping of a session: everything handed over goes through it, and everything that
//! arrived is taken up by it.

use std::time::Duration;

use crate::backend::{Cable, Session};
use crate::busy_timeline::BusyTimeline;
use crate::direction::{Direction, LatencyFrom};
use crate::failure::Failure;
use crate::midi::capture::Capture;
use crate::midi::{BYTE_TIME, wire_time};
use crate::report::DirectionReport;
use crate::utilisation::Utilisation;
use crate::wire_report::WireReport;

/// How long to wait for bytes that should not come any more, or are late.
const SETTLING: Duration = Duration::from_millis(50);

/// After this long without a byte those that are missing will not come any more.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// How long the wire may take for what was sent, as a multiple of what it should take.
const PATIENCE: u32 = 8;

/// How long it may take in any case.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);

/// The bookkeeping of a session.
#[derive(Clone, Debug)]
pub struct Exchange {
    cable: Cable,
    /// Hand-over to the wire; or to the input, where the wire cannot be seen but loops back.
    outward: Direction,
    /// The other end, or the wire where it loops back, to the input.
    inward: Direction,
    utilisation: Utilisation,
    saturated_bytes: Option<u64>,
    busy: BusyTimeline,
    capture: Option<Capture>,
    inward_quiet_at: Duration,
}

impl Exchange {
    /// Nothing exchanged yet. With `capture`, keeps what the wire carries, or what the input
    /// receives where the wire cannot be seen.
    #[must_use]
    pub fn new(cable: Cable, capture: bool) -> Self {
        Self {
            cable,
            outward: Direction::new(LatencyFrom::FreeWire),
            inward: Direction::new(LatencyFrom::Ready),
            utilisation: Utilisation::default(),
            saturated_bytes: None,
            busy: BusyTimeline::default(),
            capture: capture.then(Capture::default),
            inward_quiet_at: Duration::ZERO,
        }
    }

    /// Hands `bytes` to the port.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn send(&mut self, session: &mut dyn Session, bytes: &[u8]) -> Result<(), Failure> {
        self.outward.expect(bytes, session.now());
        session.send(bytes)
    }

    /// Makes the other end send `bytes`.
    ///
    /// # Errors
    /// As [`Session::far_end_sends`].
    pub fn far_end_sends(
        &mut self,
        session: &mut dyn Session,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let start = session.far_end_sends(bytes)?;
        self.inward_quiet_at = start + wire_time(bytes.len());
        self.inward.expect(bytes, start + BYTE_TIME);
        Ok(())
    }

    /// Says that what is sent from now on need not keep the wire busy.
    pub fn end_saturation(&mut self) {
        self.saturated_bytes.get_or_insert(self.outward.sent());
    }

    /// Takes up what arrived.
    pub fn collect(&mut self, session: &mut dyn Session) {
        for seen in session.on_the_wire() {
            self.busy.add(seen.start);
            if self
                .saturated_bytes
                .is_none_or(|bytes| self.outward.arrived() < bytes)
            {
                self.utilisation.add(seen.start);
            }
            let end = seen.start + BYTE_TIME;
            self.outward.arrive(seen.byte, seen.start, end);
            if self.cable.loops_back() {
                self.inward.expect(&[seen.byte], end);
            }
            if let Some(capture) = &mut self.capture {
                capture.push(seen.start, seen.byte);
            }
        }
        for chunk in session.received() {
            for byte in chunk.bytes {
                if self.cable.wire_visible {
                    self.inward.arrive(byte, chunk.at, chunk.at);
                    continue;
                }
                self.busy.add(chunk.at);
                if self.cable.loops_back() {
                    self.outward.arrive(byte, chunk.at, chunk.at);
                }
                if let Some(capture) = &mut self.capture {
                    capture.push(chunk.at, byte);
                }
            }
        }
    }

    /// Lets time pass until all that was handed over has arrived, or should have.
    ///
    /// # Errors
    /// As [`Session::drain`].
    pub fn quieten(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        let on_its_way = self.outward.sent().saturating_sub(self.outward.arrived());
        let on_its_way = usize::try_from(on_its_way).unwrap_or(usize::MAX);
        let limit = wire_time(on_its_way)
            .saturating_mul(PATIENCE)
            .max(LEAST_PATIENCE);
        session.drain(limit)?;
        let quiet_at = session.now().max(self.inward_quiet_at) + SETTLING;
        session.wait_until(quiet_at)?;
        self.collect(session);
        self.await_stragglers(session)
    }

    /// Where only the input tells what has left: waits as long as bytes are missing and still come.
    fn await_stragglers(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        if self.cable.wire_visible || !self.cable.loops_back() {
            return Ok(());
        }
        let mut arrived = self.outward.arrived();
        let mut heard_at = session.now();
        while self.outward.arrived() < self.outward.sent()
            && session.now() < heard_at + LONGEST_SILENCE
        {
            session.wait_until(session.now() + SETTLING)?;
            self.collect(session);
            if self.outward.arrived() > arrived {
                arrived = self.outward.arrived();
                heard_at = session.now();
            }
        }
        Ok(())
    }

    /// Lets time pass until nothing is on its way to the input.
    ///
    /// # Errors
    /// As [`Session::drain`].
    pub fn quieten_input(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        if self.cable.loops_back() {
            return self.quieten(session);
        }
        let quiet_at = session.now().max(self.inward_quiet_at) + SETTLING;
        session.wait_until(quiet_at)?;
        self.collect(session);
        Ok(())
    }

    /// The outcome.
    #[must_use]
    pub fn finish(self) -> Outcome {
        let mut directions = Vec::new();
        let judged = self.cable.wire_visible || self.cable.loops_back();
        if judged {
            let name = if self.cable.wire_visible {
                "out"
            } else {
                "round trip"
            };
            directions.push(self.outward.finish(name));
        }
        if self.inward.sent() + self.inward.arrived() > 0 {
            directions.push(self.inward.finish("in"));
        }
        Outcome {
            directions,
            saturated_utilisation: self.utilisation.share(),
            wire: WireReport::of(&self.busy, self.cable.wire_visible),
            capture: self.capture,
        }
    }
}

/// What came of an exchange.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The directions that could be compared.
    pub directions: Vec<DirectionReport>,
    /// The share of the saturated phase in which the wire was busy, where that can be seen.
    pub saturated_utilisation: Option<f64>,
    /// How busy the wire was in the course of the exchange.
    pub wire: WireReport,
    /// What was captured.
    pub capture: Option<Capture>,
}
