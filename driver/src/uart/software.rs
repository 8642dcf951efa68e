//! A UART in software: what is sent comes back, as by a cable from its output to its input.

use super::{Budget, Exchange, Received, Setup, Silenced, Turn, Uart};
use crate::kernel::clock::{InterruptTime, MICROSECOND, MILLISECOND, microseconds};

/// Bytes in the FIFO: 20 ms of music, longer than a timer is late when the system is busy.
const FIFO_DEPTH: usize = 64;
/// How long a byte takes on a MIDI wire.
const BYTE_TIME: InterruptTime = 320 * MICROSECOND;
/// Bytes that are handed over in a turn when nothing holds them up; at some nanoseconds each this is
/// far below the limit for a turn.
const MOST_BYTES_PER_TURN: u32 = 512;
/// How long an unpaced byte waits for room at the reader; then it is lost, as on a wire. Well before the
/// writes that come to nothing meanwhile make the UART count as dead.
const LONGEST_HOLD: InterruptTime = 50 * MILLISECOND;

/// A UART in software.
pub struct SoftwareUart {
    paced: bool,
    fifo: [u8; FIFO_DEPTH],
    first: usize,
    length: usize,
    /// When the byte at the front of the FIFO has left, if the UART is paced.
    leaves_at: InterruptTime,
    /// Since when the reader has had no room, if it has none.
    held_since: Option<InterruptTime>,
}

impl SoftwareUart {
    /// A UART that passes bytes at MIDI's 31 250 baud, or at once if not `paced`.
    #[must_use]
    pub const fn new(paced: bool) -> Self {
        Self {
            paced,
            fifo: [0; FIFO_DEPTH],
            first: 0,
            length: 0,
            leaves_at: 0,
            held_since: None,
        }
    }

    fn push(&mut self, byte: u8, now: InterruptTime) {
        if self.length == 0 {
            // The wire was idle; a byte that is due later than that is still on it.
            self.leaves_at = self.leaves_at.max(now) + BYTE_TIME;
        }
        self.fifo[(self.first + self.length) % FIFO_DEPTH] = byte;
        self.length += 1;
    }

    fn pop(&mut self) -> Option<u8> {
        if self.length == 0 {
            return None;
        }
        let byte = self.fifo[self.first];
        self.first = (self.first + 1) % FIFO_DEPTH;
        self.length -= 1;
        Some(byte)
    }

    /// Whether the reader takes a byte now: it has room, or has had none for too long.
    fn reader_takes(&mut self, exchange: &impl Exchange, now: InterruptTime) -> bool {
        if exchange.has_room() {
            self.held_since = None;
            return true;
        }
        let since = *self.held_since.get_or_insert(now);
        now.saturating_sub(since) >= LONGEST_HOLD
    }

    fn turn_paced(&mut self, exchange: &mut impl Exchange, now: InterruptTime) -> Turn {
        let mut turn = Turn::default();
        while self.leaves_at <= now
            && let Some(byte) = self.pop()
        {
            exchange.received(Received::Byte(byte));
            turn.received += 1;
            if self.length > 0 {
                self.leaves_at += BYTE_TIME;
            }
        }
        while self.length < FIFO_DEPTH
            && let Some(byte) = exchange.next()
        {
            self.push(byte, now);
            turn.sent += 1;
        }
        turn
    }

    fn turn_unpaced(&mut self, exchange: &mut impl Exchange, now: InterruptTime) -> Turn {
        let mut turn = Turn::default();
        for _ in 0..MOST_BYTES_PER_TURN {
            if !exchange.has_next() || !self.reader_takes(exchange, now) {
                return turn;
            }
            if let Some(byte) = exchange.next() {
                exchange.received(Received::Byte(byte));
                turn.received += 1;
                turn.sent += 1;
            }
        }
        turn.unfinished = exchange.has_next();
        turn
    }
}

impl Uart for SoftwareUart {
    fn begin_setup(&mut self) {
        *self = Self::new(self.paced);
    }

    fn setup(&mut self, _now: InterruptTime) -> Setup {
        Setup::Ready
    }

    fn silence(&mut self, _budget: &mut Budget) -> Silenced {
        Silenced {
            was_active: false,
            is_quiet: true,
        }
    }

    fn is_interrupting(&mut self, _budget: &mut Budget) -> bool {
        false
    }

    fn turn(
        &mut self,
        exchange: &mut impl Exchange,
        now: InterruptTime,
        _budget: &mut Budget,
    ) -> Turn {
        if self.paced {
            self.turn_paced(exchange, now)
        } else {
            self.turn_unpaced(exchange, now)
        }
    }

    fn longest_hold(&self) -> u32 {
        // Paced, a FIFO that is full has room again after a byte's time.
        microseconds(if self.paced { BYTE_TIME } else { LONGEST_HOLD })
    }

    fn drain_time(&mut self, now: InterruptTime) -> u32 {
        if self.length == 0 {
            return 0;
        }
        let behind = BYTE_TIME * (self.length as InterruptTime - 1);
        microseconds((self.leaves_at + behind).saturating_sub(now))
    }

    fn answers(&mut self) -> bool {
        true
    }

    fn quiesce(&mut self, _now: InterruptTime) -> Setup {
        self.length = 0;
        Setup::Ready
    }
}
