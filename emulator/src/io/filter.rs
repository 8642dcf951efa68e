//! Handles of filters.

use std::rc::Rc;

use portcls::com::ComPtr;
use portcls::guid::{KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC, KSPROPSETID_Pin};
use portcls::interfaces::IPortMidi;
use portcls::ks::{
    KSPROPERTY_PIN_COMMUNICATION, KSPROPERTY_PIN_CTYPES, KSPROPERTY_PIN_DATAFLOW,
    KSPROPERTY_PIN_DATARANGES, KSPROPERTY_PIN_NAME, KSPROPERTY_TYPE_GET,
};
use portcls::status::{STATUS_BUFFER_OVERFLOW, STATUS_INVALID_PARAMETER, check};
use portcls::types::{GUID, NTSTATUS};

use super::packet::send;
use super::pin::Pin;
use crate::machine::Machine;
use crate::ntddk::{IRP_MJ_CLOSE, IRP_MJ_CREATE};
use crate::portclass::adapter::Adapter;
use crate::portclass::port_midi::properties::PropertyQuestion;
use crate::portclass::port_midi::{OpenPin, Port};

/// Bytes of a `KSMULTIPLE_ITEM`.
const MULTIPLE_ITEM: usize = 8;
/// Where a data range has its major format.
const MAJOR_FORMAT: usize = 16;
/// Where a data range has its subformat.
const SUB_FORMAT: usize = 32;

/// A handle of a filter, which may outlive the device. Clones are the same handle; the last one, or
/// the last pin that was opened with it, closes it.
#[derive(Clone)]
pub struct Filter {
    pub(crate) handle: Rc<FilterHandle>,
}

/// The handle itself.
pub(crate) struct FilterHandle {
    pub(crate) machine: Rc<Machine>,
    adapter: Rc<Adapter>,
    port: Rc<Port>,
    /// Keeps the port's object.
    reference: Option<ComPtr<IPortMidi>>,
}

