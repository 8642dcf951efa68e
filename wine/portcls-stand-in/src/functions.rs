//! The functions that the driver imports.

use core::ptr::null_mut;

use portcls::com::{ComPtr, Object, Own};
use portcls::functions::{
    PCPFNSTARTDEVICE, PDRIVER_ADD_DEVICE, PFN_PcAddAdapterDevice, PFN_PcDispatchIrp,
    PFN_PcInitializeAdapterDriver, PFN_PcNewInterruptSync, PFN_PcNewPort, PFN_PcNewRegistryKey,
    PFN_PcNewServiceGroup, PFN_PcRegisterAdapterPowerManagement, PFN_PcRegisterSubdevice,
    PFN_PcUnregisterAdapterPowerManagement, PORT_CLASS_DEVICE_EXTENSION_SIZE,
};
use portcls::guid::CLSID_PortMidi;
use portcls::interfaces::{
    DRIVER_REGISTRY_KEY, IAdapterPowerManagement, IInterruptSync, IPort, IRegistryKey,
    IResourceList, IServiceGroup, IUnknown, Interface,
};
use portcls::status::{
    Outcome, STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED, STATUS_SUCCESS, STATUS_UNSUCCESSFUL,
    check, status_of,
};
use portcls::types::{
    ACCESS_MASK, GUID, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, PVOID,
    UNICODE_STRING,
};

use crate::adapter::Extension;
use crate::kernel::{
    DriverObject, IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL, IoAttachDeviceToDeviceStack,
    IoCreateDevice, IoDeleteDevice,
};
use crate::port::Port;
use crate::registry_key::RegistryKey;
use crate::requests;
use crate::service_group::ServiceGroup;
use crate::trace::{self, Address, Name, Status, Text, trace};

/// `FILE_DEVICE_SOUND`.
const FILE_DEVICE_SOUND: u32 = 0x1D;
/// `FILE_DEVICE_SECURE_OPEN`.
const FILE_DEVICE_SECURE_OPEN: u32 = 0x100;
/// Longest name of a subdevice that is shown, in UTF-16 units.
const LONGEST_NAME: usize = 32;

// The functions are what the driver takes them for.
const _: PFN_PcAddAdapterDevice = PcAddAdapterDevice;
const _: PFN_PcDispatchIrp = PcDispatchIrp;
const _: PFN_PcInitializeAdapterDriver = PcInitializeAdapterDriver;
const _: PFN_PcNewInterruptSync = PcNewInterruptSync;
const _: PFN_PcNewPort = PcNewPort;
const _: PFN_PcNewRegistryKey = PcNewRegistryKey;
const _: PFN_PcNewServiceGroup = PcNewServiceGroup;
const _: PFN_PcRegisterAdapterPowerManagement = PcRegisterAdapterPowerManagement;
const _: PFN_PcRegisterSubdevice = PcRegisterSubdevice;
const _: PFN_PcUnregisterAdapterPowerManagement = PcUnregisterAdapterPowerManagement;

/// Sets the driver's routines up.
///
/// # Safety
/// The pointers are `DriverEntry`'s arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcInitializeAdapterDriver(
    driver: PDRIVER_OBJECT,
    registry_path: *mut UNICODE_STRING,
    add_device: PDRIVER_ADD_DEVICE,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let driver = unsafe { &mut *driver.cast::<DriverObject>() };
    trace::image_is_at(driver.start.addr());
    // SAFETY: the caller's promise.
    let path = unsafe { Text::of(registry_path) };
    let start = driver.start.addr();
    let inside = (start..start + driver.size as usize).contains(&(add_device as usize));
    trace!(
        "PcInitializeAdapterDriver: {path}, AddDevice at {}, {} the image",
        Address(add_device as usize),
        if inside { "inside" } else { "outside" }
    );
    for major in [IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL] {
        driver.major_function[usize::from(major)] = Some(PcDispatchIrp);
    }
    driver.unload = Some(unload);
    // SAFETY: every driver object has its extension.
    unsafe { (*driver.extension).add_device = Some(add_device) };
    STATUS_SUCCESS
}

