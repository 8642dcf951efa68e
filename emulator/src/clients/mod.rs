//! The Windows components that use MIDI ports, as far as a driver can tell.
//!
//! Clients act by themselves while virtual time passes.

mod input;
pub mod midisrv;
mod output;
mod records;
mod wdmaud;

use std::time::Duration;

use portcls::types::NTSTATUS;

use crate::io::filter::Filter;
use crate::time::Instant;

pub use input::Input;
pub use output::Output;

/// A Windows component that uses MIDI ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Windows MIDI Services: one record per request, one request at a time.
    MidiSrv,
    /// The classic system driver: several records per request, several requests at a time.
    Wdmaud,
}

impl Client {
    /// Opens a pin to write to and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open_output(self, filter: &Filter, pin: u32) -> Result<Output, NTSTATUS> {
        let manner = match self {
            Self::MidiSrv => midisrv::WRITES,
            Self::Wdmaud => wdmaud::WRITES,
        };
        Output::open(filter, pin, manner)
    }

    /// Opens a pin to read from and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open_input(self, filter: &Filter, pin: u32) -> Result<Input, NTSTATUS> {
        let manner = match self {
            Self::MidiSrv => midisrv::READS,
            Self::Wdmaud => wdmaud::READS,
        };
        Input::open(filter, pin, manner)
    }
}

/// Bytes that reached a client together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// When they reached it.
    pub at: Instant,
    /// The record's `TimeDeltaMs`.
    pub stamp: Duration,
    /// When they arrived, by the client's reckoning.
    pub stamped: Instant,
    /// The bytes.
    pub bytes: Vec<u8>,
}
