//! A port that is a cable in memory: no device, but faults can be planted in it.
//!
//! It stands in for a device in the tool's own tests.

use std::collections::VecDeque;
use std::time::Duration;

use super::{
    Backend, Cable, DeviceReport, FarEnd, PortInfo, Ports, ReceivedBytes, Session, Setup, Uart,
    WireByte, Work,
};
use crate::failure::Failure;
use crate::midi::BYTE_TIME;

/// The port's name.
pub const PORT_NAME: &str = "memory";

/// From the stop bit of a byte until the client has it.
const ARRIVAL_DELAY: Duration = Duration::from_micros(10);

/// From the hand-over to an idle wire until the start bit.
const DEPARTURE_DELAY: Duration = Duration::from_micros(5);

/// How far [`Session::send`] runs ahead of the wire before it waits.
const QUEUE: Duration = Duration::from_secs(2);

/// Something that goes wrong with the byte, or with all that is handed over at once as a record, of the
/// given number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is lost.
    Lose(u64),
    /// It arrives twice.
    Duplicate(u64),
    /// It arrives after the one that follows it.
    Swap(u64),
    /// One of its bits is turned.
    Corrupt(u64),
    /// The device fails instead of taking it.
    Fail(u64),
    /// The record is lost.
    LoseRecord(u64),
    /// The record arrives twice.
    DuplicateRecord(u64),
    /// The record arrives after the one that follows it.
    SwapRecords(u64),
}

/// A port that is a cable in memory.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What the cable is like.
    pub cable: Cable,
    /// What goes wrong on the way out.
    pub outward: Option<Fault>,
    /// What goes wrong on the way from the other end.
    pub inward: Option<Fault>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            cable: Cable {
                wire_visible: true,
                far_end: FarEnd::Ours,
                ..Cable::default()
            },
            outward: None,
            inward: None,
        }
    }
}

impl Backend for Memory {
    fn quirks(&self, uart: Uart) -> Vec<&'static str> {
        match uart {
            Uart::Mpu401 => vec!["no-ack"],
            Uart::Ns16550 => vec!["no-fifo"],
            Uart::Software => vec![],
        }
    }

    fn ports(&self, _setup: &Setup) -> Result<Ports, Failure> {
        let port = PortInfo {
            index: 0,
            name: PORT_NAME.into(),
            hardware: "none".into(),
            capabilities: None,
        };
        Ok(Ports {
            outputs: vec![port.clone()],
            inputs: vec![port],
        })
    }

    fn run(&self, _setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        let mut session = MemorySession {
            cable: self.cable,
            now: Duration::ZERO,
            output_open: false,
            input_open: false,
            outward: Line::new(self.outward),
            inward: Line::new(self.inward),
            received: Vec::new(),
            seen: VecDeque::new(),
        };
        work(&mut session)?;
        Ok(DeviceReport::default())
    }
}

/// One direction of the cable.
struct Line {
    fault: Option<Fault>,
    free_at: Duration,
    count: u64,
    held_back: Option<u8>,
    records: u64,
    record_held_back: Vec<u8>,
    travelling: VecDeque<WireByte>,
}

