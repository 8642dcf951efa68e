//! Properties of filters.

use std::ptr::null_mut;

use portcls::descriptors::PCPROPERTY_REQUEST;
use portcls::guid::KSPROPSETID_Pin;
use portcls::interfaces::IMiniport;
use portcls::ks::{
    KSDATAFORMAT, KSDATARANGE, KSPROPERTY_PIN_CATEGORY, KSPROPERTY_PIN_COMMUNICATION,
    KSPROPERTY_PIN_CTYPES, KSPROPERTY_PIN_DATAFLOW, KSPROPERTY_PIN_DATAINTERSECTION,
    KSPROPERTY_PIN_DATARANGES, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
};
use portcls::status::{
    Outcome, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER, STATUS_NO_MATCH, STATUS_NOT_FOUND, STATUS_NOT_IMPLEMENTED,
    STATUS_PENDING, STATUS_SUCCESS,
};
use portcls::types::{GUID, NTSTATUS, ULONG};

use super::description::{DataRange, PinDescription, PropertyItem};
use super::{Children, Port, release};
use crate::machine::Machine;
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;

/// Bytes of the number and the reserved field of a `KSP_PIN`.
const PIN_INSTANCE: usize = 8;
/// Bytes of a `KSMULTIPLE_ITEM`.
const MULTIPLE_ITEM: usize = 8;

/// A property request on its way.
pub(crate) struct PropertyQuestion<'a> {
    pub(crate) set: GUID,
    pub(crate) id: u32,
    pub(crate) verb: u32,
    /// What follows the property's identifier.
    pub(crate) instance: &'a [u8],
    pub(crate) value: &'a mut [u8],
}

impl PropertyQuestion<'_> {
    fn number(&self, at: usize) -> Outcome<u32> {
        let bytes = self.instance.get(at..at + 4);
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(u32::from_ne_bytes)
            .ok_or(STATUS_INVALID_PARAMETER)
    }

    /// Answers with a value whose size is fixed.
    fn answer(&mut self, answer: &[u8]) -> (NTSTATUS, usize) {
        let only_size = self.value.is_empty();
        let status = match self.value.get_mut(..answer.len()) {
            Some(value) => {
                value.copy_from_slice(answer);
                STATUS_SUCCESS
            }
            None if only_size => STATUS_BUFFER_OVERFLOW,
            None => STATUS_BUFFER_TOO_SMALL,
        };
        (status, answer.len())
    }
}

impl Port {
    /// Answers a property request; returns the status and the size of the value.
    pub(crate) fn property(
        &self,
        machine: &Machine,
        question: &mut PropertyQuestion<'_>,
    ) -> (NTSTATUS, usize) {
        machine.require_irql(PASSIVE_LEVEL, "IOCTL_KS_PROPERTY", "IrqlIoPassive");
        let children = match self.children() {
            Ok(children) => children,
            Err(status) => return (status, 0),
        };
        let answer = match find(&children, question) {
            Some(item) => ask_driver(machine, &children, item, question),
            None if question.set == KSPROPSETID_Pin => {
                ask_port(machine, &children, question).unwrap_or_else(|status| (status, 0))
            }
            None => (STATUS_NOT_FOUND, 0),
        };
        release(machine, children);
        answer
    }
}

/// The driver's own answer to a property, from the filter's table or a pin's.
fn find(children: &Children, question: &PropertyQuestion<'_>) -> Option<PropertyItem> {
    let description = &children.description;
    let pin = (question.set == KSPROPSETID_Pin)
        .then(|| question.number(0).ok())
        .flatten();
    let pin = pin.and_then(|pin| description.pins.get(pin as usize));
    let of_pin = pin.map_or(&[][..], |pin| &pin.properties);
    let items = description.properties.iter().chain(of_pin);
    items
        .filter(|item| item.set == question.set)
        .find(|item| {
            // SAFETY: the miniport, which is live, keeps its tables.
            unsafe { (*item.table).Id == question.id }
        })
        .copied()
}

