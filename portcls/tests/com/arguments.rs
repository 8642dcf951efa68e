//! What the functions in the tables do with their arguments.

use core::ptr::null_mut;
use std::sync::Arc;

use portcls::com::ComPtr;
use portcls::interfaces::{
    IAdapterPowerManagement, IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi,
    IPowerNotify, IServiceSink,
};
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_RUN};
use portcls::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_DEVICE_NOT_READY,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
    STATUS_NO_MATCH, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3, POWER_STATE};

use crate::caller::{init, intersection, new_stream, references, stream, write};
use crate::counting_pool::{Counted as _, pool};
use crate::objects::{Device, FILTER, MIDI, PIN, Port, Record};

#[test]
fn a_description_is_the_class_own() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniport> = device.into_interface().expect("a face");
    let mut description = core::ptr::null();
    // SAFETY: the miniport is live.
    let status = unsafe { IMiniport::GetDescription(miniport.as_ptr(), &raw mut description) };
    assert_eq!((status, description), (STATUS_SUCCESS, &raw const FILTER));
    // SAFETY: null is what is tested.
    let status = unsafe { IMiniport::GetDescription(miniport.as_ptr(), null_mut()) };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
}

#[test]
fn an_intersection_follows_the_size_protocol() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniport> = device.into_interface().expect("a face");
    let untouched = [0xAA; 80];
    for (capacity, expected) in [
        (0, STATUS_BUFFER_OVERFLOW),
        (1, STATUS_BUFFER_TOO_SMALL),
        (63, STATUS_BUFFER_TOO_SMALL),
        (64, STATUS_SUCCESS),
        (80, STATUS_SUCCESS),
    ] {
        let mut format = untouched;
        let answer = intersection(&miniport, PIN, capacity, Some(&mut format));
        assert_eq!(answer, (expected, 64), "{capacity}");
        if expected == STATUS_SUCCESS {
            assert_eq!(format[..4], 64_u32.to_ne_bytes());
            assert_eq!(format[16..20], MIDI.MajorFormat.Data1.to_ne_bytes());
            assert_eq!(format[56..64], MIDI.Specifier.Data4);
            assert_eq!(format[64..], untouched[64..], "nothing behind the format");
        } else {
            assert_eq!(format, untouched);
        }
    }
    assert_eq!(
        intersection(&miniport, PIN, 0, None),
        (STATUS_BUFFER_OVERFLOW, 64)
    );
    assert_eq!(
        intersection(&miniport, PIN, 64, None),
        (STATUS_INVALID_PARAMETER, u32::MAX)
    );
    assert_eq!(
        intersection(&miniport, 9, 0, None),
        (STATUS_NO_MATCH, u32::MAX)
    );
}

#[test]
fn an_intersection_needs_ranges_and_a_length() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniport> = device.into_interface().expect("a face");
    let mut range = MIDI;
    let range = &raw mut range;
    let mut length = 0;
    let length = &raw mut length;
    for (client, own, length) in [
        (null_mut(), range, length),
        (range, null_mut(), length),
        (range, range, null_mut()),
    ] {
        // SAFETY: the miniport is live, and null is what is tested.
        let status = unsafe {
            IMiniport::DataRangeIntersection(
                miniport.as_ptr(),
                PIN,
                client,
                own,
                0,
                null_mut(),
                length,
            )
        };
        assert_eq!(status, STATUS_INVALID_PARAMETER);
    }
}

#[test]
fn init_gives_a_service_group_and_keeps_no_more_than_it_should() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let port = Port::<Heap>::make(&record).expect("memory");
    let device = Device::<Heap>::make(&record).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let (status, group) = init(&miniport, port.as_ptr());
    assert_eq!(status, STATUS_SUCCESS);
    // SAFETY: the reference is the receiver's.
    let group = unsafe { ComPtr::from_owned(group) }.expect("a group");
    assert_eq!(references(&group), 1);
    assert_eq!((references(&port), references(&miniport)), (1, 1));
    assert_eq!(record.calls(), 1, "the group was registered");
    drop((group, miniport, port));
    assert_eq!(Heap::live(), 0);
}

#[test]
fn a_failing_init_leaves_null_and_no_references() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let port = Port::<Heap>::make(&record).expect("memory");
    let device = Device::<Heap>::make_with(&record, true).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let answers = [
        (init(&miniport, port.as_ptr()), STATUS_DEVICE_NOT_READY),
        (init(&miniport, null_mut()), STATUS_INVALID_PARAMETER),
    ];
    for ((status, group), expected) in answers {
        assert_eq!((status, group.addr()), (expected, 0));
    }
    // SAFETY: null is what is tested.
    let status = unsafe {
        let (this, port) = (miniport.as_ptr(), port.as_ptr());
        IMiniportMidi::Init(this, null_mut(), null_mut(), port, null_mut())
    };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
    assert_eq!((references(&port), references(&miniport)), (1, 1));
}

#[test]
fn a_failing_new_stream_leaves_null_and_no_references() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let mut format = MIDI;
    let outer = miniport.as_unknown();
    let answers = [
        (
            new_stream(&miniport, null_mut(), 9, Some(&mut format)),
            STATUS_INVALID_DEVICE_REQUEST,
        ),
        (
            new_stream(&miniport, null_mut(), PIN, None),
            STATUS_INVALID_PARAMETER,
        ),
        (
            new_stream(&miniport, outer, PIN, Some(&mut format)),
            STATUS_NOT_SUPPORTED,
        ),
    ];
    for (opened, expected) in answers {
        let left = (opened.status, opened.stream.addr(), opened.group.addr());
        assert_eq!(left, (expected, 0, 0));
    }
    assert_eq!((references(&miniport), Heap::live()), (1, 1));
}

