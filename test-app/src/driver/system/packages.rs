//! The driver store.

use std::env;
use std::mem;
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    INSTALLFLAG_NONINTERACTIVE, SP_COPY_NOOVERWRITE, SPOST_PATH, SUOI_FORCEDELETE,
    SetupCopyOEMInfW, SetupUninstallOEMInfW, UpdateDriverForPlugAndPlayDevicesW,
};
use windows_sys::Win32::Foundation::{
    ERROR_FILE_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_NO_MORE_ITEMS, HWND, MAX_PATH,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::core::{BOOL, PCWSTR};

use super::wide::{text, wide};
use super::{checked, last_error};
use crate::driver::windows::{Called, Restart, StoredPackage};

/// Puts a package into the driver store, unless it is there.
pub fn add(inf: &Path) -> Called<StoredPackage> {
    let inf = wide(inf);
    let mut path = [0_u16; MAX_PATH as usize];
    // SAFETY: the path ends with a zero, the package's other files lie beside it, and there is room
    // for that many characters.
    let done = unsafe {
        SetupCopyOEMInfW(
            inf.as_ptr(),
            ptr::null(),
            SPOST_PATH,
            SP_COPY_NOOVERWRITE,
            path.as_mut_ptr(),
            MAX_PATH,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    let is_new = match checked("SetupCopyOEMInfW", done) {
        Ok(()) => true,
        Err(error) if error.code == ERROR_FILE_EXISTS => false,
        Err(error) => return Err(error),
    };
    let path = text(&path);
    let name = path.rsplit('\\').next().unwrap_or(&path);
    Ok(StoredPackage {
        name: name.to_owned(),
        is_new,
    })
}

/// `DiUninstallDriverW` of newdev.h.
type DiUninstallDriverW = unsafe extern "system" fn(HWND, PCWSTR, u32, *mut BOOL) -> BOOL;

/// Takes a package from all devices and out of the driver store.
pub fn remove(name: &str) -> Called<Restart> {
    let Some(uninstall) = di_uninstall_driver() else {
        return remove_unused(name);
    };
    let folder = env::var_os("SystemRoot").map(PathBuf::from);
    let path = folder.unwrap_or_default().join("INF").join(name);
    if !path.exists() {
        return Ok(Restart::NotNeeded);
    }
    let path = wide(path);
    let mut needs_restart = 0;
    // SAFETY: it is that function, the path ends with a zero, and the answer has room.
    let done = unsafe { uninstall(ptr::null_mut(), path.as_ptr(), 0, &raw mut needs_restart) };
    checked("DiUninstallDriverW", done)?;
    Ok((needs_restart != 0).into())
}

/// Where Windows can't do both, a package goes that nothing uses any more.
fn remove_unused(name: &str) -> Called<Restart> {
    let name = wide(name);
    // SAFETY: the name ends with a zero.
    let done = unsafe { SetupUninstallOEMInfW(name.as_ptr(), SUOI_FORCEDELETE, ptr::null()) };
    match checked("SetupUninstallOEMInfW", done) {
        Err(error) if error.code != ERROR_FILE_NOT_FOUND => Err(error),
        _ => Ok(Restart::NotNeeded),
    }
}

/// The function, where Windows has it: since version 1703. Wine has none.
fn di_uninstall_driver() -> Option<DiUninstallDriverW> {
    let library = wide("newdev.dll");
    // SAFETY: the name ends with a zero; nothing runs but a library of Windows'.
    let library = unsafe {
        LoadLibraryExW(
            library.as_ptr(),
            ptr::null_mut(),
            LOAD_LIBRARY_SEARCH_SYSTEM32,
        )
    };
    if library.is_null() {
        return None;
    }
    // SAFETY: the library is loaded and stays so, and the name ends with a zero.
    let function = unsafe { GetProcAddress(library, c"DiUninstallDriverW".as_ptr().cast()) };
    // SAFETY: that is the function's type.
    function.map(|function| unsafe { mem::transmute(function) })
}

/// Gives devices their driver.
pub fn update(hardware_id: &str, inf: &Path) -> Called<Restart> {
    let (hardware_id, inf) = (wide(hardware_id), wide(inf));
    let mut needs_restart = 0;
    // SAFETY: both texts end with a zero, and the answer has room.
    let done = unsafe {
        UpdateDriverForPlugAndPlayDevicesW(
            ptr::null_mut(),
            hardware_id.as_ptr(),
            inf.as_ptr(),
            INSTALLFLAG_NONINTERACTIVE,
            &raw mut needs_restart,
        )
    };
    if done != 0 {
        return Ok((needs_restart != 0).into());
    }
    let error = last_error("UpdateDriverForPlugAndPlayDevicesW");
    match error.code {
        // All devices have a driver that is as good.
        ERROR_NO_MORE_ITEMS => Ok(Restart::NotNeeded),
        _ => Err(error),
    }
}