fn ask_driver(
    machine: &Machine,
    children: &Children,
    item: PropertyItem,
    question: &mut PropertyQuestion<'_>,
) -> (NTSTATUS, usize) {
    // SAFETY: the miniport, which is live, keeps its tables.
    let table = unsafe { &*item.table };
    if table.Flags & question.verb == 0 {
        if question.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
            return question.answer(&table.Flags.to_ne_bytes());
        }
        return (STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    let Some(handler) = table.Handler else {
        return (STATUS_NOT_FOUND, 0);
    };
    let size = |bytes: usize| ULONG::try_from(bytes).unwrap_or(ULONG::MAX);
    // The driver may expect its instance where numbers may stand.
    let mut instance = vec![0_u64; question.instance.len().div_ceil(8)];
    let target = instance.as_mut_ptr();
    // SAFETY: there is room for all bytes of the instance.
    unsafe {
        question
            .instance
            .as_ptr()
            .copy_to_nonoverlapping(target.cast(), question.instance.len());
    }
    let room = question.value.len();
    let pointer = |empty: bool, start: *mut u8| if empty { null_mut() } else { start };
    let mut request = PCPROPERTY_REQUEST {
        MajorTarget: children.miniport.as_unknown(),
        MinorTarget: null_mut(),
        Node: ULONG::MAX,
        PropertyItem: item.table,
        Verb: question.verb,
        InstanceSize: size(question.instance.len()),
        Instance: pointer(question.instance.is_empty(), target.cast()).cast(),
        ValueSize: size(room),
        Value: pointer(room == 0, question.value.as_mut_ptr()).cast(),
        Irp: null_mut(),
    };
    let status = machine.call_driver("a property handler", || {
        // SAFETY: the handler is the driver's; the request outlives the call.
        unsafe { handler(&raw mut request) }
    });
    let answered = request.ValueSize as usize;
    let fault = if status == STATUS_PENDING {
        Some("left a request pending")
    } else if status == STATUS_SUCCESS && answered > room {
        Some("succeeded with more than fits")
    } else {
        None
    };
    if let Some(fault) = fault {
        machine.bug_check(
            BugCheck::DriverVerifierDetectedViolation,
            format!("a property handler {fault}"),
        );
    }
    (status, answered)
}

fn ask_port(
    machine: &Machine,
    children: &Children,
    question: &mut PropertyQuestion<'_>,
) -> Outcome<(NTSTATUS, usize)> {
    let pins = &children.description.pins;
    let known = [
        KSPROPERTY_PIN_CTYPES,
        KSPROPERTY_PIN_DATAFLOW,
        KSPROPERTY_PIN_DATARANGES,
        KSPROPERTY_PIN_DATAINTERSECTION,
        KSPROPERTY_PIN_COMMUNICATION,
        KSPROPERTY_PIN_CATEGORY,
    ];
    if !known.contains(&question.id) {
        return Err(STATUS_NOT_FOUND);
    }
    if question.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
        let access = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
        return Ok(question.answer(&access.to_ne_bytes()));
    }
    if question.verb & KSPROPERTY_TYPE_GET == 0 {
        return Err(STATUS_INVALID_DEVICE_REQUEST);
    }
    if question.id == KSPROPERTY_PIN_CTYPES {
        let count = u32::try_from(pins.len()).unwrap_or(u32::MAX);
        return Ok(question.answer(&count.to_ne_bytes()));
    }
    let number = question.number(0)?;
    let pin = pins.get(number as usize).ok_or(STATUS_INVALID_PARAMETER)?;
    Ok(match question.id {
        KSPROPERTY_PIN_DATAFLOW => question.answer(&pin.dataflow.to_ne_bytes()),
        KSPROPERTY_PIN_COMMUNICATION => question.answer(&pin.communication.to_ne_bytes()),
        KSPROPERTY_PIN_CATEGORY => {
            let category = pin.category.ok_or(STATUS_NOT_FOUND)?;
            question.answer(&bytes_of_guid(&category))
        }
        KSPROPERTY_PIN_DATARANGES => question.answer(&ranges_of(pin)),
        _ => intersect(machine, children, number, pin, question)?,
    })
}

fn bytes_of_guid(guid: &GUID) -> Vec<u8> {
    let mut bytes = guid.Data1.to_le_bytes().to_vec();
    bytes.extend(guid.Data2.to_le_bytes());
    bytes.extend(guid.Data3.to_le_bytes());
    bytes.extend(guid.Data4);
    bytes
}

