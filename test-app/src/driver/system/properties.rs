//! Sets of devices, and what Windows knows of each.

use std::ptr;

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_Get_DevNode_Status, CM_PROB_PHANTOM, CR_SUCCESS, DN_HAS_PROBLEM, DN_STARTED, HDEVINFO,
    MAX_DEVICE_ID_LEN, SETUP_DI_REGISTRY_PROPERTY, SP_DEVINFO_DATA, SetupDiDestroyDeviceInfoList,
    SetupDiEnumDeviceInfo, SetupDiGetDeviceInstanceIdW, SetupDiGetDeviceRegistryPropertyW,
};

use super::wide::text;
use super::{checked, size_of_structure};
use crate::driver::windows::Called;

/// The longest property that is read, in characters.
const LONGEST: usize = 4096;

/// A set of devices.
pub struct DeviceSet(pub HDEVINFO);

impl Drop for DeviceSet {
    fn drop(&mut self) {
        // SAFETY: it is whole, and nothing uses it any more.
        unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

/// A device, before Windows has told which.
pub fn no_device() -> SP_DEVINFO_DATA {
    SP_DEVINFO_DATA {
        cbSize: size_of_structure::<SP_DEVINFO_DATA>(),
        ..SP_DEVINFO_DATA::default()
    }
}

impl DeviceSet {
    /// Its devices.
    pub fn devices(&self) -> Vec<SP_DEVINFO_DATA> {
        let mut devices = Vec::new();
        for index in 0.. {
            let mut device = no_device();
            // SAFETY: the set is whole, and `device` has room.
            if unsafe { SetupDiEnumDeviceInfo(self.0, index, &raw mut device) } == 0 {
                break;
            }
            devices.push(device);
        }
        devices
    }

    /// A device's name.
    pub fn instance(&self, device: &SP_DEVINFO_DATA) -> Called<String> {
        let mut name = [0_u16; MAX_DEVICE_ID_LEN as usize];
        // SAFETY: the set is whole, the device is one of it, and there is room for that many
        // characters.
        let done = unsafe {
            SetupDiGetDeviceInstanceIdW(
                self.0,
                device,
                name.as_mut_ptr(),
                MAX_DEVICE_ID_LEN,
                ptr::null_mut(),
            )
        };
        checked("SetupDiGetDeviceInstanceIdW", done)?;
        Ok(text(&name))
    }

    /// A property of texts, empty if it is not there.
    pub fn property(
        &self,
        device: &SP_DEVINFO_DATA,
        property: SETUP_DI_REGISTRY_PROPERTY,
    ) -> Vec<u16> {
        let mut buffer = vec![0_u16; LONGEST];
        let size = u32::try_from(size_of_val(buffer.as_slice())).unwrap_or(0);
        // SAFETY: the set is whole, the device is one of it, and `buffer` has room for `size` bytes.
        let done = unsafe {
            SetupDiGetDeviceRegistryPropertyW(
                self.0,
                device,
                property,
                ptr::null_mut(),
                buffer.as_mut_ptr().cast(),
                size,
                ptr::null_mut(),
            )
        };
        if done == 0 {
            buffer.clear();
        }
        buffer
    }
}

/// Whether a device runs, and its problem code.
pub fn state(device: &SP_DEVINFO_DATA) -> (bool, u32) {
    let (mut status, mut problem) = (0, 0);
    // SAFETY: both numbers have room.
    let found =
        unsafe { CM_Get_DevNode_Status(&raw mut status, &raw mut problem, device.DevInst, 0) };
    if found != CR_SUCCESS {
        return (false, CM_PROB_PHANTOM);
    }
    let has_problem = status & DN_HAS_PROBLEM != 0;
    (
        status & DN_STARTED != 0,
        if has_problem { problem } else { 0 },
    )
}
