//! Structures of kernel streaming (`ks.h`, `ksmedia.h`).

use crate::types::{GUID, PVOID, ULONG};

/// Head of a data format; also of a data range.
///
/// The C declaration is a union with a 64-bit number to align it to eight bytes.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KSDATAFORMAT {
    /// Bytes of the format, this head included.
    pub FormatSize: ULONG,
    /// Flags.
    pub Flags: ULONG,
    /// Bytes of a sample, or zero.
    pub SampleSize: ULONG,
    /// Zero.
    pub Reserved: ULONG,
    /// Kind of data.
    pub MajorFormat: GUID,
    /// Kind within the kind.
    pub SubFormat: GUID,
    /// What follows this head.
    pub Specifier: GUID,
}

/// A range of data formats.
pub type KSDATARANGE = KSDATAFORMAT;
/// Points to a data format.
pub type PKSDATAFORMAT = *mut KSDATAFORMAT;
/// Points to a data range.
pub type PKSDATARANGE = *mut KSDATARANGE;

/// A range of music formats.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KSDATARANGE_MUSIC {
    /// The head.
    pub DataRange: KSDATARANGE,
    /// What makes the sound.
    pub Technology: GUID,
    /// MIDI channels, 0 for a port.
    pub Channels: ULONG,
    /// Voices, 0 for a port.
    pub Notes: ULONG,
    /// A bit for each MIDI channel.
    pub ChannelMask: ULONG,
}

/// Head of a run of MIDI bytes between user mode and the port driver. Padding to four bytes
/// follows the bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KSMUSICFORMAT {
    /// Milliseconds since the previous run, or since the presentation time.
    pub TimeDeltaMs: ULONG,
    /// MIDI bytes that follow.
    pub ByteCount: ULONG,
}

/// A time as fraction of 100 ns units.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KSTIME {
    /// The time.
    pub Time: i64,
    /// Its unit's numerator.
    pub Numerator: ULONG,
    /// Its unit's denominator.
    pub Denominator: ULONG,
}

/// Head of a streaming request.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KSSTREAM_HEADER {
    /// Bytes of this head.
    pub Size: ULONG,
    /// What a format change needs.
    pub TypeSpecificFlags: ULONG,
    /// When the data is due.
    pub PresentationTime: KSTIME,
    /// How long it lasts.
    pub Duration: i64,
    /// Bytes that `Data` can hold.
    pub FrameExtent: ULONG,
    /// Bytes of it in use.
    pub DataUsed: ULONG,
    /// The data.
    pub Data: PVOID,
    /// Flags.
    pub OptionsFlags: ULONG,
    /// Zero.
    #[cfg(target_pointer_width = "64")]
    pub Reserved: ULONG,
}

/// Names a member of a set: a property, an interface, a medium.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KSIDENTIFIER {
    /// The set.
    pub Set: GUID,
    /// The member.
    pub Id: ULONG,
    /// Flags.
    pub Flags: ULONG,
}

/// A pin as the filter describes it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSPIN_DESCRIPTOR {
    /// How many interfaces (portcls ignores them).
    pub InterfacesCount: ULONG,
    /// The interfaces.
    pub Interfaces: *const KSIDENTIFIER,
    /// How many mediums; none means standard device I/O.
    pub MediumsCount: ULONG,
    /// The mediums.
    pub Mediums: *const KSIDENTIFIER,
    /// How many data ranges.
    pub DataRangesCount: ULONG,
    /// The data ranges.
    pub DataRanges: *const *const KSDATARANGE,
    /// Into or out of the filter: one of [`KSPIN_DATAFLOW_IN`], [`KSPIN_DATAFLOW_OUT`].
    pub DataFlow: i32,
    /// One of the `KSPIN_COMMUNICATION_…` values.
    pub Communication: i32,
    /// The pin's category.
    pub Category: *const GUID,
    /// The pin's name, by a GUID in the registry.
    pub Name: *const GUID,
    /// Constrained data ranges, which portcls does not use.
    pub Constrained: KSPIN_CONSTRAINED_RANGES,
}

/// Data ranges that a pin has besides its own (an unnamed union in C).
#[repr(C)]
#[derive(Clone, Copy)]
pub union KSPIN_CONSTRAINED_RANGES {
    /// Zero.
    pub Reserved: i64,
    /// How many, and which.
    pub Ranges: KSPIN_CONSTRAINED_LIST,
}