/// The data ranges of a pin behind a `KSMULTIPLE_ITEM`, each at a multiple of eight bytes.
fn ranges_of(pin: &PinDescription) -> Vec<u8> {
    let mut bytes = vec![0; MULTIPLE_ITEM];
    for range in &pin.ranges {
        let size = range.head.FormatSize as usize;
        // SAFETY: the miniport's range has that many bytes.
        bytes.extend(unsafe { std::slice::from_raw_parts(range.table.cast::<u8>(), size) });
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_ne_bytes();
    let size = number(bytes.len());
    bytes[..4].copy_from_slice(&size);
    bytes[4..MULTIPLE_ITEM].copy_from_slice(&number(pin.ranges.len()));
    bytes
}

/// Finds the format that a client's data ranges have in common with the pin's.
fn intersect(
    machine: &Machine,
    children: &Children,
    number: u32,
    pin: &PinDescription,
    question: &mut PropertyQuestion<'_>,
) -> Outcome<(NTSTATUS, usize)> {
    let count = question.number(PIN_INSTANCE + 4)?;
    let mut at = PIN_INSTANCE + MULTIPLE_ITEM;
    for _ in 0..count {
        let size = question.number(at)? as usize;
        let bytes = question.instance.get(at..at + size);
        let bytes = bytes.filter(|bytes| bytes.len() >= size_of::<KSDATARANGE>());
        let bytes = bytes.ok_or(STATUS_INVALID_PARAMETER)?;
        let mut client = vec![0_u64; size.div_ceil(8)];
        let start: *mut u8 = client.as_mut_ptr().cast();
        // SAFETY: there is room for all bytes of the range.
        unsafe { bytes.as_ptr().copy_to_nonoverlapping(start, size) };
        at += size.next_multiple_of(8);
        for own in &pin.ranges {
            let pair = (client.as_mut_ptr().cast::<KSDATARANGE>(), own);
            let (status, length) = intersect_pair(machine, children, number, pair, question);
            if status != STATUS_NO_MATCH {
                return Ok((status, length));
            }
        }
    }
    Err(STATUS_NO_MATCH)
}

fn intersect_pair(
    machine: &Machine,
    children: &Children,
    pin: u32,
    (client, own): (*mut KSDATARANGE, &DataRange),
    question: &mut PropertyQuestion<'_>,
) -> (NTSTATUS, usize) {
    let room = question.value.len();
    let mut format = vec![0_u64; room.div_ceil(8)];
    let start = if room == 0 {
        null_mut()
    } else {
        format.as_mut_ptr()
    };
    let mut length: ULONG = 0;
    let status = machine.call_driver("IMiniport::DataRangeIntersection", || {
        // SAFETY: the miniport is live, and everything else outlives the call.
        unsafe {
            IMiniport::DataRangeIntersection(
                children.miniport.as_ptr().cast(),
                pin,
                client,
                own.table.cast_mut(),
                ULONG::try_from(room).unwrap_or(ULONG::MAX),
                start.cast(),
                &raw mut length,
            )
        }
    });
    if status == STATUS_NOT_IMPLEMENTED {
        // SAFETY: the client's range has at least a head.
        return default_intersection(unsafe { &*client }, own, question);
    }
    let length = length as usize;
    if status == STATUS_SUCCESS {
        if length > room {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "DataRangeIntersection succeeded with more than fits",
            );
        }
        // SAFETY: the miniport may have written at most `room` bytes, and all were zeroed before.
        let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) };
        question.value[..length].copy_from_slice(bytes);
    }
    (status, length)
}

fn default_intersection(
    client: &KSDATARANGE,
    own: &DataRange,
    question: &mut PropertyQuestion<'_>,
) -> (NTSTATUS, usize) {
    let same = client.MajorFormat == own.head.MajorFormat
        && client.SubFormat == own.head.SubFormat
        && client.Specifier == own.head.Specifier;
    if !same {
        return (STATUS_NO_MATCH, 0);
    }
    let size = size_of::<KSDATAFORMAT>();
    let mut bytes = Vec::with_capacity(size);
    let head = [u32::try_from(size).unwrap_or(0), 0, 0, 0];
    bytes.extend(head.into_iter().flat_map(u32::to_ne_bytes));
    for guid in [own.head.MajorFormat, own.head.SubFormat, own.head.Specifier] {
        bytes.extend(bytes_of_guid(&guid));
    }
    question.answer(&bytes)
}
