//! Other hosts load no libraries of Windows'.

use std::path::Path;

use crate::failure::Failure;

/// Does nothing.
///
/// # Errors
/// Never.
pub const fn from_windows_only() -> Result<(), Failure> {
    Ok(())
}

/// Reports that there is no winmm to replace.
///
/// # Errors
/// Always.
pub fn use_winmm(_path: &Path) -> Result<(), Failure> {
    Err(Failure::Usage(
        "--winmm is for Windows only; this program has the emulated ports built in: use --on winmm"
            .to_owned(),
    ))
}
