//! [`MiniportMidiStream`]: a stream of a MIDI miniport in Rust.

use core::slice;

use crate::com::{Class, Face, Object, unknown_table};
use crate::guid::IID_IMiniportMidiStream;
use crate::interfaces::{IMiniportMidiStream, IMiniportMidiStreamVtbl};
use crate::ks::{KSDATAFORMAT, KSSTATE, PKSDATAFORMAT};
use crate::status::{Outcome, STATUS_INVALID_PARAMETER, STATUS_SUCCESS, failure, status_of};
use crate::types::{NTSTATUS, PVOID, ULONG};

/// Implements `IMiniportMidiStream`.
pub trait MiniportMidiStream: Class {
    /// Changes the data format. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a format that the pin does not take.
    fn set_format(&self, format: &KSDATAFORMAT) -> Outcome<()>;

    /// Changes the state. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` if the device can't run.
    fn set_state(&self, state: KSSTATE) -> Outcome<()>;

    /// Takes received bytes out; returns how many, 0 when there are no more. `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` on a stream that renders.
    fn read(&self, buffer: &mut [u8]) -> Outcome<usize>;

    /// Sends bytes; returns how many were taken: all, or a smaller multiple of four, or 0 when
    /// busy. `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` on a stream that captures, `STATUS_IO_DEVICE_ERROR` if the
    /// device does not take bytes any more.
    fn write(&self, bytes: &[u8]) -> Outcome<usize>;
}

impl<T: MiniportMidiStream> Face<T> {
    /// `IMiniportMidiStream` as face number `FACE` of the class.
    #[must_use]
    pub const fn miniport_midi_stream<const FACE: usize>() -> Self {
        let table = const {
            &IMiniportMidiStreamVtbl {
                base: unknown_table::<T, FACE>(),
                SetFormat: set_format::<T, FACE>,
                SetState: set_state::<T, FACE>,
                Read: read::<T, FACE>,
                Write: write::<T, FACE>,
            }
        };
        // SAFETY: all functions of the table are those of this face.
        unsafe { Self::new::<IMiniportMidiStream>(FACE, table, &[IID_IMiniportMidiStream]) }
    }
}

/// Reports a count through an out pointer.
///
/// # Safety
/// `count` can be written to.
unsafe fn report(outcome: Outcome<usize>, count: *mut ULONG) -> NTSTATUS {
    let (transferred, status) = match outcome {
        // A count never exceeds the caller's length, which is 32 bits wide.
        Ok(transferred) => (ULONG::try_from(transferred).unwrap_or(0), STATUS_SUCCESS),
        Err(status) => (0, failure(status)),
    };
    // SAFETY: the caller's promise.
    unsafe { count.write(transferred) };
    status
}

crate::system_abi! {
    unsafe fn set_format[T: MiniportMidiStream, const FACE: usize](
        this: *mut IMiniportMidiStream,
        format: PKSDATAFORMAT
    ) -> NTSTATUS {
        // SAFETY: null, or a format of the caller's.
        let Some(format) = (unsafe { format.as_ref() }) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        status_of(object.value().set_format(format))
    }

    unsafe fn set_state[T: MiniportMidiStream, const FACE: usize](
        this: *mut IMiniportMidiStream,
        state: KSSTATE
    ) -> NTSTATUS {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        status_of(object.value().set_state(state))
    }

    unsafe fn read[T: MiniportMidiStream, const FACE: usize](
        this: *mut IMiniportMidiStream,
        buffer: PVOID,
        capacity: ULONG,
        bytes_read: *mut ULONG
    ) -> NTSTATUS {
        if bytes_read.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let buffer: &mut [u8] = if buffer.is_null() {
            &mut []
        } else {
            // SAFETY: the caller's buffer holds that many bytes.
            unsafe { slice::from_raw_parts_mut(buffer.cast(), capacity as usize) }
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { report(object.value().read(buffer), bytes_read) }
    }

    unsafe fn write[T: MiniportMidiStream, const FACE: usize](
        this: *mut IMiniportMidiStream,
        buffer: PVOID,
        length: ULONG,
        bytes_written: *mut ULONG
    ) -> NTSTATUS {
        if bytes_written.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let bytes: &[u8] = if buffer.is_null() {
            &[]
        } else {
            // SAFETY: the caller's buffer holds that many bytes.
            unsafe { slice::from_raw_parts(buffer.cast(), length as usize) }
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { report(object.value().write(bytes), bytes_written) }
    }
}
