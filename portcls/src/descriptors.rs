//! Structures by which a miniport describes its filter to the port driver (`portcls.h`).

use crate::interfaces::unknown::IUnknown;
use crate::ks::KSPIN_DESCRIPTOR;
use crate::types::{GUID, NTSTATUS, PIRP, PVOID, ULONG};

/// A filter: its pins, nodes and connections.
#[repr(C)]
pub struct PCFILTER_DESCRIPTOR {
    /// Zero.
    pub Version: ULONG,
    /// Properties of the filter itself.
    pub AutomationTable: *const PCAUTOMATION_TABLE,
    /// Bytes of an element of `Pins`.
    pub PinSize: ULONG,
    /// How many pins.
    pub PinCount: ULONG,
    /// The pins.
    pub Pins: *const PCPIN_DESCRIPTOR,
    /// Bytes of an element of `Nodes`.
    pub NodeSize: ULONG,
    /// How many nodes.
    pub NodeCount: ULONG,
    /// The nodes.
    pub Nodes: *const PCNODE_DESCRIPTOR,
    /// How many connections.
    pub ConnectionCount: ULONG,
    /// The connections.
    pub Connections: *const PCCONNECTION_DESCRIPTOR,
    /// How many categories.
    pub CategoryCount: ULONG,
    /// The interface categories under which the filter is registered.
    pub Categories: *const GUID,
}

/// A pin of a filter. Instance counts: 0 = none can be made, `ULONG::MAX` = any number.
#[repr(C)]
pub struct PCPIN_DESCRIPTOR {
    /// Most instances in all.
    pub MaxGlobalInstanceCount: ULONG,
    /// Most instances in one opened filter.
    pub MaxFilterInstanceCount: ULONG,
    /// Instances that an opened filter needs to work.
    pub MinFilterInstanceCount: ULONG,
    /// Properties of the pin.
    pub AutomationTable: *const PCAUTOMATION_TABLE,
    /// The kernel streaming part.
    pub KsPinDescriptor: KSPIN_DESCRIPTOR,
}

/// A node of a filter.
#[repr(C)]
pub struct PCNODE_DESCRIPTOR {
    /// Zero.
    pub Flags: ULONG,
    /// Properties of the node.
    pub AutomationTable: *const PCAUTOMATION_TABLE,
    /// What the node does.
    pub Type: *const GUID,
    /// The node's name.
    pub Name: *const GUID,
}

/// A connection inside a filter.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PCCONNECTION_DESCRIPTOR {
    /// Node that the data comes from, or [`PCFILTER_NODE`].
    pub FromNode: ULONG,
    /// Pin that the data comes from.
    pub FromNodePin: ULONG,
    /// Node that the data goes to, or [`PCFILTER_NODE`].
    pub ToNode: ULONG,
    /// Pin that the data goes to.
    pub ToNodePin: ULONG,
}

/// The filter itself as an end of a connection.
pub const PCFILTER_NODE: ULONG = ULONG::MAX;

/// Properties, methods and events. Item sizes are multiples of eight.
#[repr(C)]
pub struct PCAUTOMATION_TABLE {
    /// Bytes of an element of `Properties`.
    pub PropertyItemSize: ULONG,
    /// How many properties.
    pub PropertyCount: ULONG,
    /// The properties.
    pub Properties: *const PCPROPERTY_ITEM,
    /// Bytes of an element of `Methods`.
    pub MethodItemSize: ULONG,
    /// How many methods.
    pub MethodCount: ULONG,
    /// The methods.
    pub Methods: PVOID,
    /// Bytes of an element of `Events`.
    pub EventItemSize: ULONG,
    /// How many events.
    pub EventCount: ULONG,
    /// The events.
    pub Events: PVOID,
    /// Zero.
    pub Reserved: ULONG,
}

crate::system_abi! {
    /// Answers a property request, at `PASSIVE_LEVEL`.
    pub type PCPFNPROPERTY_HANDLER = unsafe fn(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS;
}

/// A property and who answers it.
#[repr(C)]
pub struct PCPROPERTY_ITEM {
    /// The property set.
    pub Set: *const GUID,
    /// The property.
    pub Id: ULONG,
    /// What can be done with it: the `KSPROPERTY_TYPE_…` flags.
    pub Flags: ULONG,
    /// Who answers.
    pub Handler: Option<PCPFNPROPERTY_HANDLER>,
}

/// A property request.
#[repr(C)]
pub struct PCPROPERTY_REQUEST {
    /// The miniport.
    pub MajorTarget: *mut IUnknown,
    /// The stream, or null.
    pub MinorTarget: *mut IUnknown,
    /// The node, or `ULONG::MAX`.
    pub Node: ULONG,
    /// The table entry that matched.
    pub PropertyItem: *const PCPROPERTY_ITEM,
    /// One of the `KSPROPERTY_TYPE_…` flags.
    pub Verb: ULONG,
    /// Bytes of `Instance`.
    pub InstanceSize: ULONG,
    /// What followed the property identifier in the request.
    pub Instance: PVOID,
    /// Bytes that `Value` can hold; after success, bytes that it holds.
    pub ValueSize: ULONG,
    /// The value.
    pub Value: PVOID,
    /// The request packet.
    pub Irp: PIRP,
}

// SAFETY: descriptor tables are constant data; their pointers lead to constant data too.
unsafe impl Sync for PCFILTER_DESCRIPTOR {}
// SAFETY: as above.
unsafe impl Sync for PCPIN_DESCRIPTOR {}
// SAFETY: as above.
unsafe impl Sync for PCNODE_DESCRIPTOR {}
// SAFETY: as above.
unsafe impl Sync for PCAUTOMATION_TABLE {}
// SAFETY: as above.
unsafe impl Sync for PCPROPERTY_ITEM {}

const _: () = assert!(size_of::<PCCONNECTION_DESCRIPTOR>() == 16);
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<PCPIN_DESCRIPTOR>() == 112);
    assert!(offset_of!(PCPIN_DESCRIPTOR, KsPinDescriptor) == 24);
    assert!(size_of::<PCFILTER_DESCRIPTOR>() == 80);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Pins) == 24);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Nodes) == 40);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, ConnectionCount) == 48);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Connections) == 56);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Categories) == 72);
    assert!(size_of::<PCNODE_DESCRIPTOR>() == 32);
    assert!(size_of::<PCAUTOMATION_TABLE>() == 56);
    assert!(size_of::<PCPROPERTY_ITEM>() == 24);
    assert!(size_of::<PCPROPERTY_REQUEST>() == 72);
};
#[cfg(target_pointer_width = "32")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<PCPIN_DESCRIPTOR>() == 64);
    assert!(offset_of!(PCPIN_DESCRIPTOR, KsPinDescriptor) == 16);
    assert!(size_of::<PCFILTER_DESCRIPTOR>() == 48);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Pins) == 16);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Nodes) == 28);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, ConnectionCount) == 32);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Connections) == 36);
    assert!(offset_of!(PCFILTER_DESCRIPTOR, Categories) == 44);
    assert!(size_of::<PCNODE_DESCRIPTOR>() == 16);
    assert!(size_of::<PCAUTOMATION_TABLE>() == 40);
    assert!(size_of::<PCPROPERTY_ITEM>() == 16);
    assert!(size_of::<PCPROPERTY_REQUEST>() == 40);
};
