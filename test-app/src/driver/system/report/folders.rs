//! Windows' folders, as Windows returns them and not as the environment says.

use std::path::PathBuf;

use windows_sys::Win32::System::SystemInformation::{
    GetSystemDirectoryW, GetSystemWindowsDirectoryW,
};

use crate::driver::system::last_error;
use crate::driver::system::wide::text;
use crate::driver::windows::Called;

/// Room for a path, in characters.
const LONGEST: u32 = 1 << 10;

/// The folder of Windows.
pub fn windows() -> Called<PathBuf> {
    folder("GetSystemWindowsDirectoryW", |buffer| {
        // SAFETY: there is room for that many characters.
        unsafe { GetSystemWindowsDirectoryW(buffer.as_mut_ptr(), LONGEST) }
    })
}

/// The folder of its programs.
pub fn system() -> Called<PathBuf> {
    folder("GetSystemDirectoryW", |buffer| {
        // SAFETY: there is room for that many characters.
        unsafe { GetSystemDirectoryW(buffer.as_mut_ptr(), LONGEST) }
    })
}

fn folder(
    function: &'static str,
    get: impl FnOnce(&mut [u16; LONGEST as usize]) -> u32,
) -> Called<PathBuf> {
    let mut buffer = [0; LONGEST as usize];
    match get(&mut buffer) {
        1..LONGEST => Ok(text(&buffer).into()),
        _ => Err(last_error(function)),
    }
}
