//! The driver store.

use std::fs;
use std::io::ErrorKind;
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

use super::folders::{self, of_file};
use super::wide::{text, wide};
use super::{checked, last_error};
use crate::driver::package::INF;
use crate::driver::windows::{Called, Restart, StoredPackage};

/// The packages that did not come with Windows, by their INF files.
pub fn all() -> Called<Vec<StoredPackage>> {
    let function = "the folder of INF files";
    let mut packages = Vec::new();
    for entry in fs::read_dir(inf_folder()?).map_err(of_file(function))? {
        let path = entry.map_err(of_file(function))?.path();
        if !path.is_file() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        // Wine keeps the package's own name.
        if is_oem(&name) || name == INF {
            match fs::read(&path) {
                Ok(inf) => packages.push(StoredPackage { name, inf }),
                // It went in between.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(of_file(function)(error)),
            }
        }
    }
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(packages)
}

fn is_oem(name: &str) -> bool {
    let number = name.strip_prefix("oem");
    let number = number.and_then(|rest| rest.strip_suffix(".inf"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn inf_folder() -> Called<PathBuf> {
    Ok(folders::windows()?.join("INF"))
}

/// Puts a package into the driver store, unless it is there; returns its name.
pub fn add(inf: &Path) -> Called<String> {
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
    match checked("SetupCopyOEMInfW", done) {
        Ok(()) => {}
        Err(error) if error.code == ERROR_FILE_EXISTS => {}
        Err(error) => return Err(error),
    }
    let path = text(&path);
    let name = path.rsplit('\\').next().unwrap_or(&path);
    Ok(name.to_ascii_lowercase())
}

/// `DiUninstallDriverW` of newdev.h.
type DiUninstallDriverW = unsafe extern "system" fn(HWND, PCWSTR, u32, *mut BOOL) -> BOOL;

/// Takes a package from all devices and out of the driver store.
pub fn remove(name: &str) -> Called<Restart> {
    let Some(uninstall) = di_uninstall_driver() else {
        return remove_unused(name);
    };
    let path = inf_folder()?.join(name);
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
    // SAFETY: the name ends with a zero; it is looked for in the system's folder only.
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
