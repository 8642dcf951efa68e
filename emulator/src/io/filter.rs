//! Handles of filters.

use portcls::types::{GUID, NTSTATUS};

use super::pin::Pin;

/// A handle of a filter, which may outlive the device. Clones are the same handle; the last one
/// closes it.
#[derive(Clone)]
pub struct Filter {}

/// What a filter says of a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinInfo {
    /// `KSPIN_DATAFLOW_IN` (1: towards the device) or `KSPIN_DATAFLOW_OUT` (2).
    pub dataflow: i32,
    /// One of the `KSPIN_COMMUNICATION_…` values.
    pub communication: i32,
    /// Whether one of its data ranges is that of raw MIDI.
    pub is_midi: bool,
}

impl Filter {
    /// How many pins the filter has.
    #[must_use]
    pub fn pin_count(&self) -> u32 {
        todo!()
    }

    /// What the filter says of its pins.
    ///
    /// # Errors
    /// The status of the first property that can't be read.
    pub fn pins(&self) -> Result<Vec<PinInfo>, NTSTATUS> {
        todo!()
    }

    /// The name of a pin (`KSPROPERTY_PIN_NAME`).
    ///
    /// # Errors
    /// `STATUS_NOT_FOUND` if it has none, or the driver's status.
    pub fn pin_name(&self, pin: u32) -> Result<String, NTSTATUS> {
        let _ = pin;
        todo!()
    }

    /// Reads a property. `instance` is what follows the `KSPROPERTY` in the request, `capacity` the size
    /// of the buffer for the value.
    ///
    /// # Errors
    /// The status with which the request ends.
    pub fn property(
        &self,
        set: GUID,
        id: u32,
        instance: &[u8],
        capacity: usize,
    ) -> Result<Vec<u8>, NTSTATUS> {
        let _ = (set, id, instance, capacity);
        todo!()
    }

    /// Sends a property request with any verb (`KSPROPERTY_TYPE_…`), like [`Self::property`]; returns
    /// the status and the size that the driver named or filled in.
    pub fn property_request(
        &self,
        set: GUID,
        id: u32,
        verb: u32,
        instance: &[u8],
        value: &mut [u8],
    ) -> (NTSTATUS, usize) {
        let _ = (set, id, verb, instance, value);
        todo!()
    }

    /// Opens a pin.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a pin that can't be opened, `STATUS_DEVICE_BUSY` if all instances
    /// are in use, `STATUS_DEVICE_REMOVED` if the device is gone, or the driver's status.
    pub fn open_pin(&self, pin: u32) -> Result<Pin, NTSTATUS> {
        let _ = pin;
        todo!()
    }
}
