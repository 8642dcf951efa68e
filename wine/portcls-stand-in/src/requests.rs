//! Plug and Play requests, as portcls treats them.

use portcls::com::Own;
use portcls::interfaces::IResourceList;
use portcls::status::{STATUS_UNSUCCESSFUL, succeeded};
use portcls::types::{NTSTATUS, PDEVICE_OBJECT, PIRP, PVOID};

use crate::adapter::Extension;
use crate::client;
use crate::kernel::{
    IRP_MJ_PNP, IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IoDeleteDevice, IoDetachDevice,
    IofCallDriver, IofCompleteRequest, Irp, STATUS_MORE_PROCESSING_REQUIRED, StackLocation,
};
use crate::objects;
use crate::resource_list::NoResources;
use crate::trace::{Status, trace};

/// `SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL`.
const CALL_ALWAYS: u8 = 0xE0;

/// Does what portcls does with a request.
///
/// # Safety
/// The device was made by `PcAddAdapterDevice`, and the request is being dispatched to it.
pub unsafe fn dispatch(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let location = unsafe { (*irp.cast::<Irp>()).current };
    // SAFETY: a request that is being dispatched has a stack location.
    let StackLocation { major, minor, .. } = unsafe { *location };
    trace!("PcDispatchIrp: major {major:#04x}, minor {minor:#04x}");
    match (major, minor) {
        // SAFETY: the caller's promise.
        (IRP_MJ_PNP, IRP_MN_START_DEVICE) => unsafe { start(device, irp) },
        // SAFETY: the caller's promise.
        (IRP_MJ_PNP, IRP_MN_REMOVE_DEVICE) => unsafe { remove(device, irp) },
        // SAFETY: the caller's promise.
        _ => unsafe { pass_on(device, irp) },
    }
}

/// Hands a request to the device below, which finds the same stack location.
///
/// # Safety
/// As for [`dispatch`].
unsafe fn pass_on(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let lower_device = unsafe { Extension::of(device) }.lower_device;
    // SAFETY: the caller's promise.
    let request = unsafe { &mut *irp.cast::<Irp>() };
    request.current_location += 1;
    request.current = request.current.wrapping_add(1);
    // SAFETY: the device below lives as long as this one.
    unsafe { IofCallDriver(lower_device, irp) }
}

/// Keeps a request that the device below has completed.
unsafe extern "C" fn keep(_device: PDEVICE_OBJECT, _irp: PIRP, _context: PVOID) -> NTSTATUS {
    STATUS_MORE_PROCESSING_REQUIRED
}

/// # Safety
/// As for [`dispatch`].
unsafe fn start(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let request = unsafe { &mut *irp.cast::<Irp>() };
    // SAFETY: a request that is being dispatched has a stack location.
    let location = unsafe { *request.current };
    let next = request.current.wrapping_sub(1);
    // SAFETY: there is one for every device below.
    unsafe { next.write(location) };
    // SAFETY: as above.
    let next = unsafe { &mut *next };
    next.completion = Some(keep);
    next.control = CALL_ALWAYS;
    // SAFETY: the caller's promise.
    let extension = unsafe { Extension::of(device) };
    let (lower_device, start_device) = (extension.lower_device, extension.start_device);
    // SAFETY: the device below lives as long as this one. Wine's devices complete at once.
    let mut status = unsafe { IofCallDriver(lower_device, irp) };
    if succeeded(status) {
        status = match (start_device, Own::new(NoResources)) {
            (Some(start_device), Ok(resources)) => {
                let resources = resources.as_unknown().cast::<IResourceList>();
                // SAFETY: what the driver has registered, with what it expects.
                unsafe { start_device(device, irp, resources) }
            }
            _ => STATUS_UNSUCCESSFUL,
        };
        trace!("StartDevice -> {}", Status(status));
    }
    if succeeded(status) {
        // SAFETY: the caller's promise; the driver is back.
        client::try_out(unsafe { Extension::of(device) });
    }
    request.status = status;
    // SAFETY: the request was kept above.
    unsafe { IofCompleteRequest(irp, 0) };
    status
}

/// # Safety
/// As for [`dispatch`].
unsafe fn remove(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let extension = unsafe { Extension::of(device) };
    drop(extension.port.take());
    drop(extension.power.take());
    let lower_device = extension.lower_device;
    trace!("the device is removed: {} objects left", objects::live());
    // SAFETY: the caller's promise.
    let status = unsafe { pass_on(device, irp) };
    // SAFETY: attached by `PcAddAdapterDevice`.
    unsafe { IoDetachDevice(lower_device) };
    // SAFETY: made by `PcAddAdapterDevice`; this was its last request.
    unsafe { IoDeleteDevice(device) };
    status
}
