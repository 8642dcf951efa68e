//! The driver's counters, through the property of its filter.

use std::ptr;

use midiuart::properties::{KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart};
use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_GET_DEVICE_INTERFACE_LIST_PRESENT, CM_Get_Device_Interface_List_SizeW,
    CM_Get_Device_Interface_ListW, CM_MapCrToWin32Err, CR_SUCCESS,
};
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_FILE_NOT_FOUND, GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Media::KernelStreaming::{
    IOCTL_KS_PROPERTY, KSCATEGORY_AUDIO, KSPROPERTY_TYPE_GET,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows_sys::Win32::System::IO::DeviceIoControl;

use super::wide::{texts, wide};
use super::{checked, last_error, size_of_structure};
use crate::driver::windows::{Called, SystemError};

/// What the property is asked with: `KSPROPERTY` of ks.h.
#[repr(C)]
struct KsProperty {
    set: portcls::types::GUID,
    id: u32,
    flags: u32,
}

/// An open filter.
struct Filter(HANDLE);

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseHandle(self.0) };
    }
}

/// The counters' bytes, at most `room` of them.
pub fn read(instance: &str, room: usize) -> Called<Vec<u8>> {
    let path = interface(instance)?;
    let path = wide(&path);
    // SAFETY: the path ends with a zero.
    let filter = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            ptr::null(),
            OPEN_EXISTING,
            0,
            ptr::null_mut(),
        )
    };
    if filter == INVALID_HANDLE_VALUE {
        return Err(last_error("CreateFileW"));
    }
    let filter = Filter(filter);
    let property = KsProperty {
        set: KSPROPSETID_MidiUart,
        id: KSPROPERTY_MIDIUART_COUNTERS,
        flags: KSPROPERTY_TYPE_GET,
    };
    let mut values = vec![0_u8; room];
    let mut returned = 0;
    // SAFETY: the filter is open, and both buffers have the sizes that are named.
    let done = unsafe {
        DeviceIoControl(
            filter.0,
            IOCTL_KS_PROPERTY,
            (&raw const property).cast(),
            size_of_structure::<KsProperty>(),
            values.as_mut_ptr().cast(),
            u32::try_from(room).unwrap_or(u32::MAX),
            &raw mut returned,
            ptr::null_mut(),
        )
    };
    checked("DeviceIoControl", done)?;
    values.truncate(returned as usize);
    Ok(values)
}

/// The path of a device's filter.
pub(super) fn interface(instance: &str) -> Called<String> {
    let name = wide(instance);
    let class = KSCATEGORY_AUDIO;
    let mut length = 0;
    // SAFETY: there is room for a number, and the name ends with a zero.
    let result = unsafe {
        CM_Get_Device_Interface_List_SizeW(
            &raw mut length,
            &raw const class,
            name.as_ptr(),
            CM_GET_DEVICE_INTERFACE_LIST_PRESENT,
        )
    };
    succeeded("CM_Get_Device_Interface_List_SizeW", result)?;
    let mut list = vec![0_u16; length as usize];
    // SAFETY: there is room for that many characters, and the name ends with a zero.
    let result = unsafe {
        CM_Get_Device_Interface_ListW(
            &raw const class,
            name.as_ptr(),
            list.as_mut_ptr(),
            length,
            CM_GET_DEVICE_INTERFACE_LIST_PRESENT,
        )
    };
    succeeded("CM_Get_Device_Interface_ListW", result)?;
    texts(&list).into_iter().next().ok_or(SystemError {
        function: "CM_Get_Device_Interface_ListW",
        code: ERROR_FILE_NOT_FOUND,
    })
}

fn succeeded(function: &'static str, result: u32) -> Called<()> {
    if result == CR_SUCCESS {
        return Ok(());
    }
    // SAFETY: it maps one number to another.
    let code = unsafe { CM_MapCrToWin32Err(result, ERROR_FILE_NOT_FOUND) };
    Err(SystemError { function, code })
}
