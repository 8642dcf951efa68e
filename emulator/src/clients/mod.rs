//! The Windows components that use MIDI ports, as far as a driver can tell.
//!
//! Clients act by themselves while virtual time passes.

mod input;
pub mod midisrv;
mod output;
mod records;
pub mod wdmaud;

use std::time::Duration;

use crate::time::Instant;

/// Bytes that reached a client together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// When they reached it.
    pub at: Instant,
    /// The port's time stamp, counted from the pin's RUN.
    pub stamp: Duration,
    /// The bytes.
    pub bytes: Vec<u8>,
}
