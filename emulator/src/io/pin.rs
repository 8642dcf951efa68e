//! Handles of pins.

use std::rc::Rc;
use std::time::Duration;

use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::KSSTATE;
use portcls::types::NTSTATUS;

use super::filter::FilterHandle;
use super::request::{Completion, PinStatistics, RequestId};
use crate::machine::Machine;
use crate::midi_input::Requestor;
use crate::portclass::port_midi::OpenPin;

/// A handle of an open pin, which may outlive the device. Dropping it closes it: requests that are
/// outstanding are cancelled, and the stream is stopped and released.
pub struct Pin {
    filter: Rc<FilterHandle>,
    open: Rc<OpenPin>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The scenario has failed: the driver is left alone.
            std::mem::forget(Rc::clone(&self.open));
        } else {
            self.open.close(self.machine());
        }
    }
}

impl Pin {
    pub(crate) fn new(filter: &Rc<FilterHandle>, open: Rc<OpenPin>) -> Self {
        Self {
            filter: Rc::clone(filter),
            open,
        }
    }

    fn machine(&self) -> &Machine {
        &self.filter.machine
    }

    /// The pin itself, for clients that go on by themselves.
    pub(crate) fn open(&self) -> &Rc<OpenPin> {
        &self.open
    }

    /// Changes the state, through all states between.
    #[must_use]
    pub fn set_state(&self, state: KSSTATE) -> NTSTATUS {
        self.open.set_state(self.machine(), state)
    }

    /// The state that was last set.
    #[must_use]
    pub fn state(&self) -> KSSTATE {
        self.open.state()
    }

    /// Sends packed `KSMUSICFORMAT` records. The first is due at `presentation` plus its delta,
    /// counted from the pin's RUN; what is overdue is sent at once.
    #[expect(
        clippy::must_use_candidate,
        reason = "what it does matters more than what it returns"
    )]
    pub fn submit_write(&self, records: &[u8], presentation: Duration) -> RequestId {
        let records = records.to_vec();
        self.open
            .submit_write(self.machine(), records, presentation, None)
    }

    /// Offers a buffer for packed `KSMUSICFORMAT` records.
    #[expect(
        clippy::must_use_candidate,
        reason = "what it does matters more than what it returns"
    )]
    pub fn submit_read(&self, capacity: usize) -> RequestId {
        self.open
            .submit_read(self.machine(), capacity, Requestor::User, None)
    }

    /// How a request ended, once, if it has ended.
    #[must_use]
    pub fn poll(&self, request: RequestId) -> Option<Completion> {
        self.open.poll(request)
    }

    /// Cancels a request; returns whether it was outstanding.
    #[expect(
        clippy::must_use_candidate,
        reason = "what it does matters more than what it returns"
    )]
    pub fn cancel(&self, request: RequestId) -> bool {
        self.open.cancel(self.machine(), request)
    }

    /// How many requests are outstanding.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.open.outstanding()
    }

    /// What the pin has done so far.
    #[must_use]
    pub fn statistics(&self) -> PinStatistics {
        self.open.statistics()
    }

    /// The driver's stream, for conformance tests.
    ///
    /// # Panics
    /// Never: an open pin has a stream.
    #[must_use]
    pub fn stream(&self) -> ComPtr<IMiniportMidiStream> {
        self.open.stream().expect("an open pin has a stream")
    }
}
