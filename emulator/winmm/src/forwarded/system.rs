//! The system's own `winmm.dll`.

use std::ffi::{CStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{HMODULE, MAX_PATH};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

unsafe extern "C" {
    /// The beginning of this image; the linker makes it.
    #[link_name = "__ImageBase"]
    static THIS_IMAGE: u8;
}

/// A function of the system's `winmm.dll`, if it has one of this name.
pub(super) fn function(name: &CStr) -> Option<unsafe extern "system" fn() -> isize> {
    /// The image's address: there is no thread that it belongs to.
    static WINMM: OnceLock<Option<usize>> = OnceLock::new();
    let winmm = (*WINMM.get_or_init(|| load().map(|winmm| winmm as usize)))?;
    // SAFETY: the image stays loaded, and the name ends with zero.
    unsafe { GetProcAddress(winmm as HMODULE, name.as_ptr().cast()) }
}

/// Loads it, by its path: its name alone would find this image again.
fn load() -> Option<HMODULE> {
    let path: Vec<u16> = system_folder()?
        .join("winmm.dll")
        .as_os_str()
        .encode_wide()
        .chain([0])
        .collect();
    // SAFETY: the path ends with zero, and there is no file handle.
    let winmm =
        unsafe { LoadLibraryExW(path.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    // Where this image has been put into the system's folder, there is no other.
    let is_other = winmm.cast_const().cast() != &raw const THIS_IMAGE;
    (!winmm.is_null() && is_other).then_some(winmm)
}

fn system_folder() -> Option<PathBuf> {
    let mut path = [0; MAX_PATH as usize];
    // SAFETY: the function writes no more than the length that it is told.
    let length = unsafe { GetSystemDirectoryW(path.as_mut_ptr(), MAX_PATH) };
    match length as usize {
        0 => None,
        length => Some(OsString::from_wide(path.get(..length)?).into()),
    }
}
