//! Other hosts load no libraries of Windows'.

use std::path::Path;

use crate::failure::Failure;

/// There is nothing to do.
///
/// # Errors
/// Never.
pub const fn from_windows_only() -> Result<(), Failure> {
    Ok(())
}

/// Takes another library for winmm.
///
/// # Errors
/// Always.
pub fn use_winmm(_path: &Path) -> Result<(), Failure> {
    Err(Failure::Usage(
        "--winmm is for Windows; here the emulated ports are linked in, and --on winmm takes them"
            .to_owned(),
    ))
}
