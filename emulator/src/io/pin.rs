//! Handles of pins.

use std::time::Duration;

use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::KSSTATE;
use portcls::types::NTSTATUS;

use super::request::{Completion, PinStatistics, RequestId};

/// A handle of an open pin, which may outlive the device. Dropping it closes it: requests that are
/// outstanding are cancelled, and the stream is stopped and released.
pub struct Pin {}

impl Pin {
    /// Changes the state, through all states between.
    #[must_use]
    pub fn set_state(&self, state: KSSTATE) -> NTSTATUS {
        let _ = state;
        todo!()
    }

    /// The state that was last set.
    #[must_use]
    pub fn state(&self) -> KSSTATE {
        todo!()
    }

    /// Sends packed `KSMUSICFORMAT` records. The first is due at `presentation` plus its delta,
    /// counted from the pin's RUN; what is overdue is sent at once.
    pub fn submit_write(&self, records: &[u8], presentation: Duration) -> RequestId {
        let _ = (records, presentation);
        todo!()
    }

    /// Offers a buffer for packed `KSMUSICFORMAT` records.
    pub fn submit_read(&self, capacity: usize) -> RequestId {
        let _ = capacity;
        todo!()
    }

    /// How a request ended, once, if it has ended.
    pub fn poll(&self, request: RequestId) -> Option<Completion> {
        let _ = request;
        todo!()
    }

    /// Cancels a request; returns whether it was outstanding.
    pub fn cancel(&self, request: RequestId) -> bool {
        let _ = request;
        todo!()
    }

    /// How many requests are outstanding.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        todo!()
    }

    /// What the pin has done so far.
    #[must_use]
    pub fn statistics(&self) -> PinStatistics {
        todo!()
    }

    /// The driver's stream, for conformance tests.
    #[must_use]
    pub fn stream(&self) -> ComPtr<IMiniportMidiStream> {
        todo!()
    }
}
