//! Windows MIDI Services: one record per request, one request at a time.

use std::time::Duration;

use portcls::ks::{KSPIN_COMMUNICATION_NONE, KSPIN_DATAFLOW_OUT};
use portcls::types::NTSTATUS;

use super::Received;
use super::input::Input;
use super::output::{Manner, Output, Patience};
use crate::io::filter::Filter;
use crate::io::pin::Pin;

/// One message, one request; patience as in Windows MIDI Services' `MidiKs.cpp`.
const MANNER: Manner = Manner {
    records: 1,
    requests: 1,
    patience: Some(Patience {
        request: Duration::from_secs(4),
        byte: Duration::from_millis(1),
        grace: Duration::from_millis(500),
        timeouts: 3,
    }),
};

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
    let mut endpoints = Vec::new();
    for pin in 0..filter.pin_count() {
        let info = filter.pin(pin)?;
        if info.communication == KSPIN_COMMUNICATION_NONE || !info.is_midi {
            continue;
        }
        let Ok(open) = filter.open_pin(pin) else {
            continue;
        };
        drop(open);
        endpoints.push(Endpoint {
            pin,
            input: info.dataflow == KSPIN_DATAFLOW_OUT,
            name: filter.pin_name(pin).ok(),
        });
    }
    Ok(endpoints)
}

/// An output of Windows MIDI Services.
pub struct MidiSrvOutput(Output);

impl MidiSrvOutput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        Output::open(filter, pin, MANNER).map(Self)
    }

    /// Queues a message, which becomes one request.
    pub fn send(&self, message: &[u8]) {
        self.0.send(message);
    }

    /// Bytes of messages whose request has not been completed.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.0.queued_bytes()
    }

    /// Whether every message has been completed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    /// Requests that timed out.
    #[must_use]
    pub fn timeouts(&self) -> u32 {
        self.0.troubles().timeouts
    }

    /// Whether the output was disabled after three timeouts in a row.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.0.troubles().disabled
    }

    /// Requests that did not even end within 500 ms after they were cancelled.
    #[must_use]
    pub fn leaked_requests(&self) -> u32 {
        self.0.troubles().leaked
    }

    /// Requests that ended with an error: how many, and the last status.
    #[must_use]
    pub fn failures(&self) -> (u64, Option<NTSTATUS>) {
        let troubles = self.0.troubles();
        (troubles.failures, troubles.last_failure)
    }

    /// The open pin.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        self.0.pin()
    }

    /// Closes the output in good order.
    pub fn close(self) {
        self.0.close();
    }

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        self.0.abandon();
    }
}

/// An input of Windows MIDI Services.
pub struct MidiSrvInput(Input);

impl MidiSrvInput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        Input::open(filter, pin, 1, true).map(Self)
    }

    /// Takes what has been received since this was last asked.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        self.0.take_received()
    }

    /// How many bytes have been received in all.
    #[must_use]
    pub fn received_total(&self) -> u64 {
        self.0.received_total()
    }

    /// The open pin.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        self.0.pin()
    }

    /// Closes the input in good order; returns what was received and not taken yet.
    #[must_use]
    pub fn close(self) -> Vec<Received> {
        self.0.close()
    }

    /// The client dies: its handle is closed with a request outstanding.
    pub fn abandon(self) {
        self.0.abandon();
    }
}
