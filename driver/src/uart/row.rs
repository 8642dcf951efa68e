//! Bytes that are read one after the other, with another one to be read each time.

use crate::kernel::clock::{InterruptTime, microseconds};

/// Bytes that may be read in a row beyond those that come over the wire meanwhile: 64 lie in the deepest receive FIFO
/// that is known (Bochs sb16.cc, TI TL16C750), and the row may have begun long before it is looked at.
const MOST_AT_ONCE: u32 = 128;
/// Bytes over the wire after which they are taken off both sides, as the numbers have 32 bits.
const SETTLED: u32 = 10_000;

/// A row of bytes. One that is longer than what a FIFO holds and the wire brings is none of a chip that works: it
/// always says that there is a byte.
#[derive(Debug, Default)]
pub(super) struct Row {
    read: u32,
    since: InterruptTime,
    stuck: bool,
}

impl Row {
    /// There is nothing to be read: the next byte begins another row.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// There is a byte to be read; returns whether it can be one. `byte_time` is how many microseconds a byte takes on
    /// the wire. Once it was none, the following are none either until the row ends.
    pub(super) fn goes_on(&mut self, now: InterruptTime, byte_time: u32) -> bool {
        if self.read == 0 {
            self.since = now;
        }
        self.read = self.read.saturating_add(1);
        // (A division of 64 bits would call a function that no kernel exports for x86.)
        let over_the_wire = microseconds(now.saturating_sub(self.since)) / byte_time.max(1);
        self.stuck |= self.read > MOST_AT_ONCE.saturating_add(over_the_wire);
        if over_the_wire >= SETTLED {
            self.read = self.read.saturating_sub(over_the_wire).max(1);
            self.since = now;
        }
        !self.stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::MICROSECOND;

    const BYTE_TIME: u32 = 320;

    #[test]
    fn what_a_fifo_holds_and_the_wire_brings_is_no_sign_of_a_fault_however_long_it_lasts() {
        let mut row = Row::default();
        // More than an hour and a quarter, which microseconds in 32 bits don't last.
        for byte in 0..15_000_000 {
            let now = byte * u64::from(BYTE_TIME) * MICROSECOND;
            assert!(row.goes_on(now, BYTE_TIME), "byte {byte}");
        }
    }

    #[test]
    fn more_than_that_is_stuck_until_there_is_nothing_to_read() {
        let mut row = Row::default();
        let good = (0..1000).take_while(|_| row.goes_on(7, BYTE_TIME)).count();
        assert_eq!(good, MOST_AT_ONCE as usize);
        let much_later = 1_000_000_000;
        assert!(!row.goes_on(much_later, BYTE_TIME));
        row.end();
        assert!(row.goes_on(much_later, BYTE_TIME));
    }
}
