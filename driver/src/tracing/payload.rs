//! The values of an event's fields, one behind the other.

use core::ffi::CStr;

use super::in_type;
use crate::parameters::PortName;

/// More than the fields of any event need.
const CAPACITY: usize = 128;

/// Values that are put down for an event.
pub(crate) struct Payload {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Payload {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            length: 0,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

/// The value of a field.
pub(crate) trait Put {
    /// What type of field it is for.
    const IN_TYPE: u8;

    /// Puts the value down.
    fn put(&self, payload: &mut Payload);
}

impl Put for u32 {
    const IN_TYPE: u8 = in_type::UINT32;

    fn put(&self, payload: &mut Payload) {
        payload.put_bytes(&self.to_le_bytes());
    }
}

/// A status code.
impl Put for i32 {
    const IN_TYPE: u8 = in_type::HEX32;

    fn put(&self, payload: &mut Payload) {
        payload.put_bytes(&self.to_le_bytes());
    }
}

impl Put for bool {
    const IN_TYPE: u8 = in_type::BOOL32;

    fn put(&self, payload: &mut Payload) {
        u32::from(*self).put(payload);
    }
}

impl Put for &CStr {
    const IN_TYPE: u8 = in_type::CLOSED_TEXT;

    fn put(&self, payload: &mut Payload) {
        payload.put_bytes(self.to_bytes_with_nul());
    }
}

impl Put for PortName {
    const IN_TYPE: u8 = in_type::COUNTED_UTF16;

    fn put(&self, payload: &mut Payload) {
        let units = self.units();
        // A name has 31 units at most.
        let length = u16::try_from(size_of_val(units)).unwrap_or(0);
        payload.put_bytes(&length.to_le_bytes());
        for unit in units {
            payload.put_bytes(&unit.to_le_bytes());
        }
    }
}
