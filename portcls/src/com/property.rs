//! [`PropertyRequest`]: a property request with its protocol.

use core::mem::MaybeUninit;
use core::slice;

use crate::com::{Class, Object, Own};
use crate::descriptors::PCPROPERTY_REQUEST;
use crate::ks::{KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET};
use crate::status::{
    Outcome, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
};
use crate::types::ULONG;

/// A property request that a handler answers, at `PASSIVE_LEVEL`.
pub struct PropertyRequest<'a>(&'a mut PCPROPERTY_REQUEST);

impl PropertyRequest<'_> {
    /// Wraps the argument of a property handler.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if it is null.
    ///
    /// # Safety
    /// `request` is null or what the port gave to the handler, for `'a`.
    pub unsafe fn new(request: *mut PCPROPERTY_REQUEST) -> Outcome<Self> {
        // SAFETY: the caller's promise.
        unsafe { request.as_mut() }
            .map(Self)
            .ok_or(STATUS_INVALID_PARAMETER)
    }

    /// The miniport that is asked, as an object of class `T` whose face 0 is its miniport
    /// interface.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if the request names none.
    ///
    /// # Safety
    /// The handler stands only in descriptions of miniports of class `T`.
    pub unsafe fn miniport<T: Class>(&self) -> Outcome<Own<T>> {
        // SAFETY: the port keeps its miniport live during the request.
        unsafe { Object::<T>::own_face::<0, _>(self.0.MajorTarget) }.ok_or(STATUS_INVALID_PARAMETER)
    }

    /// The pin that the request names (the tail of a `KSP_PIN`).
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if it names none.
    pub fn pin(&self) -> Outcome<u32> {
        let size = self.0.InstanceSize as usize;
        if self.0.Instance.is_null() || size < size_of::<ULONG>() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        // SAFETY: the instance has at least that many bytes, aligned or not.
        Ok(unsafe { self.0.Instance.cast::<ULONG>().read_unaligned() })
    }

    /// Answers a read with `bytes`, and a question for support with "can be read".
    ///
    /// # Errors
    /// `STATUS_BUFFER_OVERFLOW` with the size set if the caller only asks for it,
    /// `STATUS_BUFFER_TOO_SMALL` if the value does not fit,
    /// `STATUS_INVALID_DEVICE_REQUEST` for any other verb.
    pub fn answer(&mut self, bytes: &[u8]) -> Outcome<()> {
        if self.0.Verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
            let access = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
            return self.put(&access.to_ne_bytes());
        }
        if self.0.Verb & KSPROPERTY_TYPE_GET == 0 {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Outcome<()> {
        let needed = ULONG::try_from(bytes.len()).map_err(|_| STATUS_INVALID_PARAMETER)?;
        let room = self.0.ValueSize;
        self.0.ValueSize = needed;
        if room == 0 {
            return Err(STATUS_BUFFER_OVERFLOW);
        }
        if room < needed || self.0.Value.is_null() {
            return Err(STATUS_BUFFER_TOO_SMALL);
        }
        let value = self.0.Value.cast::<MaybeUninit<u8>>();
        // SAFETY: the caller's buffer holds at least that many bytes.
        let value = unsafe { slice::from_raw_parts_mut(value, bytes.len()) };
        for (to, from) in value.iter_mut().zip(bytes) {
            to.write(*from);
        }
        Ok(())
    }
}
