//! The receiving half of a 16550: its FIFO, line errors and time-out.

use std::collections::VecDeque;
use std::time::Duration;

use super::registers::{
    LSR_BREAK, LSR_DATA_READY, LSR_FIFO_ERROR, LSR_FRAMING, LSR_OVERRUN, LSR_PARITY, TRIGGER_LEVELS,
};
use crate::hardware::chip::LineFault;
use crate::time::Instant;

/// TI TL16C550C: the time-out comes after four characters' time without an arrival or a read.
const TIME_OUT_CHARACTERS: u32 = 4;

/// What a receiver buffer reads before the first byte.
const NOTHING_RECEIVED: u8 = 0;

#[derive(Clone, Copy, Debug)]
struct ReceivedByte {
    value: u8,
    errors: u8,
}

#[derive(Clone, Copy, Debug)]
enum TimeOut {
    Off,
    Running(Instant),
    Over,
}

/// Received bytes, each with the line errors that it came with.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    bytes: VecDeque<ReceivedByte>,
    damaged: usize,
    overrun: bool,
    time_out: TimeOut,
    fifo_depth: Option<usize>,
    trigger: usize,
    last_read: u8,
}

impl Receiver {
    /// An empty receiver without FIFO that will never hold more than `largest_depth` bytes.
    pub(super) fn new(largest_depth: usize) -> Self {
        Self {
            bytes: VecDeque::with_capacity(largest_depth.max(1)),
            damaged: 0,
            overrun: false,
            time_out: TimeOut::Off,
            fifo_depth: None,
            trigger: 1,
            last_read: NOTHING_RECEIVED,
        }
    }

    /// Switches to a FIFO of so many bytes, or to a single buffer register; empties it.
    pub(super) fn set_fifo_depth(&mut self, depth: Option<usize>) {
        self.fifo_depth = depth;
        self.clear();
    }

    /// Sets how many bytes raise an interrupt: 0 to 3 for 1, 4, 8 or 14.
    pub(super) fn set_trigger(&mut self, selector: u8) {
        self.trigger = TRIGGER_LEVELS[usize::from(selector & 3)];
    }

    /// Throws all bytes and their errors away.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.damaged = 0;
        self.time_out = TimeOut::Off;
    }

    /// Returns to the state at power-on.
    pub(super) fn lose_power(&mut self) {
        self.set_fifo_depth(None);
        self.trigger = 1;
        self.overrun = false;
        self.last_read = NOTHING_RECEIVED;
    }

    /// How many bytes can be read.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes a byte from the line. Says whether no byte was lost for want of room.
    pub(super) fn receive(
        &mut self,
        value: u8,
        fault: LineFault,
        now: Instant,
        character: Duration,
    ) -> bool {
        let has_room = self.bytes.len() < self.depth();
        if !has_room {
            self.overrun = true;
            if self.fifo_depth.is_some() {
                // TI TL16C550C: the FIFO stays as it is, the new byte is lost.
                return false;
            }
            // Without FIFO it is the old byte that is lost.
            self.clear();
        }
        let errors = line_errors(fault);
        self.damaged += usize::from(errors != 0);
        self.bytes.push_back(ReceivedByte {
            value: if fault.break_condition { 0 } else { value },
            errors,
        });
        if !matches!(self.time_out, TimeOut::Over) {
            self.restart_time_out(now, character);
        }
        has_room
    }

    /// Takes the next byte; an empty receiver repeats the last one.
    pub(super) fn read(&mut self, now: Instant, character: Duration) -> u8 {
        if let Some(byte) = self.bytes.pop_front() {
            self.last_read = byte.value;
            self.damaged -= usize::from(byte.errors != 0);
            self.restart_time_out(now, character);
        }
        self.last_read
    }

    /// The receiver's bits of the line status register.
    pub(super) fn line_status(&self) -> u8 {
        let mut status = self
            .bytes
            .front()
            .map_or(0, |next| LSR_DATA_READY | next.errors);
        if self.overrun {
            status |= LSR_OVERRUN;
        }
        if self.damaged > 0 && self.fifo_depth.is_some() {
            status |= LSR_FIFO_ERROR;
        }
        status
    }

    /// Forgets the errors that the line status register has shown.
    pub(super) fn clear_shown_errors(&mut self) {
        self.overrun = false;
        if let Some(next) = self.bytes.front_mut() {
            self.damaged -= usize::from(next.errors != 0);
            next.errors = 0;
        }
    }

    /// Whether there are as many bytes as the trigger level asks for, or as there can be.
    pub(super) fn is_at_trigger(&self) -> bool {
        self.bytes.len() >= self.trigger.min(self.depth())
    }

    /// Whether bytes have waited for too long.
    pub(super) const fn is_timed_out(&self) -> bool {
        matches!(self.time_out, TimeOut::Over)
    }

    /// When bytes will have waited for too long.
    pub(super) const fn time_out(&self) -> Option<Instant> {
        match self.time_out {
            TimeOut::Running(end) => Some(end),
            TimeOut::Off | TimeOut::Over => None,
        }
    }

    /// Lets the time-out run off. Says whether it has just done so.
    pub(super) fn advance(&mut self, now: Instant) -> bool {
        let runs_off = self.time_out().is_some_and(|end| end <= now);
        if runs_off {
            self.time_out = TimeOut::Over;
        }
        runs_off
    }

    fn depth(&self) -> usize {
        self.fifo_depth.unwrap_or(1)
    }

    fn restart_time_out(&mut self, now: Instant, character: Duration) {
        self.time_out = if self.fifo_depth.is_some() && !self.bytes.is_empty() {
            TimeOut::Running(now + character * TIME_OUT_CHARACTERS)
        } else {
            TimeOut::Off
        };
    }
}

fn line_errors(fault: LineFault) -> u8 {
    let mut errors = 0;
    if fault.parity {
        errors |= LSR_PARITY;
    }
    if fault.framing {
        errors |= LSR_FRAMING;
    }
    if fault.break_condition {
        // The line is low where the stop bit should be, too.
        errors |= LSR_BREAK | LSR_FRAMING;
    }
    errors
}