impl Drop for FilterHandle {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The scenario has failed: the driver is left alone.
            std::mem::forget(self.reference.take());
            return;
        }
        // Closing can't fail.
        let _ = send(&self.machine, &self.adapter, IRP_MJ_CLOSE, 0, [0; 4]);
        self.port.close_handle(&self.machine);
        drop(self.reference.take());
    }
}

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
    pub(crate) fn open(
        machine: &Rc<Machine>,
        adapter: &Rc<Adapter>,
        port: &Rc<Port>,
    ) -> Result<Self, NTSTATUS> {
        // The handle counts from here on, so that the port does not go while the driver is asked.
        port.open_handle()?;
        let reference = port.reference();
        if let Err(status) = check(send(machine, adapter, IRP_MJ_CREATE, 0, [0; 4])) {
            port.close_handle(machine);
            drop(reference);
            return Err(status);
        }
        Ok(Self {
            handle: Rc::new(FilterHandle {
                machine: Rc::clone(machine),
                adapter: Rc::clone(adapter),
                port: Rc::clone(port),
                reference,
            }),
        })
    }

    /// How many pins the filter has.
    #[must_use]
    pub fn pin_count(&self) -> u32 {
        self.property(KSPROPSETID_Pin, KSPROPERTY_PIN_CTYPES, &[], 4)
            .ok()
            .and_then(|value| value.try_into().ok())
            .map_or(0, u32::from_ne_bytes)
    }

    /// What the filter says of its pins.
    ///
    /// # Errors
    /// The status of the first property that can't be read.
    pub fn pins(&self) -> Result<Vec<PinInfo>, NTSTATUS> {
        (0..self.pin_count()).map(|pin| self.pin(pin)).collect()
    }

    /// What the filter says of a pin.
    ///
    /// # Errors
    /// The status of the first property that can't be read.
    pub fn pin(&self, pin: u32) -> Result<PinInfo, NTSTATUS> {
        let number = |id| {
            let value = self.property(KSPROPSETID_Pin, id, &instance(pin), 4)?;
            let value = value.try_into().map_err(|_| STATUS_INVALID_PARAMETER)?;
            Ok::<i32, NTSTATUS>(i32::from_ne_bytes(value))
        };
        Ok(PinInfo {
            dataflow: number(KSPROPERTY_PIN_DATAFLOW)?,
            communication: number(KSPROPERTY_PIN_COMMUNICATION)?,
            is_midi: self.is_midi(pin)?,
        })
    }

    fn is_midi(&self, pin: u32) -> Result<bool, NTSTATUS> {
        let ranges = self.sized_property(KSPROPERTY_PIN_DATARANGES, pin)?;
        let mut rest = ranges.get(MULTIPLE_ITEM..).unwrap_or_default();
        let major = memory_of(&KSDATAFORMAT_TYPE_MUSIC);
        let sub = memory_of(&KSDATAFORMAT_SUBTYPE_MIDI);
        while let Some(size) = rest.get(..4) {
            let size = size.try_into().map_or(0, u32::from_ne_bytes) as usize;
            let formats = rest.get(MAJOR_FORMAT..SUB_FORMAT + 16).unwrap_or_default();
            if formats.starts_with(&major) && formats.ends_with(&sub) {
                return Ok(true);
            }
            rest = rest
                .get(size.next_multiple_of(8).max(8)..)
                .unwrap_or_default();
        }
        Ok(false)
    }

    /// Reads a property of a pin whose size is asked for first.
    fn sized_property(&self, id: u32, pin: u32) -> Result<Vec<u8>, NTSTATUS> {
        let set = KSPROPSETID_Pin;
        let (status, size) =
            self.property_request(set, id, KSPROPERTY_TYPE_GET, &instance(pin), &mut []);
        if status != STATUS_BUFFER_OVERFLOW {
            check(status)?;
        }
        self.property(set, id, &instance(pin), size)
    }

    /// The name of a pin (`KSPROPERTY_PIN_NAME`).
    ///
    /// # Errors
    /// `STATUS_NOT_FOUND` if it has none, or the driver's status.
    pub fn pin_name(&self, pin: u32) -> Result<String, NTSTATUS> {
        let bytes = self.sized_property(KSPROPERTY_PIN_NAME, pin)?;
        let (units, _) = bytes.as_chunks();
        let units = units.iter().map(|unit| u16::from_ne_bytes(*unit));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        Ok(String::from_utf16_lossy(&units))
    }

    /// Reads a property. `instance` is what follows the `KSPROPERTY` in the request, `capacity` the
    /// size of the buffer for the value.
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
        let mut value = vec![0; capacity];
        let (status, size) =
            self.property_request(set, id, KSPROPERTY_TYPE_GET, instance, &mut value);
        if status != 0 {
            return Err(status);
        }
        value.truncate(size);
        Ok(value)
    }

    /// Sends a property request with any verb (`KSPROPERTY_TYPE_…`), like [`Self::property`];
    /// returns the status, and the size that the driver named or filled in.
    pub fn property_request(
        &self,
        set: GUID,
        id: u32,
        verb: u32,
        instance: &[u8],
        value: &mut [u8],
    ) -> (NTSTATUS, usize) {
        let mut question = PropertyQuestion {
            set,
            id,
            verb,
            instance,
            value,
        };
        self.handle
            .port
            .property(&self.handle.machine, &mut question)
    }

    /// Opens a pin.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a pin that can't be opened, `STATUS_DEVICE_BUSY` if all
    /// instances are in use, `STATUS_DEVICE_REMOVED` if the device is gone, or the driver's status.
    pub fn open_pin(&self, pin: u32) -> Result<Pin, NTSTATUS> {
        let handle = &self.handle;
        let number = Rc::as_ptr(handle).addr();
        let open = OpenPin::open(&handle.machine, &handle.port, number, pin)?;
        Ok(Pin::new(handle, open))
    }
}

/// The tail of a `KSP_PIN`.
fn instance(pin: u32) -> [u8; 8] {
    let mut tail = [0; 8];
    tail[..4].copy_from_slice(&pin.to_ne_bytes());
    tail
}

/// A GUID as it lies in memory.
fn memory_of(guid: &GUID) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&guid.Data1.to_ne_bytes());
    bytes[4..6].copy_from_slice(&guid.Data2.to_ne_bytes());
    bytes[6..8].copy_from_slice(&guid.Data3.to_ne_bytes());
    bytes[8..].copy_from_slice(&guid.Data4);
    bytes
}
