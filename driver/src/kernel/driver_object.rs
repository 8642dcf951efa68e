//! The driver's object, and the memory that goes with it: all that the driver has as a whole.

use core::ffi::c_void;
use core::ptr::null_mut;

use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES, check};
use portcls::types::{PDEVICE_OBJECT, PDRIVER_OBJECT};

use super::ffi;

/// A driver's object, as the unload routine gets it.
pub type DriverObject = ffi::DRIVER_OBJECT;

portcls::system_abi! {
    /// Undoes what `DriverEntry` did.
    pub type UnloadFunction = unsafe fn(driver: *mut DriverObject);
}

/// Its address identifies the driver's memory.
static IDENTIFICATION: u8 = 0;

fn identification() -> *mut c_void {
    (&raw const IDENTIFICATION).cast_mut().cast()
}

/// Allocates the driver's memory, and puts `state` there. It is resident, and goes with the driver's
/// object; `state` is not dropped then. `PASSIVE_LEVEL`.
///
/// # Errors
/// The system's status code.
///
/// # Safety
/// `driver` is this driver's object, in `DriverEntry`, and nothing was allocated for it yet.
pub unsafe fn allocate_state<State>(driver: PDRIVER_OBJECT, state: State) -> Outcome<*mut State> {
    const { assert!(align_of::<State>() <= size_of::<u64>()) };
    let size = u32::try_from(size_of::<State>()).map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
    let mut memory = null_mut();
    // SAFETY: the caller's promise; the memory's address can be written to.
    check(unsafe {
        ffi::IoAllocateDriverObjectExtension(driver.cast(), identification(), size, &raw mut memory)
    })?;
    let memory = memory.cast::<State>();
    // SAFETY: the memory is fresh, and large enough.
    unsafe { memory.write(state) };
    Ok(memory)
}

/// What [`allocate_state`] returned. At or below `DISPATCH_LEVEL`.
///
/// # Safety
/// `driver` is this driver's object, and the state was allocated with this type.
#[must_use]
pub unsafe fn state_of<State>(driver: PDRIVER_OBJECT) -> *mut State {
    // SAFETY: the caller's promise.
    unsafe { ffi::IoGetDriverObjectExtension(driver.cast(), identification()) }.cast()
}

/// The driver of a device.
///
/// # Safety
/// `device` is a live device object.
#[must_use]
pub unsafe fn driver_of(device: PDEVICE_OBJECT) -> PDRIVER_OBJECT {
    let device = device.cast::<ffi::DEVICE_OBJECT>();
    // SAFETY: the caller's promise.
    unsafe { (*device).DriverObject }.cast()
}

/// Has `unload` undo what `DriverEntry` did; returns what was to do so before. `PASSIVE_LEVEL`.
///
/// # Safety
/// `driver` is this driver's object, in `DriverEntry`; `unload` calls what this returns.
pub unsafe fn replace_unload(
    driver: PDRIVER_OBJECT,
    unload: UnloadFunction,
) -> Option<UnloadFunction> {
    let driver = driver.cast::<ffi::DRIVER_OBJECT>();
    // SAFETY: the caller's promise.
    let routine = unsafe { &mut (*driver).DriverUnload };
    routine.replace(unload)
}
