//! [`MiniportMidi`]: a MIDI miniport in Rust.

use core::ptr::null_mut;

use crate::com::{Class, ComPtr, Face, Object, Own, unknown_table};
use crate::descriptors::PCFILTER_DESCRIPTOR;
use crate::guid::{IID_IMiniport, IID_IMiniportMidi};
use crate::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IMiniportMidiVtbl, IMiniportVtbl, IPortMidi,
    IResourceList, IServiceGroup, IUnknown,
};
use crate::ks::{KSDATAFORMAT, KSDATARANGE, PKSDATAFORMAT, PKSDATARANGE};
use crate::status::{
    Outcome, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER,
    STATUS_NOT_SUPPORTED, STATUS_SUCCESS, failure,
};
use crate::types::{BOOLEAN, NTSTATUS, POOL_TYPE, PVOID, ULONG};

/// What the port asks for when a pin is opened.
#[derive(Clone, Copy, Debug)]
pub struct StreamRequest {
    /// Index of the pin in the filter's description.
    pub pin: u32,
    /// Data flows from the device to the host.
    pub capture: bool,
    /// The format of the data.
    pub format: KSDATAFORMAT,
}

/// Implements `IMiniportMidi`.
pub trait MiniportMidi: Class {
    /// The filter's description. `PASSIVE_LEVEL`.
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR;

    /// The format that a client's data range and one of pin `pin` have in common.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_NO_MATCH` if there is none.
    fn data_range_intersection(
        &self,
        pin: u32,
        client_range: &KSDATARANGE,
        own_range: &KSDATARANGE,
    ) -> Outcome<KSDATAFORMAT>;

    /// Binds the miniport to its port and resources; returns its service group. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// Whatever makes the device unusable; all that was taken has been given back then.
    fn init(
        this: &Own<Self>,
        adapter: Option<ComPtr<IUnknown>>,
        resources: Option<ComPtr<IResourceList>>,
        port: ComPtr<IPortMidi>,
    ) -> Outcome<Option<ComPtr<IServiceGroup>>>;

    /// The service group was notified. `DISPATCH_LEVEL`.
    fn service(&self);

    /// Opens a pin; returns the stream and its service group. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a pin that there isn't,
    /// `STATUS_INVALID_DEVICE_REQUEST` for one too many.
    fn new_stream(
        this: &Own<Self>,
        request: &StreamRequest,
    ) -> Outcome<(ComPtr<IMiniportMidiStream>, Option<ComPtr<IServiceGroup>>)>;
}

impl<T: MiniportMidi> Face<T> {
    /// `IMiniportMidi` as face number `FACE` of the class.
    #[must_use]
    pub const fn miniport_midi<const FACE: usize>() -> Self {
        let table = const {
            &IMiniportMidiVtbl {
                base: IMiniportVtbl {
                    base: unknown_table::<T, FACE>(),
                    GetDescription: get_description::<T, FACE>,
                    DataRangeIntersection: data_range_intersection::<T, FACE>,
                },
                Init: init::<T, FACE>,
                Service: service::<T, FACE>,
                NewStream: new_stream::<T, FACE>,
            }
        };
        // SAFETY: all functions of the table are those of this face.
        unsafe { Self::new::<IMiniportMidi>(FACE, table, &[IID_IMiniportMidi, IID_IMiniport]) }
    }
}

