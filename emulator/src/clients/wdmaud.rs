//! The classic system driver: several records per request, several requests at a time.

use portcls::types::NTSTATUS;

use super::Received;
use crate::io::filter::Filter;
use crate::io::pin::Pin;

/// An output of the classic system driver.
pub struct WdmaudOutput {}

impl WdmaudOutput {
    /// Opens a pin and brings it to RUN.
    ///
    /// # Errors
    /// The status of the step that failed.
    pub fn open(filter: &Filter, pin: u32) -> Result<Self, NTSTATUS> {
        let _ = (filter, pin);
        todo!()
    }

    /// Queues a message; several short ones may share a request, a long one has its own.
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

/// An input of the classic system driver.
pub struct WdmaudInput {}

impl WdmaudInput {
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

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        todo!()
    }
}
