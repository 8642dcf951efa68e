//! Libraries that are loaded at run time.

use std::io;
use std::path::Path;

use windows_sys::Win32::System::LibraryLoader::{
    LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories,
};

use crate::failure::Failure;

/// Restricts every later `LoadLibrary` in this process that has no flags and no path, such as those of
/// setupapi and its class installers, to `System32`.
///
/// # Errors
/// If Windows reports an error.
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

/// Loads the library at `path` and uses it as `winmm.dll`. Call it before the first function of winmm.
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
    // The flag is for the libraries that this one imports from.
    // SAFETY: the path ends with a zero. The user asked for this library's code.
    let library =
        unsafe { LoadLibraryExW(full.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if library.is_null() {
        return Err(unusable(io::Error::last_os_error()));
    }
    WINMM.set(library);
    Ok(())
}

/// Reports that winmm can't be replaced.
///
/// # Errors
/// Always: `delayed` is for the linkers of the MSVC target only.
#[cfg(not(target_env = "msvc"))]
pub fn use_winmm(_path: &Path) -> Result<(), Failure> {
    Err(Failure::Usage(
        "--winmm needs a tool that was built for windows-msvc; this one was built for windows-gnu"
            .to_owned(),
    ))
}
