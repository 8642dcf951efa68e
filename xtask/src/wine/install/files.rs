//! The files of Wine's Windows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Names below a folder, in small letters, with slashes.
pub type Files = BTreeSet<String>;

/// All files below a folder.
///
/// # Errors
/// If it can't be read.
pub fn below(folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(Failure::at(&next))? {
            let entry = entry.map_err(Failure::at(&next))?;
            let path = entry.path();
            // Links lead out of it.
            if entry.file_type().map_err(Failure::at(&path))?.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                files.insert(name.to_string_lossy().to_ascii_lowercase());
            }
        }
    }
    Ok(files)
}

/// Whether a file has certain contents.
pub fn is(path: &Path, contents: &[u8]) -> Result<String, String> {
    let found = fs::read(path).map_err(|error| error.to_string())?;
    if found == contents {
        Ok(format!("{} bytes", found.len()))
    } else {
        Err("is another file".to_owned())
    }
}
