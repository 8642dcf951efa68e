//! The filter as it is described, and as clients find it.

use emulated_pc::PinInfo;
use emulated_pc::clients::midisrv::{Endpoint, enumerate};
use midiuart::filter::{
    CAPTURE_PIN, FILTER, MIDI_FORMAT, REFERENCE_STRING, REFERENCE_STRING_UTF16, RENDER_PIN,
};
use midiuart::parameters::DEFAULT_PORT_NAME;
use portcls::com::ComPtr;
use portcls::descriptors::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM, PCPROPERTY_REQUEST,
};
use portcls::guid::{
    IID_IMiniport, IID_IMiniportDMus, IID_IMiniportMidi, IID_IPowerNotify, IID_IUnknown,
    KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER, KSDATAFORMAT_SPECIFIER_NONE,
    KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_SUBTYPE_MIDI_BUS, KSDATAFORMAT_TYPE_MUSIC,
    KSMUSIC_TECHNOLOGY_PORT,
};
use portcls::interfaces::{IMiniport, IMiniportMidi, IMiniportMidiStream, IServiceGroup, IUnknown};
use portcls::ks::{
    KSDATAFORMAT, KSDATARANGE, KSDATARANGE_MUSIC, KSPIN_COMMUNICATION_NONE,
    KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSPIN_DESCRIPTOR,
};
use portcls::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_DEVICE_BUSY,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_NO_MATCH, STATUS_SUCCESS,
    succeeded,
};
use portcls::types::{GUID, NON_PAGED_POOL_NX, NTSTATUS, ULONG};
use std::mem::offset_of;

use crate::rig::{ALL, Kind, Plan, Rig, boot, counter};

const NO_GUID: GUID = GUID::from_u128(0);

fn pins() -> &'static [PCPIN_DESCRIPTOR] {
    // SAFETY: the filter's description holds that many pins.
    unsafe { std::slice::from_raw_parts(FILTER.Pins, FILTER.PinCount as usize) }
}

fn ranges(pin: &PCPIN_DESCRIPTOR) -> Vec<&'static KSDATARANGE> {
    let pin = &pin.KsPinDescriptor;
    // SAFETY: the pin's description holds that many ranges.
    let ranges =
        unsafe { std::slice::from_raw_parts(pin.DataRanges, pin.DataRangesCount as usize) };
    // SAFETY: each leads to a constant range.
    ranges.iter().map(|range| unsafe { &**range }).collect()
}

// --- sizes -----------------------------------------------------------------------------------------

#[test]
fn structures_have_the_sizes_of_64_bit_windows() {
    for (name, size, expected) in [
        ("KSDATAFORMAT", size_of::<KSDATAFORMAT>(), 64),
        ("KSDATARANGE", size_of::<KSDATARANGE>(), 64),
        ("KSDATARANGE_MUSIC", size_of::<KSDATARANGE_MUSIC>(), 96),
        ("KSPIN_DESCRIPTOR", size_of::<KSPIN_DESCRIPTOR>(), 88),
        ("PCPIN_DESCRIPTOR", size_of::<PCPIN_DESCRIPTOR>(), 112),
        ("PCFILTER_DESCRIPTOR", size_of::<PCFILTER_DESCRIPTOR>(), 80),
        ("PCNODE_DESCRIPTOR", size_of::<PCNODE_DESCRIPTOR>(), 32),
        (
            "PCCONNECTION_DESCRIPTOR",
            size_of::<PCCONNECTION_DESCRIPTOR>(),
            16,
        ),
        ("PCAUTOMATION_TABLE", size_of::<PCAUTOMATION_TABLE>(), 56),
        ("PCPROPERTY_ITEM", size_of::<PCPROPERTY_ITEM>(), 24),
        ("PCPROPERTY_REQUEST", size_of::<PCPROPERTY_REQUEST>(), 72),
    ] {
        assert_eq!(size, expected, "{name}");
    }
}

