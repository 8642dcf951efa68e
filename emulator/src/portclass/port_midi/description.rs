//! A filter's description, read from the miniport's tables and checked.

use portcls::descriptors::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};
use portcls::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use portcls::ks::{
    KSDATARANGE, KSDATARANGE_MUSIC, KSPIN_COMMUNICATION_BOTH, KSPIN_COMMUNICATION_BRIDGE,
    KSPIN_COMMUNICATION_NONE, KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};
use portcls::types::{GUID, ULONG};

/// A pin as its miniport describes it.
pub(super) struct PinDescription {
    pub(super) most_global: ULONG,
    pub(super) most_filter: ULONG,
    pub(super) least_filter: ULONG,
    pub(super) dataflow: i32,
    pub(super) communication: i32,
    pub(super) category: Option<GUID>,
    pub(super) properties: Vec<PropertyItem>,
    pub(super) ranges: Vec<DataRange>,
}

/// A data range, with the table that the miniport has of it.
#[derive(Clone, Copy)]
pub(super) struct DataRange {
    pub(super) head: KSDATARANGE,
    pub(super) table: *const KSDATARANGE,
}

/// An entry of an automation table.
#[derive(Clone, Copy)]
pub(super) struct PropertyItem {
    pub(super) set: GUID,
    pub(super) table: *const PCPROPERTY_ITEM,
}

/// A filter as its miniport describes it.
pub(super) struct Description {
    pub(super) pins: Vec<PinDescription>,
    pub(super) properties: Vec<PropertyItem>,
    categories: Vec<GUID>,
}

type Check<T> = Result<T, String>;

fn require(holds: bool, fault: &str) -> Check<()> {
    if holds { Ok(()) } else { Err(fault.to_owned()) }
}

/// The `count` elements of a table whose elements take `size` bytes each.
///
/// # Safety
/// The table has that many elements.
unsafe fn elements<'a, T>(
    first: *const T,
    count: ULONG,
    size: ULONG,
    what: &str,
) -> Check<Vec<&'a T>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    require(
        !first.is_null(),
        &format!("{count} {what}s, but no table of them"),
    )?;
    let size = size as usize;
    if size < size_of::<T>() || !size.is_multiple_of(8) {
        return Err(format!("a {what} can't take {size} bytes"));
    }
    let mut all = Vec::new();
    for index in 0..count as usize {
        // SAFETY: the element is inside of the table.
        let element = unsafe { first.byte_add(index * size) };
        // SAFETY: as above.
        all.push(unsafe { &*element });
    }
    Ok(all)
}

/// # Safety
/// `table` is null or an automation table.
unsafe fn automation(table: *const PCAUTOMATION_TABLE) -> Check<Vec<PropertyItem>> {
    // SAFETY: the caller's promise.
    let Some(table) = (unsafe { table.as_ref() }) else {
        return Ok(Vec::new());
    };
    for size in [table.MethodItemSize, table.EventItemSize] {
        require(
            size.is_multiple_of(8),
            "an item size in an automation table is no multiple of 8",
        )?;
    }
    let size = table.PropertyItemSize;
    // SAFETY: the table says how many properties it has.
    let items = unsafe { elements(table.Properties, table.PropertyCount, size, "property item") }?;
    items
        .into_iter()
        .map(|item| {
            require(item.Handler.is_some(), "a property item has no handler")?;
            require(item.Flags != 0, "a property item allows no verb")?;
            // SAFETY: null, or a property set's GUID.
            let set = unsafe { item.Set.as_ref() }.copied();
            let set = set.ok_or("a property item has no set")?;
            Ok(PropertyItem { set, table: item })
        })
        .collect()
}

/// # Safety
/// `table` is a pin's description.
unsafe fn pin(table: &PCPIN_DESCRIPTOR) -> Check<PinDescription> {
    let ks = &table.KsPinDescriptor;
    require(
        [KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT].contains(&ks.DataFlow),
        "a pin flows neither in nor out",
    )?;
    require(
        (KSPIN_COMMUNICATION_NONE..=KSPIN_COMMUNICATION_BRIDGE).contains(&ks.Communication),
        "a pin has an unknown communication",
    )?;
    let opens = [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&ks.Communication);
    require(
        opens || table.MaxFilterInstanceCount == 0,
        "a pin that can't be opened has instances",
    )?;
    require(
        table.MinFilterInstanceCount <= table.MaxFilterInstanceCount,
        "a pin needs more instances than it allows",
    )?;
    require(ks.DataRangesCount != 0, "a pin has no data range")?;
    // SAFETY: null, or a GUID.
    let category = unsafe { ks.Category.as_ref() }.copied();
    require(category.is_some(), "a pin has no category")?;
    let count = ks.DataRangesCount;
    // SAFETY: the pin says how many data ranges it has.
    let pointers = unsafe { elements(ks.DataRanges, count, 8, "data range") }?;
    let mut ranges = Vec::new();
    for pointer in pointers {
        // SAFETY: null, or a data range.
        let head = *unsafe { pointer.as_ref() }.ok_or("a data range is missing")?;
        check_range(&head)?;
        ranges.push(DataRange {
            head,
            table: *pointer,
        });
    }
    require(
        !opens || ranges.iter().any(DataRange::is_midi),
        "a pin that can be opened has no data range of MIDI",
    )?;
    Ok(PinDescription {
        most_global: table.MaxGlobalInstanceCount,
        most_filter: table.MaxFilterInstanceCount,
        least_filter: table.MinFilterInstanceCount,
        dataflow: ks.DataFlow,
        communication: ks.Communication,
        category,
        // SAFETY: null, or an automation table.
        properties: unsafe { automation(table.AutomationTable) }?,
        ranges,
    })
}

