//! The sending half of a UART: a FIFO and the shift register behind it.

use std::collections::VecDeque;
use std::time::Duration;

use super::chip::WireByte;
use crate::time::Instant;

/// A transmit FIFO that feeds a shift register without gaps.
#[derive(Clone, Debug)]
pub(super) struct Transmitter {
    waiting: VecDeque<u8>,
    depth: usize,
    shifting: Option<WireByte>,
    frozen: bool,
}

impl Transmitter {
    /// An idle transmitter whose FIFO holds `depth` bytes, one at least.
    pub(super) fn new(depth: usize) -> Self {
        let depth = depth.max(1);
        Self {
            waiting: VecDeque::with_capacity(depth),
            depth,
            shifting: None,
            frozen: false,
        }
    }

    /// Changes how many bytes the FIFO takes from now on, one at least.
    pub(super) fn set_depth(&mut self, depth: usize) {
        self.depth = depth.max(1);
    }

    /// Whether the FIFO takes another byte.
    pub(super) fn has_room(&self) -> bool {
        !self.frozen && self.waiting.len() < self.depth
    }

    /// How many bytes wait in the FIFO; the one in the shift register is not counted.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether FIFO and shift register are both empty.
    pub(super) fn is_idle(&self) -> bool {
        self.shifting.is_none() && self.waiting.is_empty()
    }

    /// Takes a byte; an idle shift register starts with it at once. Says whether there was room.
    pub(super) fn push(&mut self, value: u8, now: Instant, character: Duration) -> bool {
        if !self.has_room() {
            return false;
        }
        self.waiting.push_back(value);
        if self.shifting.is_none() {
            self.start_next(now, character);
        }
        true
    }

    /// When the byte in the shift register will be out.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.shifting
            .filter(|_| !self.frozen)
            .map(|shifting| shifting.end)
    }

    /// The byte that the shift register has finished by `now`, if any; the next byte's start bit
    /// follows its stop bit.
    pub(super) fn finish(&mut self, now: Instant, character: Duration) -> Option<WireByte> {
        if self.frozen {
            return None;
        }
        let finished = self.shifting.take_if(|shifting| shifting.end <= now)?;
        self.start_next(finished.end, character);
        Some(finished)
    }

    /// Stops everything where it is.
    pub(super) const fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Goes on after [`Transmitter::freeze`]: the interrupted byte is sent again from its start
    /// bit, since the far end cannot have read it.
    pub(super) fn thaw(&mut self, now: Instant, character: Duration) {
        if !self.frozen {
            return;
        }
        self.frozen = false;
        if let Some(interrupted) = self.shifting {
            self.start(interrupted.value, now, character);
        }
    }

    /// Empties the FIFO, not the shift register, and tells how many bytes were thrown away.
    pub(super) fn discard_waiting(&mut self) -> u64 {
        let discarded = self.waiting.len() as u64;
        self.waiting.clear();
        discarded
    }

    /// Loses its power: empties FIFO and shift register, and tells how many bytes had not begun.
    pub(super) fn lose_power(&mut self) -> u64 {
        self.shifting = None;
        self.discard_waiting()
    }

    fn start_next(&mut self, start: Instant, character: Duration) {
        if let Some(value) = self.waiting.pop_front() {
            self.start(value, start, character);
        }
    }

    fn start(&mut self, value: u8, start: Instant, character: Duration) {
        self.shifting = Some(WireByte {
            start,
            end: start + character,
            value,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHARACTER: Duration = Duration::from_micros(320);

    fn at(microseconds: u64) -> Instant {
        Instant::from_nanos(microseconds * 1_000)
    }

    #[test]
    fn holds_its_depth_and_the_byte_on_the_wire() {
        let mut transmitter = Transmitter::new(2);
        assert!(transmitter.push(1, at(5), CHARACTER));
        assert_eq!(transmitter.waiting(), 0);
        assert!(transmitter.push(2, at(6), CHARACTER));
        assert!(transmitter.push(3, at(7), CHARACTER));
        assert!(!transmitter.push(4, at(8), CHARACTER));
        assert_eq!(transmitter.next_end(), Some(at(325)));
    }

    #[test]
    fn a_finished_byte_is_followed_without_a_gap() {
        let mut transmitter = Transmitter::new(4);
        for value in 1..=3 {
            transmitter.push(value, at(0), CHARACTER);
        }
        let mut ends = Vec::new();
        while let Some(byte) = transmitter.finish(at(100_000), CHARACTER) {
            ends.push((byte.value, byte.start, byte.end));
        }
        assert_eq!(
            ends,
            [
                (1, at(0), at(320)),
                (2, at(320), at(640)),
                (3, at(640), at(960))
            ]
        );
        assert!(transmitter.is_idle());
    }

    #[test]
    fn a_frozen_byte_starts_again() {
        let mut transmitter = Transmitter::new(4);
        transmitter.push(1, at(0), CHARACTER);
        transmitter.push(2, at(0), CHARACTER);
        transmitter.freeze();
        assert_eq!(transmitter.next_end(), None);
        assert_eq!(transmitter.finish(at(5_000), CHARACTER), None);
        assert!(!transmitter.push(3, at(5_000), CHARACTER));
        transmitter.thaw(at(9_000), CHARACTER);
        assert_eq!(
            transmitter.finish(at(9_319), CHARACTER),
            None,
            "not before a whole character has passed"
        );
        assert_eq!(
            transmitter.finish(at(9_320), CHARACTER).map(|b| b.value),
            Some(1)
        );
        assert_eq!(
            transmitter.finish(at(9_640), CHARACTER).map(|b| b.value),
            Some(2)
        );
    }
}