#[test]
fn fields_have_the_places_of_64_bit_windows() {
    for (name, offset, expected) in [
        ("Technology", offset_of!(KSDATARANGE_MUSIC, Technology), 64),
        ("Channels", offset_of!(KSDATARANGE_MUSIC, Channels), 80),
        ("Notes", offset_of!(KSDATARANGE_MUSIC, Notes), 84),
        (
            "ChannelMask",
            offset_of!(KSDATARANGE_MUSIC, ChannelMask),
            88,
        ),
        ("DataRanges", offset_of!(KSPIN_DESCRIPTOR, DataRanges), 40),
        ("DataFlow", offset_of!(KSPIN_DESCRIPTOR, DataFlow), 48),
        (
            "Communication",
            offset_of!(KSPIN_DESCRIPTOR, Communication),
            52,
        ),
        ("Category", offset_of!(KSPIN_DESCRIPTOR, Category), 56),
        ("Name", offset_of!(KSPIN_DESCRIPTOR, Name), 64),
        (
            "KsPinDescriptor",
            offset_of!(PCPIN_DESCRIPTOR, KsPinDescriptor),
            24,
        ),
        ("Pins", offset_of!(PCFILTER_DESCRIPTOR, Pins), 24),
        ("Nodes", offset_of!(PCFILTER_DESCRIPTOR, Nodes), 40),
        (
            "ConnectionCount",
            offset_of!(PCFILTER_DESCRIPTOR, ConnectionCount),
            48,
        ),
        (
            "Connections",
            offset_of!(PCFILTER_DESCRIPTOR, Connections),
            56,
        ),
        (
            "Categories",
            offset_of!(PCFILTER_DESCRIPTOR, Categories),
            72,
        ),
    ] {
        assert_eq!(offset, expected, "{name}");
    }
}

#[test]
fn the_filter_names_the_sizes_of_its_elements() {
    assert_eq!(FILTER.Version, 0);
    assert_eq!(FILTER.PinSize as usize, size_of::<PCPIN_DESCRIPTOR>());
    assert_eq!(FILTER.NodeSize as usize, size_of::<PCNODE_DESCRIPTOR>());
    assert_eq!(FILTER.NodeCount, 0);
    assert!(FILTER.Nodes.is_null());
    // SAFETY: null, or the filter's table.
    let automation = unsafe { FILTER.AutomationTable.as_ref() }.expect("a table of properties");
    let item = size_of::<PCPROPERTY_ITEM>();
    assert_eq!(automation.PropertyItemSize as usize, item);
    assert!(automation.PropertyItemSize.is_multiple_of(8));
    assert_eq!((automation.MethodCount, automation.EventCount), (0, 0));
}

// --- pins ------------------------------------------------------------------------------------------

#[test]
fn there_are_two_streams_and_two_sockets() {
    let table: Vec<_> = pins()
        .iter()
        .map(|pin| {
            (
                pin.MaxGlobalInstanceCount,
                pin.MaxFilterInstanceCount,
                pin.MinFilterInstanceCount,
                pin.KsPinDescriptor.DataFlow,
                pin.KsPinDescriptor.Communication,
                ranges(pin)[0].SubFormat,
            )
        })
        .collect();
    let midi = KSDATAFORMAT_SUBTYPE_MIDI;
    let cable = KSDATAFORMAT_SUBTYPE_MIDI_BUS;
    let expected = [
        (1, 1, 0, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, midi),
        (1, 1, 0, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, midi),
        (0, 0, 0, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, cable),
        (0, 0, 0, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, cable),
    ];
    assert_eq!(table, expected);
}