fn check_range(range: &KSDATARANGE) -> Check<()> {
    let size = range.FormatSize as usize;
    require(
        size >= size_of::<KSDATARANGE>(),
        "a data range is smaller than its head",
    )?;
    require(
        range.Reserved == 0,
        "a data range's reserved field is not zero",
    )?;
    let is_midi = range.MajorFormat == KSDATAFORMAT_TYPE_MUSIC
        && range.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI;
    require(
        !is_midi || size == size_of::<KSDATARANGE_MUSIC>(),
        "a data range of MIDI is no KSDATARANGE_MUSIC",
    )
}

impl DataRange {
    /// Whether it is raw MIDI.
    pub(super) fn is_midi(&self) -> bool {
        self.head.MajorFormat == KSDATAFORMAT_TYPE_MUSIC
            && self.head.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI
            && self.head.Specifier == KSDATAFORMAT_SPECIFIER_NONE
    }
}

impl PinDescription {
    /// Whether clients can open it.
    pub(super) fn opens(&self) -> bool {
        [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&self.communication)
    }
}

impl Description {
    /// Reads and checks a description.
    ///
    /// # Safety
    /// `table` is null, or a filter's description that lives as long as the result.
    pub(super) unsafe fn read(table: *const PCFILTER_DESCRIPTOR) -> Check<Self> {
        // SAFETY: the caller's promise.
        let table = unsafe { table.as_ref() }.ok_or("there is none")?;
        require(table.Version == 0, "the version is not 0")?;
        require(table.PinCount != 0, "there is no pin")?;
        // SAFETY: the table says how many pins there are.
        let tables = unsafe { elements(table.Pins, table.PinCount, table.PinSize, "pin") }?;
        let mut pins = Vec::new();
        for table in tables {
            // SAFETY: the miniport's tables are what they say.
            pins.push(unsafe { pin(table) }?);
        }
        require(
            table.NodeSize as usize >= size_of::<PCNODE_DESCRIPTOR>() && table.NodeSize % 8 == 0,
            "the size of a node is wrong",
        )?;
        // SAFETY: the table says how many nodes there are.
        let nodes = unsafe { elements(table.Nodes, table.NodeCount, table.NodeSize, "node") }?;
        for node in nodes {
            require(!node.Type.is_null(), "a node has no type")?;
            // SAFETY: null, or an automation table.
            unsafe { automation(node.AutomationTable) }?;
        }
        let size = 16;
        let count = table.ConnectionCount;
        // SAFETY: the table says how many connections there are.
        let connections = unsafe { elements(table.Connections, count, size, "connection") }?;
        for connection in connections {
            check_connection(connection, &pins, table.NodeCount)?;
        }
        require(table.CategoryCount != 0, "there is no category")?;
        // SAFETY: the table says how many categories there are.
        let categories =
            unsafe { elements(table.Categories, table.CategoryCount, 16, "category") }?;
        Ok(Self {
            pins,
            // SAFETY: null, or an automation table.
            properties: unsafe { automation(table.AutomationTable) }?,
            categories: categories.into_iter().copied().collect(),
        })
    }

    pub(super) fn categories(&self) -> &[GUID] {
        &self.categories
    }
}

fn check_connection(
    connection: &PCCONNECTION_DESCRIPTOR,
    pins: &[PinDescription],
    nodes: ULONG,
) -> Check<()> {
    let ends = [
        (
            connection.FromNode,
            connection.FromNodePin,
            KSPIN_DATAFLOW_IN,
        ),
        (connection.ToNode, connection.ToNodePin, KSPIN_DATAFLOW_OUT),
    ];
    for (node, pin, dataflow) in ends {
        if node != PCFILTER_NODE {
            require(node < nodes, "a connection names a node that there isn't")?;
            continue;
        }
        let pin = pins
            .get(pin as usize)
            .ok_or("a connection names a pin that there isn't")?;
        require(
            pin.dataflow == dataflow,
            "a connection runs against the direction of its pin",
        )?;
    }
    Ok(())
}
