//! Sends probes over a session and takes up what comes back.

use std::time::Duration;

use super::plan::{Plan, Planned, What};
use super::{Ledger, load, probe};
use crate::backend::Session;
use crate::busy_timeline::BusyTimeline;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::midi::message::Splitter;
use crate::midi::wire_time;
use crate::progress::Progress;

/// How long a wait goes on before arrivals are taken up, progress is shown and Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(100);

/// After this long without a byte those that are missing will not come any more.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// Between two looks for the last ones; and how long to wait for what should not come.
const SETTLING: Duration = Duration::from_millis(50);

/// How long the wire may take for what was sent, as a multiple of what it should take.
const PATIENCE: u32 = 8;

/// How long it may take in any case.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);

/// Sends probes, and load beside them.
#[derive(Debug)]
pub struct Prober<'i> {
    plan: Plan,
    interrupt: &'i Interrupt,
}

/// What came of probing.
#[derive(Clone, Debug)]
pub struct Probed {
    /// When it began, on the machine's clock.
    pub origin: Duration,
    /// How long it took on that clock.
    pub elapsed: Duration,
    /// The probes.
    pub probes: Ledger,
    /// The load.
    pub load: Ledger,
    /// Bytes of load that were sent.
    pub load_bytes: u64,
    /// Messages that came and are neither.
    pub others: u64,
    /// How busy the wire was; or, where it cannot be seen, how much came.
    pub wire: BusyTimeline,
    /// Whether `wire` is what was seen on the wire.
    pub wire_visible: bool,
    splitter: Splitter,
}

impl<'i> Prober<'i> {
    /// One that carries out `plan`, unless it is interrupted.
    #[must_use]
    pub const fn new(plan: Plan, interrupt: &'i Interrupt) -> Self {
        Self { plan, interrupt }
    }

    /// Carries out the plan over an open session.
    ///
    /// # Errors
    /// As the session's.
    pub fn run(&self, session: &mut dyn Session) -> Result<Probed, Failure> {
        // What is left from before is none of ours.
        session.received();
        session.on_the_wire();
        let mut probed = Probed::begin(session);
        let mut progress = Progress::begin(self.plan.length());
        for planned in self.plan.clone() {
            let due = probed.origin + planned.at;
            while session.now() < due && !self.interrupt.is_raised() {
                session.wait_until(due.min(session.now() + STEP))?;
                probed.collect(session);
                progress.show(session.now().saturating_sub(probed.origin));
            }
            if self.interrupt.is_raised() {
                break;
            }
            probed.send(&planned, session)?;
        }
        probed.await_the_rest(session)?;
        progress.end();
        probed.elapsed = session.now().saturating_sub(probed.origin);
        Ok(probed)
    }
}

impl Probed {
    fn begin(session: &dyn Session) -> Self {
        Self {
            origin: session.now(),
            elapsed: Duration::ZERO,
            probes: Ledger::new(probe::DISTINCT),
            load: Ledger::new(load::DISTINCT),
            load_bytes: 0,
            others: 0,
            wire: BusyTimeline::default(),
            wire_visible: session.cable().wire_visible,
            splitter: Splitter::default(),
        }
    }

    fn send(&mut self, planned: &Planned, session: &mut dyn Session) -> Result<(), Failure> {
        match planned.what {
            What::Probe => {
                let message = probe::encode(self.probes.next_number());
                self.probes.send(session.now());
                session.send(&message)
            }
            What::Load(length) => {
                let message = load::encode(self.load.next_number(), length);
                self.load_bytes += length as u64;
                self.load.send(session.now());
                session.send(&message)
            }
        }
    }

    /// Takes up what arrived; returns whether anything did.
    fn collect(&mut self, session: &mut dyn Session) -> bool {
        for seen in session.on_the_wire() {
            self.wire.add(seen.start);
        }
        let received = session.received();
        let any = !received.is_empty();
        for chunk in received {
            for byte in chunk.bytes {
                if !self.wire_visible {
                    self.wire.add(chunk.at);
                }
                let (probes, load, others) = (&mut self.probes, &mut self.load, &mut self.others);
                self.splitter.push(chunk.at, byte, |message| {
                    let bytes = &message.bytes;
                    let is_known = match (probe::decode(bytes), load::decode(bytes)) {
                        (Some(number), _) => probes.receive(number, chunk.at),
                        (_, Some(number)) => load.receive(number, chunk.at),
                        (None, None) => false,
                    };
                    *others += u64::from(!is_known);
                });
            }
        }
        any
    }

    fn await_the_rest(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        let missing = |ledger: &Ledger| ledger.sent().len() as u64 - ledger.tally().received;
        let most = missing(&self.probes) * u64::from(probe::LENGTH)
            + missing(&self.load) * *load::LENGTHS.end() as u64;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let limit = wire_time(most).saturating_mul(PATIENCE).max(LEAST_PATIENCE);
        session.drain(limit)?;
        let mut heard_at = session.now();
        loop {
            let is_complete = self.probes.is_complete() && self.load.is_complete();
            session.wait_until(session.now() + SETTLING)?;
            if self.collect(session) {
                heard_at = session.now();
            } else if is_complete || session.now() >= heard_at + LONGEST_SILENCE {
                return Ok(());
            }
        }
    }
}
