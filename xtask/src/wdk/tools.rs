//! The kit's programs, by their names: their folders differ between versions of the kit.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use super::kit::{Kit, Version};
use crate::failure::Failure;

/// Folders of the kit that have programs. Its others have ten thousands of files.
const WITH_PROGRAMS: [&str; 2] = ["bin", "tools"];

/// Folders of programs for this processor, the best first. `Inf2Cat` exists for x86 only.
const PROCESSORS: &[&str] = if cfg!(target_arch = "aarch64") {
    &["arm64", "x64", "x86"]
} else {
    &["x64", "x86"]
};

/// The place of a program for this machine, of the highest version.
///
/// # Errors
/// If the kit has none.
pub fn find(kit: &Kit, name: &str) -> Result<PathBuf, Failure> {
    let mut places = all(&kit.root, name);
    places.retain(|place| rank(place).is_some());
    places.sort_by_cached_key(|place| (Reverse(Version::in_path(place)), rank(place)));
    places.into_iter().next().ok_or_else(|| {
        Failure::unusable(format!(
            "{name} is not in the kit ({}, folders bin and Tools): install the WDK, not the Windows SDK \
             alone",
            kit.root.display()
        ))
    })
}

/// How well a program fits this processor; `None` if it is for another one.
fn rank(place: &Path) -> Option<usize> {
    let folder = place.parent()?.file_name()?.to_str()?;
    PROCESSORS
        .iter()
        .position(|processor| processor.eq_ignore_ascii_case(folder))
}

/// All places of a program.
fn all(root: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = entries(root)
        .into_iter()
        .filter(|folder| {
            WITH_PROGRAMS
                .iter()
                .any(|known| has_name(folder, known) && folder.is_dir())
        })
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder) {
            if entry.is_dir() {
                folders.push(entry);
            } else if has_name(&entry, name) {
                found.push(entry);
            }
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// Windows' names have no case.
fn has_name(path: &Path, name: &str) -> bool {
    path.file_name()
        .is_some_and(|found| found.eq_ignore_ascii_case(name))
}
