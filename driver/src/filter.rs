//! The filter: pins, data ranges, connections, categories, properties. Constant tables, no logic.

use portcls::descriptors::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};
use portcls::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER, KSDATAFORMAT_SPECIFIER_NONE,
    KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_SUBTYPE_MIDI_BUS, KSDATAFORMAT_TYPE_MUSIC,
    KSMUSIC_TECHNOLOGY_PORT, KSPROPSETID_Pin,
};
use portcls::ks::{
    KSDATAFORMAT, KSDATARANGE, KSDATARANGE_MUSIC, KSPIN_COMMUNICATION_NONE,
    KSPIN_COMMUNICATION_SINK, KSPIN_CONSTRAINED_RANGES, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
    KSPIN_DESCRIPTOR, KSPROPERTY_PIN_NAME, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
};
use portcls::types::{GUID, ULONG};

use crate::parameters::utf16;
use crate::properties::{
    KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart, counters_handler, pin_name_handler,
};

/// The name of the subdevice and of its device interfaces; the INF file's reference string is the
/// same. "UART" is what the WDK calls it.
pub const REFERENCE_STRING: &str = "UART";

/// A length or size as the tables hold it.
const fn ulong(size: usize) -> ULONG {
    assert!(size < 1 << 16, "tables are small");
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let size = size as ULONG;
    size
}

/// The reference string in UTF-16 with a closing zero, as the system wants it.
pub static REFERENCE_STRING_UTF16: [u16; 5] = utf16("UART\0");

/// Plays: the client writes to it.
pub const RENDER_PIN: u32 = 0;
/// Records: the client reads from it.
pub const CAPTURE_PIN: u32 = 1;
/// Leads to the MIDI OUT socket.
const OUT_SOCKET_PIN: u32 = 2;
/// Comes from the MIDI IN socket.
const IN_SOCKET_PIN: u32 = 3;

/// The format of MIDI bytes.
pub const MIDI_FORMAT: KSDATAFORMAT = KSDATAFORMAT {
    FormatSize: 64,
    Flags: 0,
    SampleSize: 0,
    Reserved: 0,
    MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
    Specifier: KSDATAFORMAT_SPECIFIER_NONE,
};

static MIDI_RANGE: KSDATARANGE_MUSIC = KSDATARANGE_MUSIC {
    DataRange: KSDATARANGE {
        FormatSize: 96,
        ..MIDI_FORMAT
    },
    Technology: KSMUSIC_TECHNOLOGY_PORT,
    Channels: 0,
    Notes: 0,
    ChannelMask: 0xFFFF,
};

static CABLE_RANGE: KSDATARANGE = KSDATARANGE {
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI_BUS,
    ..MIDI_FORMAT
};

/// A table of data ranges.
struct Ranges([*const KSDATARANGE; 1]);

// SAFETY: leads to constant data.
unsafe impl Sync for Ranges {}

static MIDI_RANGES: Ranges = Ranges([(&raw const MIDI_RANGE).cast()]);
static CABLE_RANGES: Ranges = Ranges([&raw const CABLE_RANGE]);

static CATEGORY_AUDIO: GUID = KSCATEGORY_AUDIO;

const fn pin(
    instances: ULONG,
    ranges: &'static Ranges,
    flow: i32,
    communication: i32,
) -> PCPIN_DESCRIPTOR {
    PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: instances,
        MaxFilterInstanceCount: instances,
        MinFilterInstanceCount: 0,
        AutomationTable: core::ptr::null(),
        KsPinDescriptor: KSPIN_DESCRIPTOR {
            InterfacesCount: 0,
            Interfaces: core::ptr::null(),
            MediumsCount: 0,
            Mediums: core::ptr::null(),
            DataRangesCount: 1,
            DataRanges: ranges.0.as_ptr(),
            DataFlow: flow,
            Communication: communication,
            Category: &raw const CATEGORY_AUDIO,
            Name: core::ptr::null(),
            Constrained: KSPIN_CONSTRAINED_RANGES { Reserved: 0 },
        },
    }
}

static PINS: [PCPIN_DESCRIPTOR; 4] = [
    pin(1, &MIDI_RANGES, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK),
    pin(
        1,
        &MIDI_RANGES,
        KSPIN_DATAFLOW_OUT,
        KSPIN_COMMUNICATION_SINK,
    ),
    pin(
        0,
        &CABLE_RANGES,
        KSPIN_DATAFLOW_OUT,
        KSPIN_COMMUNICATION_NONE,
    ),
    pin(
        0,
        &CABLE_RANGES,
        KSPIN_DATAFLOW_IN,
        KSPIN_COMMUNICATION_NONE,
    ),
];

static CONNECTIONS: [PCCONNECTION_DESCRIPTOR; 2] = [
    PCCONNECTION_DESCRIPTOR {
        FromNode: PCFILTER_NODE,
        FromNodePin: RENDER_PIN,
        ToNode: PCFILTER_NODE,
        ToNodePin: OUT_SOCKET_PIN,
    },
    PCCONNECTION_DESCRIPTOR {
        FromNode: PCFILTER_NODE,
        FromNodePin: IN_SOCKET_PIN,
        ToNode: PCFILTER_NODE,
        ToNodePin: CAPTURE_PIN,
    },
];

/// Not `KSCATEGORY_SYNTHESIZER`: a UART makes no sound.
static CATEGORIES: [GUID; 3] = [KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE];

static PROPERTY_SET_PIN: GUID = KSPROPSETID_Pin;
static PROPERTY_SET_MIDIUART: GUID = KSPROPSETID_MidiUart;

static PROPERTIES: [PCPROPERTY_ITEM; 2] = [
    PCPROPERTY_ITEM {
        Set: &raw const PROPERTY_SET_PIN,
        Id: KSPROPERTY_PIN_NAME,
        Flags: KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
        Handler: Some(pin_name_handler),
    },
    PCPROPERTY_ITEM {
        Set: &raw const PROPERTY_SET_MIDIUART,
        Id: KSPROPERTY_MIDIUART_COUNTERS,
        Flags: KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
        Handler: Some(counters_handler),
    },
];

static AUTOMATION: PCAUTOMATION_TABLE = PCAUTOMATION_TABLE {
    PropertyItemSize: ulong(size_of::<PCPROPERTY_ITEM>()),
    PropertyCount: ulong(PROPERTIES.len()),
    Properties: PROPERTIES.as_ptr(),
    MethodItemSize: 0,
    MethodCount: 0,
    Methods: core::ptr::null_mut(),
    EventItemSize: 0,
    EventCount: 0,
    Events: core::ptr::null_mut(),
    Reserved: 0,
};

/// The filter's description.
pub static FILTER: PCFILTER_DESCRIPTOR = PCFILTER_DESCRIPTOR {
    Version: 0,
    AutomationTable: &raw const AUTOMATION,
    PinSize: ulong(size_of::<PCPIN_DESCRIPTOR>()),
    PinCount: ulong(PINS.len()),
    Pins: PINS.as_ptr(),
    NodeSize: ulong(size_of::<PCNODE_DESCRIPTOR>()),
    NodeCount: 0,
    Nodes: core::ptr::null(),
    ConnectionCount: ulong(CONNECTIONS.len()),
    Connections: CONNECTIONS.as_ptr(),
    CategoryCount: ulong(CATEGORIES.len()),
    Categories: CATEGORIES.as_ptr(),
};
