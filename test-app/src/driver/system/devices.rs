//! Devices: listing, making, removing, restarting.

use std::ptr;

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_PROB_PHANTOM, DI_FUNCTION, DI_NEEDREBOOT, DI_NEEDRESTART, DICD_GENERATE_ID,
    DICS_FLAG_CONFIGSPECIFIC, DICS_PROPCHANGE, DIF_PROPERTYCHANGE, DIF_REGISTERDEVICE, DIF_REMOVE,
    DIGCF_ALLCLASSES, GUID_DEVCLASS_MEDIA, SP_CLASSINSTALL_HEADER, SP_DEVINFO_DATA,
    SP_DEVINSTALL_PARAMS_W, SP_PROPCHANGE_PARAMS, SPDRP_DRIVER, SPDRP_HARDWAREID, SPDRP_SERVICE,
    SetupDiCallClassInstaller, SetupDiCreateDeviceInfoList, SetupDiCreateDeviceInfoW,
    SetupDiGetClassDevsW, SetupDiGetDeviceInstallParamsW, SetupDiOpenDeviceInfoW,
    SetupDiSetClassInstallParamsW, SetupDiSetDeviceRegistryPropertyW,
};
use windows_sys::Win32::Foundation::ERROR_NO_SUCH_DEVINST;
use windows_sys::core::GUID;

use super::properties::{DeviceSet, no_device, state};
use super::wide::{text, texts, wide};
use super::{checked, last_error, registry, size_of_structure};
use crate::driver::windows::{Called, Device, Restart};
use crate::driver::{HARDWARE_ID, SERVICE};

/// What `SetupDi` functions give for no set.
const NO_SET: isize = -1;
/// The name of the class, which instances are called by.
const CLASS: &str = "MEDIA";
/// Where devices' software keys are.
const SOFTWARE_KEYS: &str = r"SYSTEM\CurrentControlSet\Control\Class";

/// The devices that the driver is for.
pub fn all() -> Called<Vec<Device>> {
    // SAFETY: without a class it is all of them.
    let set = unsafe {
        SetupDiGetClassDevsW(ptr::null(), ptr::null(), ptr::null_mut(), DIGCF_ALLCLASSES)
    };
    let set = device_set("SetupDiGetClassDevsW", set)?;
    let mut devices = Vec::new();
    for device in set.devices() {
        let ids = texts(&set.property(&device, SPDRP_HARDWAREID));
        let is_loopback = ids.iter().any(|id| id.eq_ignore_ascii_case(HARDWARE_ID));
        let service = text(&set.property(&device, SPDRP_SERVICE));
        if !is_loopback && !service.eq_ignore_ascii_case(SERVICE) {
            continue;
        }
        let (is_started, problem) = state(&device);
        if problem == CM_PROB_PHANTOM && !is_loopback {
            continue; // hardware that was there once
        }
        let key = text(&set.property(&device, SPDRP_DRIVER));
        let key = format!(r"{SOFTWARE_KEYS}\{key}");
        devices.push(Device {
            instance: set.instance(&device)?,
            is_loopback,
            is_started,
            problem,
            package: registry::string(&key, "InfPath")?,
            version: registry::string(&key, "DriverVersion")?,
            service: (!service.is_empty()).then_some(service),
        });
    }
    Ok(devices)
}

/// Whether there is one of that name, whichever driver it has.
pub fn has(instance: &str) -> Called<bool> {
    Ok(open(instance)?.is_some())
}

/// Makes a device that no bus reports.
pub fn make(hardware_id: &str) -> Called<String> {
    let class = GUID_DEVCLASS_MEDIA;
    let set = new_set(&raw const class)?;
    let mut device = no_device();
    let name = wide(CLASS);
    // SAFETY: the set is whole, the name ends with a zero, and `device` has room.
    let done = unsafe {
        SetupDiCreateDeviceInfoW(
            set.0,
            name.as_ptr(),
            &raw const class,
            ptr::null(),
            ptr::null_mut(),
            DICD_GENERATE_ID,
            &raw mut device,
        )
    };
    checked("SetupDiCreateDeviceInfoW", done)?;
    let mut ids = wide(hardware_id);
    ids.push(0);
    let size = u32::try_from(size_of_val(ids.as_slice())).unwrap_or(0);
    // SAFETY: the set is whole, the device is one of it, and `ids` has that many bytes.
    let done = unsafe {
        SetupDiSetDeviceRegistryPropertyW(
            set.0,
            &raw mut device,
            SPDRP_HARDWAREID,
            ids.as_ptr().cast(),
            size,
        )
    };
    checked("SetupDiSetDeviceRegistryPropertyW", done)?;
    call(&set, &device, DIF_REGISTERDEVICE)?;
    set.instance(&device)
}