impl Line {
    const fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            free_at: Duration::ZERO,
            count: 0,
            held_back: None,
            records: 0,
            record_held_back: Vec::new(),
            travelling: VecDeque::new(),
        }
    }

    /// Takes a record; returns when the first of its bytes starts.
    fn carry(&mut self, record: &[u8], now: Duration) -> Result<Duration, Failure> {
        self.free_at = self.free_at.max(now + DEPARTURE_DELAY);
        let start = self.free_at;
        let number = self.records;
        self.records += 1;
        match self.fault {
            Some(Fault::LoseRecord(which)) if which == number => return Ok(start),
            Some(Fault::SwapRecords(which)) if which == number => {
                self.record_held_back = record.to_vec();
                return Ok(start);
            }
            Some(Fault::DuplicateRecord(which)) if which == number => self.carry_bytes(record)?,
            _ => {}
        }
        self.carry_bytes(record)?;
        let held_back = std::mem::take(&mut self.record_held_back);
        self.carry_bytes(&held_back)?;
        Ok(start)
    }

    fn carry_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        for &byte in bytes {
            let fault = self.fault;
            let number = self.count;
            self.count += 1;
            match fault {
                Some(Fault::Lose(which)) if which == number => {}
                Some(Fault::Swap(which)) if which == number => self.held_back = Some(byte),
                Some(Fault::Fail(which)) if which == number => {
                    return Err(Failure::Device("STATUS_IO_DEVICE_ERROR".into()));
                }
                Some(Fault::Corrupt(which)) if which == number => self.put(byte ^ 0x10),
                Some(Fault::Duplicate(which)) if which == number => {
                    self.put(byte);
                    self.put(byte);
                }
                _ => self.put(byte),
            }
            if matches!(fault, Some(Fault::Swap(which)) if which + 1 == number)
                && let Some(late) = self.held_back.take()
            {
                self.put(late);
            }
        }
        Ok(())
    }

    fn put(&mut self, byte: u8) {
        self.travelling.push_back(WireByte {
            start: self.free_at,
            byte,
        });
        self.free_at += BYTE_TIME;
    }

    /// The next byte whose start bit began by `now`.
    fn next_started(&mut self, now: Duration) -> Option<WireByte> {
        let byte = *self.travelling.front().filter(|byte| byte.start <= now)?;
        self.travelling.pop_front();
        Some(byte)
    }

    /// The next byte that the client at the end of the line has by `now`, and since when.
    fn next_arrived(&mut self, now: Duration) -> Option<(Duration, u8)> {
        let WireByte { start, byte } = *self.travelling.front()?;
        let arrival = start + BYTE_TIME + ARRIVAL_DELAY;
        (arrival <= now).then(|| {
            self.travelling.pop_front();
            (arrival, byte)
        })
    }
}

struct MemorySession {
    cable: Cable,
    now: Duration,
    output_open: bool,
    input_open: bool,
    outward: Line,
    inward: Line,
    received: Vec<ReceivedBytes>,
    seen: VecDeque<WireByte>,
}

impl MemorySession {
    /// Lets what happened until now happen.
    fn settle(&mut self) {
        while let Some(byte) = self.outward.next_started(self.now) {
            if self.cable.loops_back() {
                self.inward.travelling.push_back(byte);
            }
            if self.cable.wire_visible {
                self.seen.push_back(byte);
            }
        }
        while let Some((at, byte)) = self.inward.next_arrived(self.now) {
            if self.input_open {
                self.received.push(ReceivedBytes {
                    at,
                    bytes: vec![byte],
                });
            }
        }
    }
}

impl Session for MemorySession {
    fn cable(&self) -> Cable {
        self.cable
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn open_output(&mut self) -> Result<(), Failure> {
        self.output_open = true;
        Ok(())
    }

    fn close_output(&mut self) -> Result<(), Failure> {
        self.output_open = false;
        Ok(())
    }

    fn open_input(&mut self) -> Result<(), Failure> {
        self.settle();
        self.input_open = true;
        Ok(())
    }

    fn close_input(&mut self) -> Result<(), Failure> {
        self.settle();
        self.input_open = false;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if !self.output_open {
            return Err(Failure::Device("the output is closed".into()));
        }
        self.now = self.now.max(self.outward.free_at.saturating_sub(QUEUE));
        self.outward.carry(bytes, self.now)?;
        Ok(())
    }

    fn wait_until(&mut self, at: Duration) -> Result<(), Failure> {
        self.now = self.now.max(at);
        Ok(())
    }

    fn drain(&mut self, limit: Duration) -> Result<(), Failure> {
        let end = self.outward.free_at;
        if end > self.now + limit {
            return Err(Failure::Device("the output does not drain".into()));
        }
        self.wait_until(end)
    }

    fn received(&mut self) -> Vec<ReceivedBytes> {
        self.settle();
        std::mem::take(&mut self.received)
    }

    fn on_the_wire(&mut self) -> Vec<WireByte> {
        self.settle();
        self.seen.drain(..).collect()
    }

    fn far_end_sends(&mut self, bytes: &[u8]) -> Result<Duration, Failure> {
        if self.cable.far_end != FarEnd::Ours {
            return Err(Failure::Device("the other end is not ours".into()));
        }
        self.inward.carry(bytes, self.now)
    }
}
