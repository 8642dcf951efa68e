//! What jobs have left: folders whose names say the job, the attempt, and how far it had come.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

/// What `midiuart-test conformance --json` printed.
pub const CONFORMANCE: &str = "22-conformance.json";

/// All artifacts of a run.
pub struct Artifacts {
    folder: PathBuf,
    /// Their names.
    names: Vec<String>,
}

/// The counts of a conformance run.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Conformance {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
    pub left_out: u32,
}

impl Artifacts {
    /// Looks which there are. A run may have left none.
    ///
    /// # Errors
    /// If the folder can't be read.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let mut names = Vec::new();
        match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::at(folder)(error)),
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(Failure::at(folder))?.file_name();
                    names.push(name.to_string_lossy().into_owned());
                }
            }
        }
        names.sort();
        Ok(Self {
            folder: folder.to_owned(),
            names,
        })
    }

    /// The phases of a job that left something, in their order: `1-probed`.
    pub fn phases<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.names.iter();
        names.filter_map(move |name| name.strip_prefix(prefix))
    }

    /// The counts of a job's conformance run, from the last artifact that has them.
    pub fn conformance(&self, prefix: &str) -> Option<Conformance> {
        let phases: Vec<_> = self.phases(prefix).collect();
        phases.iter().rev().find_map(|phase| {
            let file = self
                .folder
                .join(format!("{prefix}{phase}"))
                .join(CONFORMANCE);
            serde_json::from_slice(&fs::read(file).ok()?).ok()
        })
    }
}
