//! Windows MIDI Services: one record per request, one request at a time.

use portcls::types::NTSTATUS;

use super::Received;
use crate::io::filter::Filter;
use crate::io::pin::Pin;

/// A pin that Windows MIDI Services lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The pin's number.
    pub pin: u32,
    /// Whether bytes come from it; else they go to it.
    pub input: bool,
    /// Its name, if the filter gives it one.
    pub name: Option<String>,
}

/// Lists the MIDI pins of a filter as Windows MIDI Services does: each is opened and closed once, and
/// one that can't be opened is not listed.
///
/// # Errors
/// The status of a property without which the whole filter is left out.
pub fn enumerate(filter: &Filter) -> Result<Vec<Endpoint>, NTSTATUS> {
    let _ = filter;
    todo!()
}

/// An output of Windows MIDI Services.
pub struct MidiSrvOutput {}

impl MidiSrvOutput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        let _ = (filter, pin);
        todo!()
    }

    /// Queues a message, which becomes one request.
    pub fn send(&self, message: &[u8]) {
        let _ = message;
        todo!()
    }

    /// Bytes of messages whose request has not been completed.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        todo!()
    }

    /// Whether every message has been completed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        todo!()
    }

    /// Requests that timed out.
    #[must_use]
    pub fn timeouts(&self) -> u32 {
        todo!()
    }

    /// Whether the output was disabled after three timeouts in a row.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        todo!()
    }

    /// Requests that did not even end within 500 ms after they were cancelled.
    #[must_use]
    pub fn leaked_requests(&self) -> u32 {
        todo!()
    }

    /// Requests that ended with an error: how many, and the last status.
    #[must_use]
    pub fn failures(&self) -> (u64, Option<NTSTATUS>) {
        todo!()
    }

    /// The open pin.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        todo!()
    }

    /// Closes the output in good order.
    pub fn close(self) {
        todo!()
    }

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        todo!()
    }
}

/// An input of Windows MIDI Services.
pub struct MidiSrvInput {}

impl MidiSrvInput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        let _ = (filter, pin);
        todo!()
    }

    /// Takes what has been received since this was last asked.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        todo!()
    }

    /// How many bytes have been received in all.
    #[must_use]
    pub fn received_total(&self) -> u64 {
        todo!()
    }

    /// The open pin.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        todo!()
    }

    /// Closes the input in good order; returns what was received and not taken yet.
    #[must_use]
    pub fn close(self) -> Vec<Received> {
        todo!()
    }

    /// The client dies: its handle is closed with a request outstanding.
    pub fn abandon(self) {
        todo!()
    }
}