#[test]
fn a_new_stream_needs_both_answers() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let mut format = MIDI;
    let (mut stream, mut group) = (null_mut(), null_mut());
    for (stream, group) in [(null_mut(), &raw mut group), (&raw mut stream, null_mut())] {
        // SAFETY: null is what is tested.
        let status = unsafe {
            IMiniportMidi::NewStream(
                miniport.as_ptr(),
                stream,
                null_mut(),
                0,
                PIN,
                0,
                &raw mut format,
                group,
            )
        };
        assert_eq!(status, STATUS_INVALID_PARAMETER);
    }
    assert_eq!(Heap::live(), 1);
}

#[test]
fn a_stream_reports_status_and_count() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let stream = stream(&device.into_interface().expect("a face"));
    assert_eq!(write(&stream, &[]), (STATUS_SUCCESS, 0));
    assert_eq!(write(&stream, &[0x90, 60, 100]), (STATUS_SUCCESS, 3));
    assert_eq!(write(&stream, &[0; 7]), (STATUS_SUCCESS, 4));
    assert_eq!(write(&stream, &[0xFF]), (STATUS_INVALID_DEVICE_REQUEST, 0));
    let mut buffer = [0_u8; 6];
    let mut count = u32::MAX;
    let target = buffer.as_mut_ptr().cast();
    // SAFETY: the buffer holds that many bytes.
    let status = unsafe { IMiniportMidiStream::Read(stream.as_ptr(), target, 6, &raw mut count) };
    assert_eq!((status, count), (STATUS_SUCCESS, 4));
    assert_eq!(buffer, [0xFE, 0xFE, 0xFE, 0xFE, 0, 0]);
    let mut format = MIDI;
    // SAFETY: the stream and the format are live.
    let status = unsafe { IMiniportMidiStream::SetFormat(stream.as_ptr(), &raw mut format) };
    assert_eq!(status, STATUS_SUCCESS);
    for (state, expected) in [
        (KSSTATE_ACQUIRE, STATUS_SUCCESS),
        (KSSTATE_RUN, STATUS_INVALID_DEVICE_STATE),
    ] {
        // SAFETY: the stream is live.
        let status = unsafe { IMiniportMidiStream::SetState(stream.as_ptr(), state) };
        assert_eq!(status, expected);
    }
}

#[test]
fn a_stream_survives_null() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let stream = stream(&device.into_interface().expect("a face"));
    let this = stream.as_ptr();
    let mut byte = 0_u8;
    let buffer = (&raw mut byte).cast();
    // SAFETY: null is what is tested.
    let format = unsafe { IMiniportMidiStream::SetFormat(this, null_mut()) };
    // SAFETY: null is what is tested.
    let read = unsafe { IMiniportMidiStream::Read(this, buffer, 1, null_mut()) };
    // SAFETY: null is what is tested.
    let written = unsafe { IMiniportMidiStream::Write(this, buffer, 1, null_mut()) };
    assert_eq!([format, read, written], [STATUS_INVALID_PARAMETER; 3]);
    let mut count = u32::MAX;
    // SAFETY: null is what is tested.
    let read = unsafe { IMiniportMidiStream::Read(this, null_mut(), 8, &raw mut count) };
    assert_eq!((read, count), (STATUS_SUCCESS, 0));
    count = u32::MAX;
    // SAFETY: null is what is tested.
    let written = unsafe { IMiniportMidiStream::Write(this, null_mut(), 8, &raw mut count) };
    assert_eq!((written, count), (STATUS_SUCCESS, 0));
}

#[test]
fn each_face_leads_to_its_own_functions() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let device = Device::<Heap>::make(&record).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let power: ComPtr<IPowerNotify> = miniport.query().expect("a face");
    let adapter: ComPtr<IAdapterPowerManagement> = miniport.query().expect("a face");
    let sink: ComPtr<IServiceSink> = miniport.query().expect("a face");
    let state = |state| POWER_STATE { DeviceState: state };
    // SAFETY: the object is live.
    unsafe { IPowerNotify::PowerChangeNotify(power.as_ptr(), state(POWER_DEVICE_D3)) };
    assert_eq!(record.power_state(), 4);
    // SAFETY: the object is live.
    unsafe { IAdapterPowerManagement::PowerChangeState(adapter.as_ptr(), state(POWER_DEVICE_D0)) };
    assert_eq!(record.power_state(), 11);
    // SAFETY: the object is live.
    let agreed = unsafe {
        IAdapterPowerManagement::QueryPowerChangeState(adapter.as_ptr(), state(POWER_DEVICE_D3))
    };
    assert_eq!(agreed, STATUS_SUCCESS);
    // SAFETY: the object is live, and the capabilities are left alone.
    let agreed =
        unsafe { IAdapterPowerManagement::QueryDeviceCapabilities(adapter.as_ptr(), null_mut()) };
    assert_eq!(agreed, STATUS_SUCCESS);
    // SAFETY: the object is live.
    unsafe { IServiceSink::RequestService(sink.as_ptr()) };
    assert_eq!(record.calls(), 1);
    // SAFETY: the object is live.
    unsafe { IMiniportMidi::Service(miniport.as_ptr()) };
    assert_eq!(record.calls(), 2);
    let port: Result<ComPtr<IPortMidi>, _> = miniport.query();
    assert!(port.is_err());
}