/// Removes a device: without parameters, from the machine as a whole.
pub fn remove(instance: &str) -> Called<Restart> {
    let Some((set, device)) = open(instance)? else {
        return Ok(Restart::NotNeeded);
    };
    call(&set, &device, DIF_REMOVE)?;
    needs_restart(&set, &device)
}

/// Stops a device and starts it again.
pub fn restart(instance: &str) -> Called<Restart> {
    let parameters = SP_PROPCHANGE_PARAMS {
        ClassInstallHeader: SP_CLASSINSTALL_HEADER {
            cbSize: size_of_structure::<SP_CLASSINSTALL_HEADER>(),
            InstallFunction: DIF_PROPERTYCHANGE,
        },
        StateChange: DICS_PROPCHANGE,
        Scope: DICS_FLAG_CONFIGSPECIFIC,
        HwProfile: 0,
    };
    let Some((set, device)) = open(instance)? else {
        return Ok(Restart::NotNeeded);
    };
    // SAFETY: the set is whole, the device is one of it, and the parameters have that size.
    let done = unsafe {
        SetupDiSetClassInstallParamsW(
            set.0,
            &raw const device,
            &raw const parameters.ClassInstallHeader,
            size_of_structure::<SP_PROPCHANGE_PARAMS>(),
        )
    };
    checked("SetupDiSetClassInstallParamsW", done)?;
    call(&set, &device, DIF_PROPERTYCHANGE)?;
    needs_restart(&set, &device)
}

fn device_set(function: &'static str, set: isize) -> Called<DeviceSet> {
    if set == NO_SET {
        Err(last_error(function))
    } else {
        Ok(DeviceSet(set))
    }
}

fn new_set(class: *const GUID) -> Called<DeviceSet> {
    // SAFETY: it is a class of the caller's, or none.
    let set = unsafe { SetupDiCreateDeviceInfoList(class, ptr::null_mut()) };
    device_set("SetupDiCreateDeviceInfoList", set)
}

/// A device in a set of its own, if it is there.
fn open(instance: &str) -> Called<Option<(DeviceSet, SP_DEVINFO_DATA)>> {
    let set = new_set(ptr::null())?;
    let mut device = no_device();
    let name = wide(instance);
    // SAFETY: the set is whole, the name ends with a zero, and `device` has room.
    let done = unsafe {
        SetupDiOpenDeviceInfoW(set.0, name.as_ptr(), ptr::null_mut(), 0, &raw mut device)
    };
    match checked("SetupDiOpenDeviceInfoW", done) {
        Ok(()) => Ok(Some((set, device))),
        Err(error) if error.code == ERROR_NO_SUCH_DEVINST => Ok(None),
        Err(error) => Err(error),
    }
}

fn call(set: &DeviceSet, device: &SP_DEVINFO_DATA, function: DI_FUNCTION) -> Called<()> {
    // SAFETY: the set is whole, and the device is one of it.
    let done = unsafe { SetupDiCallClassInstaller(function, set.0, device) };
    checked("SetupDiCallClassInstaller", done)
}

fn needs_restart(set: &DeviceSet, device: &SP_DEVINFO_DATA) -> Called<Restart> {
    let mut parameters = SP_DEVINSTALL_PARAMS_W {
        cbSize: size_of_structure::<SP_DEVINSTALL_PARAMS_W>(),
        ..SP_DEVINSTALL_PARAMS_W::default()
    };
    // SAFETY: the set is whole, the device is one of it, and the parameters have room.
    let done = unsafe { SetupDiGetDeviceInstallParamsW(set.0, device, &raw mut parameters) };
    match checked("SetupDiGetDeviceInstallParamsW", done) {
        Ok(()) => Ok((parameters.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART) != 0).into()),
        // It has been removed from the set, too.
        Err(error) if error.code == ERROR_NO_SUCH_DEVINST => Ok(Restart::NotNeeded),
        Err(error) => Err(error),
    }
}
