//! Windows MIDI Services: one record per request, one request at a time.

use std::time::Duration;

use portcls::ks::{KSPIN_COMMUNICATION_NONE, KSPIN_DATAFLOW_OUT};
use portcls::types::NTSTATUS;

use super::input::{ReadingManner, Stamps};
use super::output::{Manner, Patience};
use crate::io::filter::Filter;
use crate::midi_input::Requestor;

/// One message, one request; patience as in Windows MIDI Services' `MidiKs.cpp`.
pub(super) const WRITES: Manner = Manner {
    records: 1,
    requests: 1,
    patience: Some(Patience {
        request: Duration::from_secs(4),
        byte: Duration::from_millis(1),
        grace: Duration::from_millis(500),
        timeouts: 3,
    }),
};

/// One read at a time, of which the first record counts. The record's `TimeDeltaMs` is added to the
/// moment at which the pin was opened, whatever the header says (`ReadAbandonableMidiData` in Windows
/// MIDI Services' `MidiKs.cpp`).
pub(super) const READS: ReadingManner = ReadingManner {
    reads: 1,
    first_only: true,
    requestor: Requestor::User,
    stamps: Stamps::SinceOpening,
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
