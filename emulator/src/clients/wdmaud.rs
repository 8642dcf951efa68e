//! The classic system driver: several records per request, several requests at a time.

use super::input::{ReadingManner, Stamps};
use super::output::Manner;
use crate::midi_input::Requestor;

/// Several short messages share a request, and several requests are under way. It waits without
/// limit.
pub(super) const WRITES: Manner = Manner {
    records: 8,
    requests: 4,
    patience: None,
};

/// Several reads are pended, and all records of each count. It is a driver, and it stamps what arrives by
/// its own clock (a maintainer of Windows MIDI Services on the classic components: microsoft/MIDI#1146).
pub(super) const READS: ReadingManner = ReadingManner {
    reads: 4,
    first_only: false,
    requestor: Requestor::Kernel,
    stamps: Stamps::OwnClock,
};