unsafe extern "C" fn unload(_driver: PDRIVER_OBJECT) {
    trace!("DriverUnload: {} objects left", crate::objects::live());
}

/// Makes the functional device.
///
/// # Safety
/// The pointers are `AddDevice`'s arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcAddAdapterDevice(
    driver: PDRIVER_OBJECT,
    physical_device: PDEVICE_OBJECT,
    start_device: PCPFNSTARTDEVICE,
    most_subdevices: u32,
    extension_size: u32,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let status =
        status_of(unsafe { add_device(driver, physical_device, start_device, extension_size) });
    trace!(
        "PcAddAdapterDevice: {most_subdevices} subdevice, {extension_size} bytes, StartDevice at {} -> {}",
        Address(start_device as usize),
        Status(status)
    );
    status
}

/// # Safety
/// The pointers are `AddDevice`'s arguments.
unsafe fn add_device(
    driver: PDRIVER_OBJECT,
    physical_device: PDEVICE_OBJECT,
    start_device: PCPFNSTARTDEVICE,
    extension_size: u32,
) -> Outcome<()> {
    // Zero would leave the size to portcls.
    if (extension_size as usize) < PORT_CLASS_DEVICE_EXTENSION_SIZE {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let mut device = null_mut();
    // SAFETY: the caller's promise; the device can be written to.
    check(unsafe {
        IoCreateDevice(
            driver,
            extension_size,
            null_mut(),
            FILE_DEVICE_SOUND,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut device,
        )
    })?;
    // SAFETY: a new device and the one that Wine has made.
    let lower_device = unsafe { IoAttachDeviceToDeviceStack(device, physical_device) };
    if lower_device.is_null() {
        // SAFETY: nobody has it.
        unsafe { IoDeleteDevice(device) };
        return Err(STATUS_UNSUCCESSFUL);
    }
    // SAFETY: the device was made above.
    let extension = unsafe { Extension::of(device) };
    extension.start_device = Some(start_device);
    extension.physical_device = physical_device;
    extension.lower_device = lower_device;
    Ok(())
}

/// Does what portcls does with a request.
///
/// # Safety
/// The device was made by [`PcAddAdapterDevice`], and the request is being dispatched to it.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcDispatchIrp(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe { requests::dispatch(device, irp) }
}

/// Gives a new object to whoever asked for it.
///
/// # Safety
/// `place` can be written to.
unsafe fn give<T: portcls::com::Class, I: Interface>(place: *mut *mut I, value: T) -> NTSTATUS {
    let made = Own::new(value).and_then(Own::into_interface::<I>);
    match made {
        Ok(object) => {
            // SAFETY: the caller's promise.
            unsafe { place.write(object.into_owned()) };
            STATUS_SUCCESS
        }
        Err(status) => status,
    }
}

/// Makes a port.
///
/// # Safety
/// `class` is a GUID, and `port` can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcNewPort(port: *mut *mut IPort, class: *const GUID) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let class = unsafe { *class };
    let status = if class == CLSID_PortMidi {
        // SAFETY: the caller's promise. `IPortMidi` begins with `IPort`.
        unsafe { give(port, Port::new()) }
    } else {
        STATUS_NOT_SUPPORTED
    };
    trace!("PcNewPort: {} -> {}", Name(class), Status(status));
    status
}

/// Makes a service group.
///
/// # Safety
/// `group` can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcNewServiceGroup(
    group: *mut *mut IServiceGroup,
    outer: *mut IUnknown,
) -> NTSTATUS {
    let status = if outer.is_null() {
        // SAFETY: the caller's promise.
        unsafe { give(group, ServiceGroup) }
    } else {
        STATUS_NOT_SUPPORTED
    };
    trace!("PcNewServiceGroup -> {}", Status(status));
    status
}

/// Wine connects no interrupts.
#[unsafe(no_mangle)]
unsafe extern "C" fn PcNewInterruptSync(
    _sync: *mut *mut IInterruptSync,
    _outer: *mut IUnknown,
    _resources: *mut IResourceList,
    index: u32,
    mode: i32,
) -> NTSTATUS {
    let status = STATUS_NOT_SUPPORTED;
    trace!(
        "PcNewInterruptSync: index {index}, mode {mode} -> {}",
        Status(status)
    );
    status
}