#[test]
fn data_ranges_are_those_of_midi() {
    for pin in pins() {
        let [range] = ranges(pin)[..] else {
            panic!("a pin has one range");
        };
        assert_eq!(range.MajorFormat, KSDATAFORMAT_TYPE_MUSIC);
        assert_eq!(range.Specifier, KSDATAFORMAT_SPECIFIER_NONE);
        assert_eq!((range.Flags, range.SampleSize, range.Reserved), (0, 0, 0));
        if range.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI {
            assert_eq!(range.FormatSize as usize, size_of::<KSDATARANGE_MUSIC>());
            let music = std::ptr::from_ref(range).cast::<KSDATARANGE_MUSIC>();
            // SAFETY: its size says that it is one.
            let music = unsafe { &*music };
            assert_eq!(music.Technology, KSMUSIC_TECHNOLOGY_PORT);
            assert_eq!((music.Channels, music.Notes), (0, 0));
            assert_eq!(music.ChannelMask, 0xFFFF);
        } else {
            assert_eq!(range.FormatSize as usize, size_of::<KSDATARANGE>());
        }
    }
}

#[test]
fn pins_belong_to_the_audio_category_and_have_no_names_of_their_own() {
    for pin in pins() {
        // SAFETY: null, or a constant.
        let category = unsafe { pin.KsPinDescriptor.Category.as_ref() };
        assert_eq!(category, Some(&KSCATEGORY_AUDIO));
        assert!(pin.KsPinDescriptor.Name.is_null());
    }
}

#[test]
fn connections_lead_from_pins_to_pins() {
    let count = FILTER.ConnectionCount as usize;
    // SAFETY: the filter's description holds that many connections.
    let connections = unsafe { std::slice::from_raw_parts(FILTER.Connections, count) };
    let table: Vec<_> = connections
        .iter()
        .map(|it| (it.FromNode, it.FromNodePin, it.ToNode, it.ToNodePin))
        .collect();
    let filter = PCFILTER_NODE;
    assert_eq!(table, [(filter, 0, filter, 2), (filter, 3, filter, 1)]);
    for connection in connections {
        let (from, to) = (connection.FromNodePin, connection.ToNodePin);
        assert!(from < FILTER.PinCount && to < FILTER.PinCount);
        // Data enters the filter where a connection begins, and leaves it where one ends.
        let flow = |pin: ULONG| pins()[pin as usize].KsPinDescriptor.DataFlow;
        assert_eq!(flow(from), KSPIN_DATAFLOW_IN);
        assert_eq!(flow(to), KSPIN_DATAFLOW_OUT);
    }
}

// --- what the system makes of it -------------------------------------------------------------------

fn on_a_started_device(scenario: impl Fn(&Rig) + Send + Sync) {
    boot(|pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        scenario(&rig);
        rig.unload();
    });
}

#[test]
fn the_filter_is_found_under_three_categories_and_its_name() {
    on_a_started_device(|rig| {
        let name = || REFERENCE_STRING.to_owned();
        let expected = [
            (KSCATEGORY_AUDIO, name()),
            (KSCATEGORY_RENDER, name()),
            (KSCATEGORY_CAPTURE, name()),
        ];
        assert_eq!(rig.function.interfaces(), expected);
    });
}

#[test]
fn the_name_is_that_of_the_wdk_and_ends_with_a_zero() {
    assert_eq!(REFERENCE_STRING, "UART");
    let expected: Vec<u16> = "UART\0".encode_utf16().collect();
    assert_eq!(REFERENCE_STRING_UTF16[..], expected);
}

#[test]
fn midisrv_lists_an_output_and_an_input_with_the_name_of_the_port() {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let endpoint = |pin, input| Endpoint {
                pin,
                input,
                name: Some(DEFAULT_PORT_NAME.to_owned()),
            };
            let expected = [endpoint(RENDER_PIN, false), endpoint(CAPTURE_PIN, true)];
            for _ in 0..3 {
                assert_eq!(enumerate(&filter), Ok(expected.to_vec()), "{kind:?}");
            }
            drop(filter);
            rig.unload();
        });
    }
}

