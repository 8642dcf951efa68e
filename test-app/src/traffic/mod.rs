//! Seeded traffic for stress runs.

pub mod generator;
pub mod lane;
pub mod mix;
mod pieces;

use std::time::Duration;

use crate::midi::wire_time;

/// One thing to do on one direction of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hand these bytes over as one record.
    Send(Vec<u8>),
    /// Let the wire be idle for this long after all before has left.
    Pause(Duration),
    /// Close and open again.
    Reopen,
}

impl Action {
    /// The time on the wire that it takes.
    #[must_use]
    pub fn cost(&self) -> Duration {
        match self {
            Self::Send(bytes) => wire_time(bytes.len()),
            Self::Pause(length) => *length,
            Self::Reopen => Duration::ZERO,
        }
    }
}