/// Opens the software key of a device.
///
/// # Safety
/// `key` can be written to, and `device` was made by [`PcAddAdapterDevice`].
#[unsafe(no_mangle)]
unsafe extern "C" fn PcNewRegistryKey(
    key: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    kind: u32,
    access: ACCESS_MASK,
    device: PVOID,
    _subdevice: PVOID,
    _attributes: *mut OBJECT_ATTRIBUTES,
    _options: u32,
    _disposition: *mut u32,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let physical_device = unsafe { Extension::of(device.cast()) }.physical_device;
    let opened = if kind == DRIVER_REGISTRY_KEY {
        // SAFETY: one of Wine's devices.
        unsafe { RegistryKey::of_driver(physical_device, access) }
    } else {
        Err(STATUS_NOT_SUPPORTED)
    };
    let status = match opened {
        // SAFETY: the caller's promise.
        Ok(opened) => unsafe { give(key, opened) },
        Err(status) => status,
    };
    trace!(
        "PcNewRegistryKey: kind {kind}, access {access:#x} -> {}",
        Status(status)
    );
    status
}

/// Registers a port.
///
/// # Safety
/// `device` was made by [`PcAddAdapterDevice`], `name` ends with a zero, and `port` was made by
/// [`PcNewPort`].
#[unsafe(no_mangle)]
unsafe extern "C" fn PcRegisterSubdevice(
    device: PDEVICE_OBJECT,
    name: *mut u16,
    port: *mut IUnknown,
) -> NTSTATUS {
    let mut units = [0; LONGEST_NAME];
    let mut length = 0;
    while length < LONGEST_NAME {
        let unit = name.wrapping_add(length);
        // SAFETY: the name goes on until a zero.
        let unit = unsafe { unit.read() };
        if unit == 0 {
            break;
        }
        units[length] = unit;
        length += 1;
    }
    // SAFETY: the stand-in's only ports are of this class.
    let own = unsafe { Object::<Port>::own_face::<0, _>(port) };
    let is_bound = own.as_ref().is_some_and(|port| port.bound().is_some());
    // SAFETY: the caller's promise.
    unsafe { Extension::of(device) }.port = own;
    let status = if is_bound {
        STATUS_SUCCESS
    } else {
        STATUS_INVALID_PARAMETER
    };
    trace!(
        "PcRegisterSubdevice: {} -> {}",
        Text(&units[..length]),
        Status(status)
    );
    status
}

/// Registers who is told about power.
///
/// # Safety
/// `adapter` is an object of the driver's, and `device` was made by [`PcAddAdapterDevice`].
#[unsafe(no_mangle)]
unsafe extern "C" fn PcRegisterAdapterPowerManagement(
    adapter: *mut IUnknown,
    device: PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let adapter = unsafe { ComPtr::from_borrowed(adapter) };
    let power = adapter
        .ok_or(STATUS_INVALID_PARAMETER)
        .and_then(|adapter| adapter.query::<IAdapterPowerManagement>());
    let status = match power {
        Ok(power) => {
            // SAFETY: the caller's promise.
            unsafe { Extension::of(device.cast()) }.power = Some(power);
            STATUS_SUCCESS
        }
        Err(status) => status,
    };
    trace!("PcRegisterAdapterPowerManagement -> {}", Status(status));
    status
}

/// Takes that back.
///
/// # Safety
/// `device` was made by [`PcAddAdapterDevice`].
#[unsafe(no_mangle)]
unsafe extern "C" fn PcUnregisterAdapterPowerManagement(device: PVOID) -> NTSTATUS {
    // SAFETY: the caller's promise.
    let was_registered = unsafe { Extension::of(device.cast()) }
        .power
        .take()
        .is_some();
    let status = if was_registered {
        STATUS_SUCCESS
    } else {
        STATUS_UNSUCCESSFUL
    };
    trace!("PcUnregisterAdapterPowerManagement -> {}", Status(status));
    status
}
