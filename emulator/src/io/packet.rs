//! Request packets to drivers.

use std::ptr::null_mut;

use portcls::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_NOT_SUPPORTED};
use portcls::types::NTSTATUS;

use super::system::Zeroed;
use crate::machine::Machine;
use crate::machine::stop::BugCheck;
use crate::ntddk::{DEVICE_OBJECT, IO_STACK_LOCATION, IRP};
use crate::portclass::adapter::Adapter;

/// `IO_TYPE_IRP`.
const PACKET_TYPE: i16 = 6;
/// In a field that drivers don't look at: the request was completed.
const COMPLETED: u64 = 0x636F_6D70_6C65_7465;

/// Sends a request to the driver of a device; returns how it ended.
pub(crate) fn send(
    machine: &Machine,
    adapter: &Adapter,
    major: u32,
    minor: u32,
    parameters: [u64; 4],
) -> NTSTATUS {
    let Some(dispatch) = adapter.driver.dispatch_routine(major) else {
        return STATUS_INVALID_DEVICE_REQUEST;
    };
    // SAFETY: zeros are a valid packet: numbers and null pointers.
    let packet: Zeroed<IRP> = unsafe { Zeroed::new() };
    let mut location = IO_STACK_LOCATION {
        MajorFunction: u8::try_from(major).unwrap_or(0),
        MinorFunction: u8::try_from(minor).unwrap_or(0),
        Flags: 0,
        Control: 0,
        Parameters: parameters,
        DeviceObject: adapter.object.as_ptr(),
        FileObject: null_mut(),
        CompletionRoutine: null_mut(),
        Context: null_mut(),
    };
    // SAFETY: the packet is ours alone still.
    let fields = unsafe { &mut *packet.as_ptr() };
    fields.Type = PACKET_TYPE;
    fields.Size = size_of::<IRP>().try_into().unwrap_or(0);
    fields.IoStatus.Status = STATUS_NOT_SUPPORTED;
    fields.Tail.Overlay.CurrentStackLocation = &raw mut location;
    let status = machine.call_driver("a dispatch routine", || {
        // SAFETY: the device is the driver's, and the packet lives until it is completed.
        unsafe { dispatch(adapter.object.as_ptr(), packet.as_ptr()) }
    });
    if !is_completed(packet.as_ptr()) {
        machine.bug_check(
            BugCheck::DriverVerifierDetectedViolation,
            format!("a request (major {major:#x}, minor {minor:#x}) was not completed"),
        );
    }
    status
}

fn is_completed(packet: *mut IRP) -> bool {
    // SAFETY: callers have a live packet.
    unsafe { (*packet).Head[0] == COMPLETED }
}

/// Completes a request.
pub(crate) fn complete(machine: &Machine, packet: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    if is_completed(packet) {
        machine.bug_check(
            BugCheck::MultipleIrpCompleteRequests,
            "a request was dispatched that is completed already",
        );
    }
    // SAFETY: the packet is live, and nobody else works on it.
    let fields = unsafe { &mut *packet };
    fields.IoStatus.Status = status;
    fields.Head[0] = COMPLETED;
    status
}

/// The device and the parameters that a packet is for.
pub(crate) fn location(packet: *mut IRP) -> Option<(*mut DEVICE_OBJECT, u32, u32, [u64; 4])> {
    // SAFETY: callers have a live packet.
    let location = unsafe { (*packet).Tail.Overlay.CurrentStackLocation };
    // SAFETY: null, or the location that `send` made.
    let location = unsafe { location.as_ref() }?;
    Some((
        location.DeviceObject,
        u32::from(location.MajorFunction),
        u32::from(location.MinorFunction),
        location.Parameters,
    ))
}