crate::system_abi! {
    unsafe fn get_description[T: MiniportMidi, const FACE: usize](
        this: *mut IMiniport,
        description: *mut *const PCFILTER_DESCRIPTOR
    ) -> NTSTATUS {
        if description.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { description.write(object.value().description()) };
        STATUS_SUCCESS
    }

    unsafe fn data_range_intersection[T: MiniportMidi, const FACE: usize](
        this: *mut IMiniport,
        pin: ULONG,
        client_range: PKSDATARANGE,
        own_range: PKSDATARANGE,
        format_capacity: ULONG,
        format: PVOID,
        format_length: *mut ULONG
    ) -> NTSTATUS {
        const LENGTH: ULONG = 64;
        const { assert!(size_of::<KSDATAFORMAT>() == LENGTH as usize) };
        // SAFETY: null, or a data range of the caller's.
        let client_range = unsafe { client_range.as_ref() };
        // SAFETY: null, or a data range of the caller's.
        let own_range = unsafe { own_range.as_ref() };
        let (Some(client_range), Some(own_range)) = (client_range, own_range) else {
            return STATUS_INVALID_PARAMETER;
        };
        if format_length.is_null() || (format_capacity >= LENGTH && format.is_null()) {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        let common = object
            .value()
            .data_range_intersection(pin, client_range, own_range);
        let common = match common {
            Ok(common) => common,
            Err(status) => return failure(status),
        };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { format_length.write(LENGTH) };
        match format_capacity {
            0 => STATUS_BUFFER_OVERFLOW,
            1..LENGTH => STATUS_BUFFER_TOO_SMALL,
            _ => {
                // SAFETY: the caller's buffer holds that many bytes, aligned or not.
                unsafe { format.cast::<KSDATAFORMAT>().write_unaligned(common) };
                STATUS_SUCCESS
            }
        }
    }

    unsafe fn init[T: MiniportMidi, const FACE: usize](
        this: *mut IMiniportMidi,
        adapter: *mut IUnknown,
        resources: *mut IResourceList,
        port: *mut IPortMidi,
        service_group: *mut *mut IServiceGroup
    ) -> NTSTATUS {
        if service_group.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { service_group.write(null_mut()) };
        // SAFETY: null, or an interface of the caller's.
        let adapter = unsafe { ComPtr::from_borrowed(adapter) };
        // SAFETY: as above.
        let resources = unsafe { ComPtr::from_borrowed(resources) };
        // SAFETY: as above.
        let Some(port) = (unsafe { ComPtr::from_borrowed(port) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let Some(this) = (unsafe { Object::<T>::own_face::<FACE, _>(this) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        match T::init(&this, adapter, resources, port) {
            Ok(group) => {
                let group = group.map_or(null_mut(), ComPtr::into_owned);
                // SAFETY: as above.
                unsafe { service_group.write(group) };
                STATUS_SUCCESS
            }
            Err(status) => failure(status),
        }
    }

    unsafe fn service[T: MiniportMidi, const FACE: usize](this: *mut IMiniportMidi) {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        unsafe { Object::<T>::from_face::<FACE, _>(this) }.value().service();
    }

    unsafe fn new_stream[T: MiniportMidi, const FACE: usize](
        this: *mut IMiniportMidi,
        stream: *mut *mut IMiniportMidiStream,
        outer: *mut IUnknown,
        _pool: POOL_TYPE,
        pin: ULONG,
        capture: BOOLEAN,
        format: PKSDATAFORMAT,
        service_group: *mut *mut IServiceGroup
    ) -> NTSTATUS {
        if stream.is_null() || service_group.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { stream.write(null_mut()) };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { service_group.write(null_mut()) };
        if !outer.is_null() {
            return STATUS_NOT_SUPPORTED;
        }
        // SAFETY: null, or a format of the caller's.
        let Some(format) = (unsafe { format.as_ref() }) else {
            return STATUS_INVALID_PARAMETER;
        };
        let request = StreamRequest {
            pin,
            capture: capture != 0,
            format: *format,
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let Some(this) = (unsafe { Object::<T>::own_face::<FACE, _>(this) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        match T::new_stream(&this, &request) {
            Ok((new_stream, group)) => {
                // SAFETY: as above.
                unsafe { stream.write(new_stream.into_owned()) };
                let group = group.map_or(null_mut(), ComPtr::into_owned);
                // SAFETY: as above.
                unsafe { service_group.write(group) };
                STATUS_SUCCESS
            }
            Err(status) => failure(status),
        }
    }
}