#[test]
fn the_pins_are_found_as_they_are_described() {
    on_a_started_device(|rig| {
        let filter = rig.filter();
        let found = filter.pins().expect("the pins are described");
        let described: Vec<_> = pins()
            .iter()
            .map(|pin| PinInfo {
                dataflow: pin.KsPinDescriptor.DataFlow,
                communication: pin.KsPinDescriptor.Communication,
                is_midi: ranges(pin)[0].SubFormat == KSDATAFORMAT_SUBTYPE_MIDI,
            })
            .collect();
        assert_eq!(found, described);
    });
}

#[test]
fn each_stream_opens_once_and_sockets_never() {
    on_a_started_device(|rig| {
        let filter = rig.filter();
        for pin in [RENDER_PIN, CAPTURE_PIN] {
            let first = filter.open_pin(pin).expect("the first opens");
            assert_eq!(filter.open_pin(pin).err(), Some(STATUS_DEVICE_BUSY));
            drop(first);
            drop(filter.open_pin(pin).expect("it opens again"));
        }
        for pin in [2, 3, 4, u32::MAX] {
            assert_eq!(filter.open_pin(pin).err(), Some(STATUS_INVALID_PARAMETER));
        }
    });
}

#[test]
fn the_miniport_offers_its_interfaces_and_no_directmusic() {
    on_a_started_device(|rig| {
        let miniport = rig.function.miniport().expect("a miniport");
        let query = |name: &GUID| -> NTSTATUS {
            let mut object = std::ptr::dangling_mut();
            // SAFETY: the miniport is live, and the pointer can be written to.
            let status =
                unsafe { IUnknown::QueryInterface(miniport.as_unknown(), name, &raw mut object) };
            // SAFETY: null, or an object with a reference for us.
            let object = unsafe { ComPtr::<IUnknown>::from_owned(object.cast()) };
            assert_eq!(object.is_some(), succeeded(status));
            status
        };
        for name in [
            IID_IUnknown,
            IID_IMiniport,
            IID_IMiniportMidi,
            IID_IPowerNotify,
        ] {
            assert_eq!(query(&name), STATUS_SUCCESS);
        }
        assert!(!succeeded(query(&IID_IMiniportDMus)));
        assert!(!succeeded(query(&NO_GUID)));
    });
}

/// Calls `NewStream`; returns its status, and closes the stream at once.
fn new_stream(
    miniport: &ComPtr<IMiniportMidi>,
    pin: ULONG,
    capture: bool,
    format: &KSDATAFORMAT,
) -> NTSTATUS {
    let mut stream = std::ptr::null_mut();
    let mut group = std::ptr::null_mut();
    let mut format = *format;
    // SAFETY: the miniport is live, and all else outlives the call.
    let status = unsafe {
        IMiniportMidi::NewStream(
            miniport.as_ptr(),
            &raw mut stream,
            std::ptr::null_mut(),
            NON_PAGED_POOL_NX,
            pin,
            capture.into(),
            &raw mut format,
            &raw mut group,
        )
    };
    // SAFETY: null, or a stream with a reference for us.
    let stream: Option<ComPtr<IMiniportMidiStream>> = unsafe { ComPtr::from_owned(stream) };
    // SAFETY: null, or a group with a reference for us.
    let group: Option<ComPtr<IServiceGroup>> = unsafe { ComPtr::from_owned(group) };
    assert_eq!(stream.is_some(), succeeded(status));
    assert_eq!(group.is_some(), succeeded(status) && capture);
    status
}