/// A counted list of data ranges.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSPIN_CONSTRAINED_LIST {
    /// How many.
    pub Count: ULONG,
    /// The ranges.
    pub DataRanges: *const *const KSDATARANGE,
}

/// Data flows into the filter.
pub const KSPIN_DATAFLOW_IN: i32 = 1;
/// Data flows out of the filter.
pub const KSPIN_DATAFLOW_OUT: i32 = 2;
/// The pin can't be opened.
pub const KSPIN_COMMUNICATION_NONE: i32 = 0;
/// Requests are sent to the pin.
pub const KSPIN_COMMUNICATION_SINK: i32 = 1;
/// The pin sends requests.
pub const KSPIN_COMMUNICATION_SOURCE: i32 = 2;
/// Both.
pub const KSPIN_COMMUNICATION_BOTH: i32 = 3;
/// The pin leads to another filter.
pub const KSPIN_COMMUNICATION_BRIDGE: i32 = 4;

/// State of a stream.
pub type KSSTATE = i32;
/// Stopped.
pub const KSSTATE_STOP: KSSTATE = 0;
/// Resources are acquired.
pub const KSSTATE_ACQUIRE: KSSTATE = 1;
/// Ready to run.
pub const KSSTATE_PAUSE: KSSTATE = 2;
/// Data flows.
pub const KSSTATE_RUN: KSSTATE = 3;

/// A property request that names a pin (`KSP_PIN`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KSP_PIN {
    /// Which property.
    pub Property: KSIDENTIFIER,
    /// Which pin.
    pub PinId: ULONG,
    /// Zero.
    pub Reserved: ULONG,
}

/// How many pin types a filter has.
pub const KSPROPERTY_PIN_CTYPES: ULONG = 1;
/// Direction of a pin.
pub const KSPROPERTY_PIN_DATAFLOW: ULONG = 2;
/// Data ranges of a pin.
pub const KSPROPERTY_PIN_DATARANGES: ULONG = 3;
/// Intersection of a data range with a pin's.
pub const KSPROPERTY_PIN_DATAINTERSECTION: ULONG = 4;
/// Communication of a pin.
pub const KSPROPERTY_PIN_COMMUNICATION: ULONG = 7;
/// Category of a pin.
pub const KSPROPERTY_PIN_CATEGORY: ULONG = 11;
/// Name of a pin.
pub const KSPROPERTY_PIN_NAME: ULONG = 12;

/// The property is read.
pub const KSPROPERTY_TYPE_GET: ULONG = 0x0000_0001;
/// The property is written.
pub const KSPROPERTY_TYPE_SET: ULONG = 0x0000_0002;
/// It is asked what can be done with the property.
pub const KSPROPERTY_TYPE_BASICSUPPORT: ULONG = 0x0000_0200;

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<KSDATAFORMAT>() == 64);
    assert!(align_of::<KSDATAFORMAT>() == 8);
    assert!(size_of::<KSDATARANGE_MUSIC>() == 96);
    assert!(offset_of!(KSDATARANGE_MUSIC, Technology) == 64);
    assert!(offset_of!(KSDATARANGE_MUSIC, Channels) == 80);
    assert!(offset_of!(KSDATARANGE_MUSIC, Notes) == 84);
    assert!(offset_of!(KSDATARANGE_MUSIC, ChannelMask) == 88);
    assert!(size_of::<KSMUSICFORMAT>() == 8);
    assert!(size_of::<KSIDENTIFIER>() == 24);
    assert!(size_of::<KSP_PIN>() == 32);
};
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<KSSTREAM_HEADER>() == 56);
    assert!(size_of::<KSPIN_DESCRIPTOR>() == 88);
    assert!(offset_of!(KSPIN_DESCRIPTOR, DataRanges) == 40);
    assert!(offset_of!(KSPIN_DESCRIPTOR, DataFlow) == 48);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Communication) == 52);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Category) == 56);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Name) == 64);
};
#[cfg(target_pointer_width = "32")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<KSSTREAM_HEADER>() == 48);
    assert!(size_of::<KSPIN_DESCRIPTOR>() == 48);
    assert!(offset_of!(KSPIN_DESCRIPTOR, DataRanges) == 20);
    assert!(offset_of!(KSPIN_DESCRIPTOR, DataFlow) == 24);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Communication) == 28);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Category) == 32);
    assert!(offset_of!(KSPIN_DESCRIPTOR, Name) == 36);
};
