//! The functions of portcls.sys, with Rust's types. All at `PASSIVE_LEVEL`.

use core::ptr::null_mut;

use portcls::com::ComPtr;
use portcls::functions::{PCPFNSTARTDEVICE, PDRIVER_ADD_DEVICE};
use portcls::guid::CLSID_PortMidi;
use portcls::interfaces::{
    DRIVER_REGISTRY_KEY, IInterruptSync, INTERRUPT_SYNC_MODE_NORMAL, IPort, IRegistryKey,
    IResourceList, IServiceGroup, IUnknown,
};
use portcls::status::{Outcome, STATUS_UNSUCCESSFUL, check};
use portcls::types::{NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, UNICODE_STRING};

use super::ffi;

/// Sets the driver up as a driver of the port class.
///
/// # Errors
/// The system's status code.
///
/// # Safety
/// Both pointers are `DriverEntry`'s arguments.
pub unsafe fn initialize_adapter_driver(
    driver: PDRIVER_OBJECT,
    registry_path: *mut UNICODE_STRING,
    add_device: PDRIVER_ADD_DEVICE,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    check(unsafe { ffi::PcInitializeAdapterDriver(driver, registry_path, add_device) })
}

/// Makes the functional device object of a device.
///
/// # Safety
/// The pointers are `AddDevice`'s arguments.
pub unsafe fn add_adapter_device(
    driver: PDRIVER_OBJECT,
    physical_device: PDEVICE_OBJECT,
    start_device: PCPFNSTARTDEVICE,
    most_subdevices: u32,
    extension_size: u32,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe {
        ffi::PcAddAdapterDevice(
            driver,
            physical_device,
            start_device,
            most_subdevices,
            extension_size,
        )
    }
}

/// Makes a MIDI port.
///
/// # Errors
/// The system's status code.
pub fn new_midi_port() -> Outcome<ComPtr<IPort>> {
    let mut port = null_mut();
    // SAFETY: the pointers are good for the call.
    check(unsafe { ffi::PcNewPort(&raw mut port, &CLSID_PortMidi) })?;
    // SAFETY: on success it is a port with a reference for us.
    unsafe { ComPtr::from_owned(port) }.ok_or(STATUS_UNSUCCESSFUL)
}

/// Binds a port to its miniport and resources.
///
/// # Errors
/// The status code of the miniport or of the system.
///
/// # Safety
/// `device` and `irp` are `StartDevice`'s arguments.
pub unsafe fn init_port(
    port: &ComPtr<IPort>,
    device: PDEVICE_OBJECT,
    irp: PIRP,
    miniport: *mut IUnknown,
    resources: *mut IResourceList,
) -> Outcome<()> {
    // SAFETY: the caller's promise; the miniport is live.
    check(unsafe { IPort::Init(port.as_ptr(), device, irp, miniport, null_mut(), resources) })
}

/// Registers a port under a name.
///
/// # Errors
/// The system's status code.
///
/// # Safety
/// `device` is the device that is being started; `name` ends with a zero.
pub unsafe fn register_subdevice(
    device: PDEVICE_OBJECT,
    name: &'static [u16],
    port: &ComPtr<IPort>,
) -> Outcome<()> {
    let name = name.as_ptr().cast_mut();
    // SAFETY: the caller's promise; the name lives for ever, and is not written to.
    check(unsafe { ffi::PcRegisterSubdevice(device, name, port.as_unknown()) })
}

/// Registers who is told about power changes of a device.
///
/// # Errors
/// The system's status code.
///
/// # Safety
/// `device` is the device that is being started.
pub unsafe fn register_power_management(
    device: PDEVICE_OBJECT,
    adapter: *mut IUnknown,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    check(unsafe { ffi::PcRegisterAdapterPowerManagement(adapter, device.cast()) })
}

/// Takes that back.
///
/// # Safety
/// `device` is a device that was registered.
pub unsafe fn unregister_power_management(device: PDEVICE_OBJECT) {
    // SAFETY: the caller's promise. There is nothing to be done if it fails.
    let _ = unsafe { ffi::PcUnregisterAdapterPowerManagement(device.cast()) };
}

/// Makes a service group.
///
/// # Errors
/// The system's status code.
pub fn new_service_group() -> Outcome<ComPtr<IServiceGroup>> {
    let mut group = null_mut();
    // SAFETY: the pointer is good for the call.
    check(unsafe { ffi::PcNewServiceGroup(&raw mut group, null_mut()) })?;
    // SAFETY: on success it is a group with a reference for us.
    unsafe { ComPtr::from_owned(group) }.ok_or(STATUS_UNSUCCESSFUL)
}

/// Makes an interrupt sync object for the first interrupt of a list. It is never shared: the first
/// owner to go away would disconnect it for all.
///
/// # Errors
/// The system's status code.
pub fn new_interrupt_sync(resources: &ComPtr<IResourceList>) -> Outcome<ComPtr<IInterruptSync>> {
    let mut sync = null_mut();
    // SAFETY: the pointers are good for the call.
    check(unsafe {
        ffi::PcNewInterruptSync(
            &raw mut sync,
            null_mut(),
            resources.as_ptr(),
            0,
            INTERRUPT_SYNC_MODE_NORMAL,
        )
    })?;
    // SAFETY: on success it is an object with a reference for us.
    unsafe { ComPtr::from_owned(sync) }.ok_or(STATUS_UNSUCCESSFUL)
}

/// Opens the software key of a device, which the INF file fills.
///
/// # Errors
/// The system's status code.
///
/// # Safety
/// `device` is the device that is being started.
pub unsafe fn open_driver_key(device: PDEVICE_OBJECT) -> Outcome<ComPtr<IRegistryKey>> {
    const KEY_READ: u32 = 0x0002_0019;
    let mut key = null_mut();
    // SAFETY: the caller's promise; the other pointers are good for the call.
    check(unsafe {
        ffi::PcNewRegistryKey(
            &raw mut key,
            null_mut(),
            DRIVER_REGISTRY_KEY,
            KEY_READ,
            device.cast(),
            null_mut(),
            null_mut(),
            0,
            null_mut(),
        )
    })?;
    // SAFETY: on success it is a key with a reference for us.
    unsafe { ComPtr::from_owned(key) }.ok_or(STATUS_UNSUCCESSFUL)
}
