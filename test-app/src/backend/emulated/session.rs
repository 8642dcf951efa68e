//! One use of the port of an emulated PC.

use std::time::Duration;

use emulated_pc::clients::{Client, Input, Output, Received};
use emulated_pc::time::Instant;
use midiuart_pc::{CAPTURE_PIN, RENDER_PIN, Started, Trouble};
use portcls::types::NTSTATUS;

use crate::backend::report::WriteCounts;
use crate::backend::{
    Cable, Carries, FarEnd, ReceivedBytes, Session, Setup, Uart, WireByte, setup,
};
use crate::failure::Failure;
use crate::midi::BYTE_TIME;

/// Bytes of earlier calls that may wait in the client before a call waits: a second's worth.
const MOST_QUEUED: usize = 3125;
/// Between two looks at whether something is over.
const LOOK: Duration = Duration::from_millis(2);
/// What closing may take beyond the time that the bytes need on the wire.
const CLOSING_TIME: Duration = Duration::from_secs(10);

/// One use of the port of an emulated PC.
pub(super) struct EmulatedSession<'s, 'pc> {
    started: &'s Started<'pc>,
    uart: Uart,
    loop_cable: bool,
    client: Client,
    output: Option<Output>,
    input: Option<Input>,
    /// Received by inputs that were closed since.
    received: Vec<ReceivedBytes>,
    writes: WriteCounts,
    /// Bytes that the device accepted through outputs that were closed since.
    accepted: u64,
}

impl<'s, 'pc> EmulatedSession<'s, 'pc> {
    pub(super) fn new(started: &'s Started<'pc>, setup: &Setup) -> Self {
        Self {
            started,
            uart: setup.uart,
            loop_cable: setup.loop_cable,
            client: match setup.client {
                setup::Client::Midisrv => Client::MidiSrv,
                setup::Client::Wdmaud => Client::Wdmaud,
            },
            output: None,
            input: None,
            received: Vec::new(),
            writes: WriteCounts::default(),
            accepted: 0,
        }
    }

    /// Closes what is open still; returns how writes ended.
    pub(super) fn finish(mut self) -> Result<WriteCounts, Failure> {
        if self.output.is_some() {
            self.close_output()?;
        }
        if self.input.is_some() {
            self.close_input()?;
        }
        Ok(self.writes)
    }

    fn check(&self) -> Result<(), Failure> {
        match self.output.as_ref().map(Output::failures) {
            Some((1.., status)) => Err(refused("the device refused bytes", status.unwrap_or(0))),
            _ => Ok(()),
        }
    }

    fn open(&self) -> Result<&Output, Failure> {
        self.output
            .as_ref()
            .ok_or_else(|| Failure::Device("the output is not open".into()))
    }

    /// Lets time pass until `over` says so, as long as the device does not fail.
    fn run_while_not(
        &self,
        limit: Duration,
        mut over: impl FnMut(&Self) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let deadline = self.now() + limit;
        while !over(self)? {
            self.check()?;
            if self.now() >= deadline {
                return Err(Failure::Device(format!(
                    "bytes had not left after {} s",
                    limit.as_secs()
                )));
            }
            self.started.pc.run_for(LOOK);
        }
        self.check()
    }

    /// Whether everything that the device accepted has left.
    fn has_left(&self) -> Result<bool, Failure> {
        let open = self.output.as_ref();
        if open.is_some_and(|output| !output.is_idle()) {
            return Ok(false);
        }
        let written = open.map_or(0, |output| output.pin().statistics().bytes_written);
        let left = self.started.bytes_that_left()?;
        // The driver's counters have 32 bits.
        let outstanding = (self.accepted + written).wrapping_sub(left);
        Ok(u32::try_from(outstanding & u64::from(u32::MAX)) == Ok(0))
    }
}

fn refused(what: &str, status: NTSTATUS) -> Failure {
    Trouble::refused(what, status).into()
}

const fn since_start(instant: Instant) -> Duration {
    Duration::from_nanos(instant.as_nanos())
}

fn received_bytes(received: Vec<Received>) -> impl Iterator<Item = ReceivedBytes> {
    received.into_iter().map(|received| ReceivedBytes {
        at: since_start(received.at),
        bytes: received.bytes,
    })
}

impl Session for EmulatedSession<'_, '_> {
    fn cable(&self) -> Cable {
        let software = self.uart == Uart::Software;
        Cable {
            wire_visible: !software,
            far_end: if software || self.loop_cable {
                FarEnd::Loop
            } else {
                FarEnd::Ours
            },
            carries: Carries::Bytes,
        }
    }

    fn now(&self) -> Duration {
        since_start(self.started.pc.now())
    }

    fn open_output(&mut self) -> Result<(), Failure> {
        let filter = &self.started.filter;
        let output = self.client.open_output(filter, RENDER_PIN);
        let output = output.map_err(|status| refused("the output does not open", status))?;
        self.output = Some(output);
        Ok(())
    }

    fn close_output(&mut self) -> Result<(), Failure> {
        let queued = u32::try_from(self.open()?.queued_bytes()).unwrap_or(u32::MAX);
        let limit = CLOSING_TIME + 2 * queued * BYTE_TIME;
        self.run_while_not(limit, |session| Ok(session.open()?.is_idle()))?;
        if let Some(output) = self.output.take() {
            let statistics = output.pin().statistics();
            self.writes.calls += statistics.writes;
            self.writes.partial += statistics.partial_writes;
            self.writes.zero += statistics.zero_writes;
            self.writes.error += statistics.failed_writes;
            self.accepted += statistics.bytes_written;
            output.close();
        }
        Ok(())
    }

    fn open_input(&mut self) -> Result<(), Failure> {
        let filter = &self.started.filter;
        let input = self.client.open_input(filter, CAPTURE_PIN);
        let input = input.map_err(|status| refused("the input does not open", status))?;
        self.input = Some(input);
        Ok(())
    }

    fn close_input(&mut self) -> Result<(), Failure> {
        if let Some(input) = self.input.take() {
            self.received.extend(received_bytes(input.close()));
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let queued = self.open()?.queued_bytes();
        let surplus = u32::try_from(queued.saturating_sub(MOST_QUEUED)).unwrap_or(u32::MAX);
        let limit = CLOSING_TIME + 2 * surplus * BYTE_TIME;
        self.run_while_not(limit, |session| {
            Ok(session.open()?.queued_bytes() < MOST_QUEUED)
        })?;
        self.open()?.send(bytes);
        Ok(())
    }

    fn wait_until(&mut self, at: Duration) -> Result<(), Failure> {
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.started.pc.run_until(Instant::from_nanos(at));
        self.check()
    }

    fn drain(&mut self, limit: Duration) -> Result<(), Failure> {
        self.run_while_not(limit, Self::has_left)
    }

    fn received(&mut self) -> Vec<ReceivedBytes> {
        let mut all = std::mem::take(&mut self.received);
        if let Some(input) = &self.input {
            all.extend(received_bytes(input.take_received()));
        }
        all
    }

    fn on_the_wire(&mut self) -> Vec<WireByte> {
        let sent = self.started.device.wire_sent();
        sent.into_iter()
            .map(|byte| WireByte {
                start: since_start(byte.start),
                byte: byte.value,
            })
            .collect()
    }

    fn far_end_sends(&mut self, bytes: &[u8]) -> Result<Duration, Failure> {
        if self.cable().far_end != FarEnd::Ours {
            return Err(Failure::Device(
                "nobody else is at this port's cable".into(),
            ));
        }
        Ok(since_start(self.started.device.far_end_send(bytes)))
    }
}
