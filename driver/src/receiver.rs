//! The way in: what becomes of the bytes that a UART receives.

use crate::counters::Counters;
use crate::ring::{Ring, Storage};
use crate::uart::Received;

/// Whether somebody listens. Belongs to whoever holds the device's lock.
#[derive(Debug, Default)]
pub struct Receiver {
    listening: bool,
    /// Bytes came in that the port has not been told of.
    untold: bool,
}

impl Receiver {
    /// Starts or stops to keep what comes in.
    pub fn listen(&mut self, listening: bool) {
        self.listening = listening;
    }

    /// Whether a byte that comes in finds a place. Where nobody listens, there is always one.
    pub fn has_room<S: Storage>(&self, ring: &Ring<S>) -> bool {
        !self.listening || ring.room() > 0
    }

    /// Takes in what the UART received. A damaged byte is dropped; if the ring is full, so is the
    /// new byte, as those before it are in order.
    pub fn take_in<S: Storage>(&mut self, received: Received, ring: &Ring<S>, counters: &Counters) {
        match received {
            Received::Byte(byte) => {
                counters.bytes_received.count();
                if !self.listening {
                    counters.bytes_unheard.count();
                } else if ring.put(&[byte]) == 1 {
                    self.untold = true;
                } else {
                    counters.receive_overflows.count();
                }
            }
            Received::FramingError => counters.framing_errors.count(),
            Received::ParityError => counters.parity_errors.count(),
            Received::Break => counters.breaks.count(),
            Received::Overrun => counters.overruns.count(),
        }
    }

    /// Whether the port is to be told that bytes came in; each burst is told once.
    pub fn tell(&mut self) -> bool {
        core::mem::take(&mut self.untold)
    }
}
