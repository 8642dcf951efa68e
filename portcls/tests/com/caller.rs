//! Calls through the tables as the system makes them, with pointers that may be null.

use core::ptr::null_mut;

use portcls::com::ComPtr;
use portcls::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IServiceGroup, IUnknown, Interface,
};
use portcls::ks::KSDATAFORMAT;
use portcls::types::{GUID, NTSTATUS, PVOID};

/// The object's reference count, which the calls for references return.
pub fn references<I: Interface>(object: &ComPtr<I>) -> u32 {
    // SAFETY: the object is live.
    unsafe { IUnknown::AddRef(object.as_unknown()) };
    // SAFETY: this is the reference just taken.
    unsafe { IUnknown::Release(object.as_unknown()) }
}

/// Something that is not null and leads nowhere: what a careless caller leaves in an out pointer.
pub fn garbage<T>() -> *mut T {
    core::ptr::without_provenance_mut(0x6BAD_6BAD_usize & !0xF)
}

/// Asks by a GUID; returns the status and what stands in the out pointer afterwards.
pub fn query(object: *mut IUnknown, name: &GUID) -> (NTSTATUS, PVOID) {
    let mut found = garbage();
    // SAFETY: the tests pass live objects.
    let status = unsafe { IUnknown::QueryInterface(object, name, &raw mut found) };
    (status, found)
}

/// The address by which the object is known as `IUnknown`.
pub fn identity<I: Interface>(object: &ComPtr<I>) -> usize {
    let unknown: ComPtr<IUnknown> = object.query().expect("every object is one");
    unknown.as_ptr().addr()
}

/// Calls `Init`; returns the status and the service group's out pointer.
pub fn init(
    miniport: &ComPtr<IMiniportMidi>,
    port: *mut IPortMidi,
) -> (NTSTATUS, *mut IServiceGroup) {
    let mut group = garbage();
    // SAFETY: the miniport is live, the port is live or null.
    let status = unsafe {
        IMiniportMidi::Init(
            miniport.as_ptr(),
            null_mut(),
            null_mut(),
            port,
            &raw mut group,
        )
    };
    (status, group)
}

/// What `NewStream` left behind.
pub struct Opened {
    pub status: NTSTATUS,
    pub stream: *mut IMiniportMidiStream,
    pub group: *mut IServiceGroup,
}

pub fn new_stream(
    miniport: &ComPtr<IMiniportMidi>,
    outer: *mut IUnknown,
    pin: u32,
    format: Option<&mut KSDATAFORMAT>,
) -> Opened {
    let (mut stream, mut group) = (garbage(), garbage());
    let format = format.map_or(null_mut(), core::ptr::from_mut);
    // SAFETY: the miniport is live, the other pointers are live or null.
    let status = unsafe {
        IMiniportMidi::NewStream(
            miniport.as_ptr(),
            &raw mut stream,
            outer,
            0,
            pin,
            1,
            format,
            &raw mut group,
        )
    };
    Opened {
        status,
        stream,
        group,
    }
}

/// Opens a pin as it should be.
pub fn stream(miniport: &ComPtr<IMiniportMidi>) -> ComPtr<IMiniportMidiStream> {
    let mut format = crate::objects::MIDI;
    let opened = new_stream(miniport, null_mut(), crate::objects::PIN, Some(&mut format));
    assert_eq!(opened.status, 0);
    // SAFETY: the reference is the receiver's.
    drop(unsafe { ComPtr::from_owned(opened.group) });
    // SAFETY: the reference is the receiver's.
    unsafe { ComPtr::from_owned(opened.stream) }.expect("a stream")
}

/// Writes; `count` starts with a number that is no answer.
pub fn write(stream: &ComPtr<IMiniportMidiStream>, bytes: &[u8]) -> (NTSTATUS, u32) {
    let mut count = u32::MAX;
    let length = u32::try_from(bytes.len()).expect("few bytes");
    let buffer = bytes.as_ptr().cast_mut().cast();
    // SAFETY: the stream is live, and it only reads the buffer.
    let status =
        unsafe { IMiniportMidiStream::Write(stream.as_ptr(), buffer, length, &raw mut count) };
    (status, count)
}

/// Asks for a common format with a buffer of `capacity` bytes, of which `format` has that many.
pub fn intersection(
    miniport: &ComPtr<IMiniport>,
    pin: u32,
    capacity: u32,
    format: Option<&mut [u8; 80]>,
) -> (NTSTATUS, u32) {
    let mut length = u32::MAX;
    let mut range = crate::objects::MIDI;
    let format = format.map_or(null_mut(), |format| format.as_mut_ptr().cast());
    // SAFETY: the miniport is live; `format` is null or holds more than any capacity tested.
    let status = unsafe {
        IMiniport::DataRangeIntersection(
            miniport.as_ptr(),
            pin,
            &raw mut range,
            &raw mut range,
            capacity,
            format,
            &raw mut length,
        )
    };
    (status, length)
}
