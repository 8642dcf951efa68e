//! The way out: what a write may put into the ring, and when a UART that takes nothing is dead.
//!
//! A UART is busy as long as it makes progress, however full the ring is. One that has accepted no byte
//! for [`DEAD_AFTER`] while bytes waited, or during [`BUSY_WRITES`] writes in a row that came to
//! nothing, is dead: what waits is thrown away and the next write reports it, once. Both limits are for
//! MIDI's rate; a UART whose FIFO takes longer to empty is given twice that time.

use crate::counters::Counters;
use crate::kernel::clock::{InterruptTime, MICROSECOND, MILLISECOND};
use crate::ring::{Ring, Storage};

/// How long a UART may accept nothing while bytes wait. A client is to hear of it within 500 ms, and
/// neither the timer that looks nor the client that asks again comes on the instant.
pub const DEAD_AFTER: InterruptTime = 470 * MILLISECOND;
/// As many writes in a row that come to nothing, while the UART accepts nothing, mean that it is dead
/// (WDK sample `DMusUART`); the port writes again every millisecond, and in 100 ms a healthy wire takes
/// 312 bytes.
pub const BUSY_WRITES: u32 = 100;
/// Writes that follow each other faster than this count as one.
pub const BUSY_WRITE_SPACING: InterruptTime = 900 * MICROSECOND;
/// Part of a request that was not taken whole is a multiple of this (`IMiniportMidiStream::Write`).
pub const PARTIAL_WRITE_UNIT: usize = 4;

/// How many of `length` bytes a write takes when the ring has `room`: all, or a smaller multiple of
/// four, or none.
#[must_use]
pub const fn bytes_to_take(length: usize, room: usize) -> usize {
    if length <= room {
        length
    } else {
        room - room % PARTIAL_WRITE_UNIT
    }
}

/// Whether the UART makes progress. Belongs to whoever holds the device's lock.
#[derive(Debug, Default)]
pub struct Transmitter {
    /// The longest time for which a healthy UART accepts nothing.
    longest_hold: InterruptTime,
    /// Since when bytes wait and none was accepted.
    waiting_since: Option<InterruptTime>,
    busy_writes: u32,
    busy_since: InterruptTime,
    last_busy_write: InterruptTime,
    /// The UART was found dead, and has accepted no byte since then.
    given_up: bool,
    /// The client has not been told yet that the UART was found dead.
    death_unreported: bool,
}

impl Transmitter {
    /// The UART was set up, or has lost its power: what was seen of it before does not count any more.
    /// `longest_hold` is the longest time for which it accepts nothing while it is healthy.
    ///
    /// A death that the client has not been told of stays: its bytes are lost all the same.
    pub fn restart(&mut self, longest_hold: InterruptTime) {
        *self = Self {
            longest_hold,
            death_unreported: self.death_unreported,
            ..Self::default()
        };
    }

    /// Another client begins to write, or the same one begins again: what was lost before is not its own.
    pub fn forget_death(&mut self) {
        self.death_unreported = false;
    }

    /// Whether the UART was found dead, and has not gone on by itself since then.
    #[must_use]
    pub const fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// A turn of the UART is over: it accepted `sent` bytes, and some still wait or not. Throws away
    /// what waits if the UART is dead now; returns whether it was found dead.
    pub fn turn_over<S: Storage>(
        &mut self,
        sent: u32,
        ring: &Ring<S>,
        now: InterruptTime,
        counters: &Counters,
    ) -> bool {
        counters.bytes_sent.add(sent);
        if sent > 0 {
            self.busy_writes = 0;
            self.waiting_since = None;
            self.given_up = false;
        }
        if ring.is_empty() {
            self.waiting_since = None;
            return false;
        }
        let since = *self.waiting_since.get_or_insert(now);
        if now.saturating_sub(since) < DEAD_AFTER.max(self.patience()) {
            return false;
        }
        self.die(ring, counters);
        true
    }

    /// A write of at least one byte took none; returns whether the UART was found dead.
    pub fn busy_write<S: Storage>(
        &mut self,
        ring: &Ring<S>,
        now: InterruptTime,
        counters: &Counters,
    ) -> bool {
        let too_soon = now.saturating_sub(self.last_busy_write) < BUSY_WRITE_SPACING;
        if self.busy_writes > 0 && too_soon {
            return false;
        }
        if self.busy_writes == 0 {
            self.busy_since = now;
        }
        self.busy_writes += 1;
        self.last_busy_write = now;
        if self.busy_writes < BUSY_WRITES || now.saturating_sub(self.busy_since) < self.patience() {
            return false;
        }
        self.die(ring, counters);
        true
    }

    /// The registers read as if no chip was there: what waits has nowhere to go.
    pub fn chip_is_missing<S: Storage>(&mut self, ring: &Ring<S>, counters: &Counters) -> bool {
        counters.missing_chip.count();
        if ring.is_empty() {
            // Nothing was lost, so that there is nothing to report.
            self.given_up = true;
            return false;
        }
        self.die(ring, counters);
        true
    }

    /// The UART can't go on as it is.
    pub fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether a write has to report that the UART was found dead; each death is reported once.
    pub fn tell_death(&mut self) -> bool {
        core::mem::take(&mut self.death_unreported)
    }

    /// For how long the UART has to accept nothing before that can mean that it is dead: a full FIFO of a
    /// slow UART is full for longer than the limits that hold for MIDI's rate.
    const fn patience(&self) -> InterruptTime {
        2 * self.longest_hold
    }

    fn die<S: Storage>(&mut self, ring: &Ring<S>, counters: &Counters) {
        let discarded = ring.clear();
        counters.deaths.count();
        counters.bytes_discarded.add_usize(discarded);
        self.restart(self.longest_hold);
        self.given_up = true;
        self.death_unreported = true;
    }
}
