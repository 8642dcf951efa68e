//! Windows' own folders, as the kernel knows them: the environment is the user's.

use std::io;
use std::path::PathBuf;

use windows_sys::Win32::Foundation::MAX_PATH;
use windows_sys::Win32::System::SystemInformation::{
    GetSystemDirectoryW, GetSystemWindowsDirectoryW,
};

use super::last_error;
use super::wide::text;
use crate::driver::windows::{Called, SystemError};

/// Like `C:\Windows`.
pub fn windows() -> Called<PathBuf> {
    folder("GetSystemWindowsDirectoryW", |path, size| {
        // SAFETY: there is room for that many characters.
        unsafe { GetSystemWindowsDirectoryW(path, size) }
    })
}

/// Like `C:\Windows\System32`.
pub fn system() -> Called<PathBuf> {
    folder("GetSystemDirectoryW", |path, size| {
        // SAFETY: there is room for that many characters.
        unsafe { GetSystemDirectoryW(path, size) }
    })
}

fn folder(function: &'static str, get: impl Fn(*mut u16, u32) -> u32) -> Called<PathBuf> {
    let mut path = [0_u16; MAX_PATH as usize];
    match get(path.as_mut_ptr(), MAX_PATH) {
        1..MAX_PATH => Ok(PathBuf::from(text(&path))),
        _ => Err(last_error(function)),
    }
}

/// What the standard library's functions on files fail with.
pub fn of_file(function: &'static str) -> impl Fn(io::Error) -> SystemError {
    move |error| SystemError {
        function,
        code: error.raw_os_error().unwrap_or(0).cast_unsigned(),
    }
}
