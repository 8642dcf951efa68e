//! Libraries that are loaded while the program runs.

use std::io;
use std::path::Path;

use windows_sys::Win32::System::LibraryLoader::{
    LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories,
};

use crate::failure::Failure;

/// From now on, libraries that anybody in this process loads by their names come from Windows' folder.
///
/// # Errors
/// If Windows refuses.
pub fn from_windows_only() -> Result<(), Failure> {
    // SAFETY: it takes a flag and changes nothing that is loaded already.
    match unsafe { SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) } {
        0 => Err(Failure::Device(format!(
            "SetDefaultDllDirectories: {}",
            io::Error::last_os_error()
        ))),
        _ => Ok(()),
    }
}

/// Takes the library at `path` for winmm, before its first function is called.
///
/// # Errors
/// If it can't be loaded.
#[cfg(target_env = "msvc")]
pub fn use_winmm(path: &Path) -> Result<(), Failure> {
    use std::os::windows::ffi::OsStrExt;
    use std::{path, ptr};

    use windows_sys::Win32::System::LibraryLoader::LoadLibraryExW;

    use super::delayed::WINMM;

    let unusable = |error| Failure::Usage(format!("--winmm {}: {error}", path.display()));
    let full = path::absolute(path).map_err(unusable)?;
    let full: Vec<u16> = full.as_os_str().encode_wide().chain([0]).collect();
    // What it needs itself comes from Windows' folder.
    // SAFETY: the path ends with a zero. The user asked for this library's code.
    let library =
        unsafe { LoadLibraryExW(full.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if library.is_null() {
        return Err(unusable(io::Error::last_os_error()));
    }
    WINMM.set(library);
    Ok(())
}

/// Takes another library for winmm.
///
/// # Errors
/// Always: mingw-w64's linker delays no imports.
#[cfg(not(target_env = "msvc"))]
pub fn use_winmm(_path: &Path) -> Result<(), Failure> {
    Err(Failure::Usage(
        "--winmm needs a program that was built for windows-msvc; this one was not".to_owned(),
    ))
}
