//! The protocol of property requests.

use core::ptr::{null, null_mut};
use std::sync::Arc;

use portcls::com::{Own, PropertyRequest};
use portcls::descriptors::PCPROPERTY_REQUEST;
use portcls::interfaces::IUnknown;
use portcls::ks::{KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};
use portcls::status::{
    Outcome, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
};

use crate::counting_pool::{Counted as _, pool};
use crate::objects::{Device, Record};

fn request(verb: u32, value: &mut [u8]) -> PCPROPERTY_REQUEST {
    PCPROPERTY_REQUEST {
        MajorTarget: null_mut(),
        MinorTarget: null_mut(),
        Node: u32::MAX,
        PropertyItem: null(),
        Verb: verb,
        InstanceSize: 0,
        Instance: null_mut(),
        ValueSize: u32::try_from(value.len()).expect("a short value"),
        Value: value.as_mut_ptr().cast(),
        Irp: null_mut(),
    }
}

fn wrap(request: &mut PCPROPERTY_REQUEST) -> PropertyRequest<'_> {
    // SAFETY: the request and its buffers outlive the wrapper.
    unsafe { PropertyRequest::new(request) }.expect("not null")
}

/// Answers with five bytes; returns the outcome and the size reported.
fn answer(verb: u32, value: &mut [u8]) -> (Outcome<()>, u32) {
    let mut request = request(verb, value);
    let outcome = wrap(&mut request).answer(b"MIDI\0");
    (outcome, request.ValueSize)
}

#[test]
fn a_read_follows_the_size_protocol() {
    for verb in [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_GET | 0x1000_0000] {
        assert_eq!(answer(verb, &mut []), (Err(STATUS_BUFFER_OVERFLOW), 5));
        let mut short = [0xAA; 4];
        assert_eq!(answer(verb, &mut short), (Err(STATUS_BUFFER_TOO_SMALL), 5));
        assert_eq!(short, [0xAA; 4]);
        let mut exact = [0xAA; 5];
        assert_eq!(answer(verb, &mut exact), (Ok(()), 5));
        assert_eq!(&exact, b"MIDI\0");
        let mut long = [0xAA; 7];
        assert_eq!(answer(verb, &mut long), (Ok(()), 5));
        assert_eq!(&long, b"MIDI\0\xAA\xAA");
    }
}

#[test]
fn basic_support_says_that_it_can_be_read() {
    let mut access = [0; 4];
    let expected = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
    assert_eq!(
        answer(KSPROPERTY_TYPE_BASICSUPPORT, &mut access),
        (Ok(()), 4)
    );
    assert_eq!(u32::from_ne_bytes(access), expected);
    let verb = KSPROPERTY_TYPE_BASICSUPPORT;
    assert_eq!(answer(verb, &mut []), (Err(STATUS_BUFFER_OVERFLOW), 4));
    assert_eq!(answer(verb, &mut [0; 3]), (Err(STATUS_BUFFER_TOO_SMALL), 4));
}

#[test]
fn other_verbs_are_refused() {
    let mut value = [0xAA; 8];
    for verb in [0, KSPROPERTY_TYPE_SET] {
        let refused = (Err(STATUS_INVALID_DEVICE_REQUEST), 8);
        assert_eq!(answer(verb, &mut value), refused);
    }
    assert_eq!(value, [0xAA; 8]);
}

#[test]
fn a_size_without_a_buffer_is_refused() {
    let mut request = request(KSPROPERTY_TYPE_GET, &mut []);
    request.Value = null_mut();
    request.ValueSize = 100;
    assert_eq!(
        wrap(&mut request).answer(b"MIDI\0"),
        Err(STATUS_BUFFER_TOO_SMALL)
    );
}

#[test]
fn a_pin_is_read_if_it_is_there() {
    let mut pin = [0xEE, 7, 0, 0, 0];
    let mut request = request(KSPROPERTY_TYPE_GET, &mut []);
    assert_eq!(wrap(&mut request).pin(), Err(STATUS_INVALID_PARAMETER));
    // The tail of a KSP_PIN need not be aligned.
    request.Instance = pin[1..].as_mut_ptr().cast();
    for (size, expected) in [
        (0, Err(STATUS_INVALID_PARAMETER)),
        (3, Err(STATUS_INVALID_PARAMETER)),
        (4, Ok(7)),
    ] {
        request.InstanceSize = size;
        assert_eq!(wrap(&mut request).pin(), expected);
    }
}

#[test]
fn a_request_leads_to_its_miniport() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let device = Device::<Heap>::make(&record).expect("memory");
    let mut request = request(KSPROPERTY_TYPE_GET, &mut []);
    request.MajorTarget = device.as_unknown();
    // SAFETY: the target is a device.
    let found: Own<Device<Heap>> = unsafe { wrap(&mut request).miniport() }.expect("a miniport");
    assert!(Arc::ptr_eq(&found.record, &record));
    drop(device);
    assert_eq!(record.drops(), 0);
    drop(found);
    assert_eq!((record.drops(), Heap::live()), (1, 0));
    request.MajorTarget = null_mut::<IUnknown>();
    // SAFETY: there is no target.
    let refused = unsafe { wrap(&mut request).miniport::<Device<Heap>>() }.map(|_| ());
    assert_eq!(refused, Err(STATUS_INVALID_PARAMETER));
    // SAFETY: null is what is tested.
    let refused = unsafe { PropertyRequest::new(null_mut()) }.map(|_| ());
    assert_eq!(refused, Err(STATUS_INVALID_PARAMETER));
}
