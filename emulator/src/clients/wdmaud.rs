//! The classic system driver: several records per request, several requests at a time.

use portcls::types::NTSTATUS;

use super::Received;
use super::input::Input;
use super::output::{Manner, Output};
use crate::io::filter::Filter;
use crate::io::pin::Pin;

/// Several short messages share a request, and several requests are under way. It waits without
/// limit.
const MANNER: Manner = Manner {
    records: 8,
    requests: 4,
    patience: None,
};
/// Reads that an input keeps pended.
const READS: usize = 4;

/// An output of the classic system driver.
pub struct WdmaudOutput(Output);

impl WdmaudOutput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        Output::open(filter, pin, MANNER).map(Self)
    }

    /// Queues a message; several short ones may share a request, a long one has its own.
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

/// An input of the classic system driver.
pub struct WdmaudInput(Input);

impl WdmaudInput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        Input::open(filter, pin, READS, false).map(Self)
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

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        self.0.abandon();
    }
}
