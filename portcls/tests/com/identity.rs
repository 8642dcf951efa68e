//! The rules of `QueryInterface`.

use std::sync::Arc;

use portcls::com::{Class, ComPtr};
use portcls::guid;
use portcls::interfaces::{
    IAdapterPowerManagement, IMiniport, IMiniportMidi, IPowerNotify, IServiceSink, IUnknown,
    Interface,
};
use portcls::status::{STATUS_INVALID_PARAMETER, STATUS_NOINTERFACE, STATUS_SUCCESS};
use portcls::types::GUID;

use crate::caller::{identity, query, references};
use crate::counting_pool::{Counted as _, pool};
use crate::objects::{Device, Record};

/// All names that a device answers to.
const NAMES: &[GUID] = &[
    IUnknown::IID,
    IMiniport::IID,
    IMiniportMidi::IID,
    IPowerNotify::IID,
    IAdapterPowerManagement::IID,
    IServiceSink::IID,
];

#[test]
fn every_face_answers_for_every_name_and_has_the_same_identity() {
    pool!(Heap);
    assert_eq!(Device::<Heap>::FACES.len(), 4);
    let record = Arc::new(Record::default());
    let device = Device::<Heap>::make(&record).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let identity = identity(&miniport);
    for from in NAMES {
        let (status, face) = query(miniport.as_unknown(), from);
        assert_eq!(status, STATUS_SUCCESS);
        // SAFETY: the reference is the receiver's, and every interface is an `IUnknown`.
        let face = unsafe { ComPtr::<IUnknown>::from_owned(face.cast()) }.expect("a face");
        assert_eq!(crate::caller::identity(&face), identity);
        for to in NAMES {
            let (status, found) = query(face.as_ptr(), to);
            assert_eq!(status, STATUS_SUCCESS);
            // SAFETY: as above.
            let found = unsafe { ComPtr::<IUnknown>::from_owned(found.cast()) }.expect("a face");
            assert_eq!(references(&found), 3, "one for each pointer held");
            // Reflexive, symmetric, transitive: any name leads to one pointer from anywhere.
            let (_, directly) = query(miniport.as_unknown(), to);
            // SAFETY: as above.
            let directly = unsafe { ComPtr::<IUnknown>::from_owned(directly.cast()) };
            assert_eq!(directly.expect("a face").as_ptr(), found.as_ptr());
        }
    }
    assert_eq!(references(&miniport), 1);
    drop(miniport);
    assert_eq!((record.drops(), Heap::live()), (1, 0));
}

#[test]
fn faces_are_different_and_bases_share_one() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    let base: ComPtr<IMiniport> = miniport.query().expect("a base");
    let power: ComPtr<IPowerNotify> = miniport.query().expect("a face");
    let adapter: ComPtr<IAdapterPowerManagement> = miniport.query().expect("a face");
    let sink: ComPtr<IServiceSink> = miniport.query().expect("a face");
    let first = miniport.as_unknown().addr();
    assert_eq!(base.as_unknown().addr(), first);
    assert_eq!(
        identity(&miniport),
        first,
        "the first face stands for the object"
    );
    let width = size_of::<usize>();
    assert_eq!(power.as_unknown().addr(), first + width);
    assert_eq!(adapter.as_unknown().addr(), first + 2 * width);
    assert_eq!(sink.as_unknown().addr(), first + 3 * width);
}

#[test]
fn other_names_are_refused_with_null() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = device.into_interface().expect("a face");
    for (name, guid) in guid::ALL.iter().filter(|(_, guid)| !NAMES.contains(guid)) {
        let (status, found) = query(miniport.as_unknown(), guid);
        assert_eq!((status, found.addr()), (STATUS_NOINTERFACE, 0), "{name}");
    }
    assert_eq!(references(&miniport), 1);
}

#[test]
fn a_question_without_name_or_answer_is_refused() {
    pool!(Heap);
    let device = Device::<Heap>::make(&Arc::default()).expect("memory");
    let unknown: ComPtr<IUnknown> = device.into_interface().expect("a face");
    // SAFETY: the object is live.
    let table = unsafe { (*unknown.as_ptr()).table };
    // SAFETY: the table lives as long as the object.
    let function = unsafe { (*table).QueryInterface };
    let mut found = crate::caller::garbage();
    // SAFETY: null is what is tested.
    let status = unsafe { function(unknown.as_ptr(), core::ptr::null(), &raw mut found) };
    assert_eq!((status, found.addr()), (STATUS_INVALID_PARAMETER, 0));
    // SAFETY: null is what is tested.
    let status = unsafe { function(unknown.as_ptr(), &IUnknown::IID, core::ptr::null_mut()) };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
    assert_eq!(references(&unknown), 1);
}

#[test]
fn an_own_becomes_only_what_it_is() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let device = Device::<Heap>::make(&record).expect("memory");
    let refused = device
        .into_interface::<portcls::interfaces::IPortMidi>()
        .map(|_| ());
    assert_eq!(refused, Err(STATUS_NOINTERFACE));
    assert_eq!((record.drops(), Heap::live()), (1, 0));
}