#[test]
fn streams_are_made_for_the_pins_that_are_described_and_for_midi_only() {
    on_a_started_device(|rig| {
        let miniport = rig.function.miniport().expect("a miniport");
        for (pin, capture) in [(0, false), (1, true), (0, false)] {
            let status = new_stream(&miniport, pin, capture, &MIDI_FORMAT);
            assert_eq!(status, STATUS_SUCCESS);
        }
        for (pin, capture) in [(0, true), (1, false), (2, false), (3, true), (4, false)] {
            let status = new_stream(&miniport, pin, capture, &MIDI_FORMAT);
            assert_eq!(status, STATUS_INVALID_PARAMETER, "pin {pin}");
        }
        let cable = KSDATAFORMAT {
            SubFormat: KSDATAFORMAT_SUBTYPE_MIDI_BUS,
            ..MIDI_FORMAT
        };
        let status = new_stream(&miniport, 0, false, &cable);
        assert_eq!(status, STATUS_INVALID_PARAMETER);
        assert_eq!(counter(&rig.filter(), "refused_streams"), 6);
    });
}

#[test]
fn a_second_stream_of_a_pin_is_refused_by_the_miniport_itself() {
    on_a_started_device(|rig| {
        let miniport = rig.function.miniport().expect("a miniport");
        let filter = rig.filter();
        let open = filter.open_pin(RENDER_PIN).expect("it opens");
        let status = new_stream(&miniport, RENDER_PIN, false, &MIDI_FORMAT);
        assert_eq!(status, STATUS_INVALID_DEVICE_REQUEST);
        drop(open);
        let status = new_stream(&miniport, RENDER_PIN, false, &MIDI_FORMAT);
        assert_eq!(status, STATUS_SUCCESS);
    });
}

/// Calls `DataRangeIntersection`; returns its status and the size that it names.
fn intersect(
    miniport: &ComPtr<IMiniportMidi>,
    pin: ULONG,
    client: &KSDATARANGE,
    buffer: &mut [u64],
) -> (NTSTATUS, ULONG) {
    let mut client = *client;
    let mut own = MIDI_FORMAT;
    let mut length = 0;
    let capacity = ULONG::try_from(8 * buffer.len()).expect("small");
    // SAFETY: the miniport is live, and all else outlives the call.
    let status = unsafe {
        IMiniport::DataRangeIntersection(
            miniport.as_ptr().cast(),
            pin,
            &raw mut client,
            &raw mut own,
            capacity,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    (status, length)
}

#[test]
fn a_clients_data_range_meets_that_of_midi() {
    on_a_started_device(|rig| {
        let miniport = rig.function.miniport().expect("a miniport");
        let any = KSDATARANGE {
            MajorFormat: NO_GUID,
            SubFormat: NO_GUID,
            Specifier: NO_GUID,
            ..MIDI_FORMAT
        };
        for client in [MIDI_FORMAT, any] {
            let mut buffer = [0; 8];
            let result = intersect(&miniport, RENDER_PIN, &client, &mut buffer);
            assert_eq!(result, (STATUS_SUCCESS, 64));
            // SAFETY: the miniport has filled a format in.
            let format = unsafe { &*buffer.as_ptr().cast::<KSDATAFORMAT>() };
            assert_eq!(format.FormatSize, 64);
            assert_eq!(format.SubFormat, KSDATAFORMAT_SUBTYPE_MIDI);
        }
        let result = intersect(&miniport, CAPTURE_PIN, &MIDI_FORMAT, &mut []);
        assert_eq!(result, (STATUS_BUFFER_OVERFLOW, 64));
        let result = intersect(&miniport, CAPTURE_PIN, &MIDI_FORMAT, &mut [0; 7]).0;
        assert_eq!(result, STATUS_BUFFER_TOO_SMALL);
        let cable = KSDATARANGE {
            SubFormat: KSDATAFORMAT_SUBTYPE_MIDI_BUS,
            ..MIDI_FORMAT
        };
        let result = intersect(&miniport, RENDER_PIN, &cable, &mut [0; 8]).0;
        assert_eq!(result, STATUS_NO_MATCH);
        let result = intersect(&miniport, 4, &MIDI_FORMAT, &mut [0; 8]).0;
        assert_eq!(result, STATUS_INVALID_PARAMETER);
    });
}
