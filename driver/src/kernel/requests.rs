//! Driver objects, device objects and requests, as far as the driver looks into them.

use core::ffi::c_void;

use portcls::types::{NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP};

use super::ffi;

/// A device object, as dispatch routines get it.
pub type DeviceObject = ffi::DEVICE_OBJECT;
/// A request, as dispatch routines get it.
pub type Request = ffi::IRP;

portcls::system_abi! {
    /// A routine that handles requests.
    pub type DispatchFunction =
        unsafe fn(device: *mut DeviceObject, request: *mut Request) -> NTSTATUS;
}

/// A device is stopped.
pub const MINOR_STOP_DEVICE: u8 = 0x04;
/// A device is removed.
pub const MINOR_REMOVE_DEVICE: u8 = 0x02;
/// A device is gone already.
pub const MINOR_SURPRISE_REMOVAL: u8 = 0x17;

/// The minor function of a request: what Plug and Play wants.
///
/// # Safety
/// `irp` is a request that is being dispatched to this driver.
#[must_use]
pub unsafe fn minor_function(irp: PIRP) -> u8 {
    let irp = irp.cast::<ffi::IRP>();
    #[cfg(not(feature = "wdk"))]
    // SAFETY: the request is live.
    let location = unsafe { (*irp).Tail.Overlay.CurrentStackLocation };
    #[cfg(feature = "wdk")]
    let location = {
        // SAFETY: the request is live.
        let tail = unsafe { (*irp).Tail };
        // SAFETY: a request that is being dispatched has this part of the tail.
        let overlay = unsafe { tail.Overlay };
        // SAFETY: and its location on the stack there.
        unsafe {
            overlay
                .__bindgen_anon_2
                .__bindgen_anon_1
                .CurrentStackLocation
        }
    };
    // SAFETY: as above.
    unsafe { (*location).MinorFunction }
}

/// Has `dispatch` handle Plug and Play requests from now on. `PASSIVE_LEVEL`.
///
/// # Safety
/// `driver` is this driver's object, in `DriverEntry`.
pub unsafe fn set_pnp_dispatch(driver: PDRIVER_OBJECT, dispatch: DispatchFunction) {
    let driver = driver.cast::<ffi::DRIVER_OBJECT>();
    // SAFETY: the caller's promise.
    unsafe { (*driver).MajorFunction[ffi::IRP_MJ_PNP as usize] = Some(dispatch) };
}

/// The driver's own part of a device's extension, behind that of portcls.
///
/// # Safety
/// `device` is a functional device object that was added with an extension of at least `offset`
/// bytes and that part.
#[must_use]
pub unsafe fn extension(device: PDEVICE_OBJECT, offset: usize) -> *mut c_void {
    let device = device.cast::<ffi::DEVICE_OBJECT>();
    // SAFETY: the caller's promise.
    let extension = unsafe { (*device).DeviceExtension };
    // SAFETY: the extension is that long.
    unsafe { extension.cast::<u8>().add(offset) }.cast()
}

/// Hands a request on to portcls. At the IRQL at which it came.
///
/// # Safety
/// Both are what the system gave to the dispatch routine.
pub unsafe fn pass_on(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe { ffi::PcDispatchIrp(device, irp) }
}
