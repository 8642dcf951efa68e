//! Packages on disk.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::archive;
use super::checks::Package;
use super::contents::Files;
use crate::failure::Failure;

/// Writes a package's folder and zip file beside their places and then puts them there, so that
/// nothing half written is ever seen.
///
/// # Errors
/// If they can't be written; what was there before stays then.
pub fn replace(target: &Path, name: &str, files: &Files, zip: &[u8]) -> Result<(), Failure> {
    let temporary = tempfile::Builder::new()
        .prefix(".package-")
        .tempdir_in(target)
        .map_err(Failure::at(target))?;
    let folder = temporary.path().join(name);
    let zip_name = format!("{name}.zip");
    let zip_path = temporary.path().join(&zip_name);
    fs::create_dir(&folder).map_err(Failure::at(&folder))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(Failure::at(&path))?;
    }
    fs::write(&zip_path, zip).map_err(Failure::at(&zip_path))?;
    for name in [name, &zip_name] {
        let place = target.join(name);
        if place.exists() {
            let old = temporary.path().join(format!("old-{name}"));
            fs::rename(&place, &old).map_err(Failure::at(&place))?;
        }
        fs::rename(temporary.path().join(name), &place).map_err(Failure::at(&place))?;
    }
    Ok(())
}

/// Reads a folder or a zip file.
///
/// # Errors
/// If it can't be read, or is no zip file that was made here.
pub fn read(path: &Path) -> Result<Package, Failure> {
    if path.extension() == Some(OsStr::new("zip")) {
        let bytes = fs::read(path).map_err(Failure::at(path))?;
        let (name, files) = archive::unpacked(&bytes)
            .map_err(|error| Failure::found(format!("{}: {error}", path.display())))?;
        return Ok(Package::new(name, files));
    }
    let mut files = Files::new();
    for entry in fs::read_dir(path).map_err(Failure::at(path))? {
        let file = entry.map_err(Failure::at(path))?.path();
        let bytes = fs::read(&file).map_err(Failure::at(&file))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        files.insert(name.into_owned(), bytes);
    }
    let name = path.canonicalize().map_err(Failure::at(path))?;
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    Ok(Package::new(name.into_owned(), files))
}
