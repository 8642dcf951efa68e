//! The package that is installed.

use std::fs;
use std::path::{Path, PathBuf};

use super::for_wine::without_windows_version;
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::inf::{self, Inf, Layout};
use crate::package;

/// What an INF file and a catalog are called in a package.
pub const INF: &str = "midiuart.inf";
/// See [`INF`].
pub const CATALOG: &str = "midiuart.cat";
/// See [`INF`].
pub const IMAGE: &str = "midiuart.sys";

/// A package in memory, as far as Windows uses it.
pub struct Package {
    /// As it is.
    pub inf: Vec<u8>,
    /// With what Wine can't read changed.
    pub inf_for_wine: Vec<u8>,
    pub catalog: Vec<u8>,
    pub image: Vec<u8>,
}

impl Package {
    /// Reads a package's folder; if none is named, the one that was made for this processor.
    ///
    /// # Errors
    /// If it is not there, and how to make it.
    pub fn read(root: &Path, named: Option<&Path>) -> Result<Self, Failure> {
        let folder = named.map_or_else(
            || package::folder_of(root, Architecture::X64),
            Path::to_owned,
        );
        let file = |name| read(&folder.join(name));
        let inf = file(INF)?;
        let text = String::from_utf8_lossy(&inf);
        let inf_for_wine = without_windows_version(&text, inf::decoration(Architecture::X64));
        Ok(Self {
            inf_for_wine: inf_for_wine.into_bytes(),
            catalog: file(CATALOG)?,
            image: file(IMAGE)?,
            inf,
        })
    }

    /// Writes it into a folder.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, folder: &Path, inf: &[u8]) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        let files = [(INF, inf), (CATALOG, &self.catalog), (IMAGE, &self.image)];
        for (name, contents) in files {
            let path = folder.join(name);
            fs::write(&path, contents).map_err(Failure::at(&path))?;
        }
        Ok(())
    }
}

/// The project's INF file for a processor, as text and read.
///
/// # Errors
/// If it can't be read.
pub fn project_inf(
    root: &Path,
    architecture: Architecture,
) -> Result<(String, Inf, Layout), Failure> {
    let path = inf::source(root);
    let inx = fs::read_to_string(&path).map_err(Failure::at(&path))?;
    let about = |error: String| Failure::about(&path, &error);
    let text = inf::stamped_for_checks(&inx, architecture).map_err(about)?;
    let parsed = Inf::parse(&text).map_err(about)?;
    let layout = Layout::of(&parsed);
    Ok((text, parsed, layout))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::about(path, &format!("{error}; `cargo xtask package` makes it")))
}
