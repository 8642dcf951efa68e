//! Whether an image depends on where it is built.

use std::fs;
use std::path::Path;

use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;

/// What the image is made from.
const SOURCES: [&str; 5] = [
    "Cargo.toml",
    "Cargo.lock",
    "driver",
    "portcls",
    "xtask/cross",
];

/// Builds the image here and in a folder of another name and depth, and compares the bytes.
///
/// # Errors
/// If they differ.
pub fn compare(root: &Path, architecture: Architecture) -> Result<(), Failure> {
    driver::build(root, architecture)?;
    let folder = tempfile::tempdir().map_err(Failure::at(Path::new("temporary folder")))?;
    let copy = folder.path().join("somewhere/else");
    for source in SOURCES {
        copy_all(&root.join(source), &copy.join(source))?;
    }
    remove_other_members(&copy.join("Cargo.toml"))?;
    driver::build(&copy, architecture)?;
    let here = driver::image(root, architecture);
    let there = driver::image(&copy, architecture);
    let read = |path: &Path| fs::read(path).map_err(Failure::at(path));
    if read(&here)? == read(&there)? {
        println!("PASS reproducible: two builds in different folders, the same bytes");
        Ok(())
    } else {
        Err(Failure::found(
            "FAIL reproducible: builds in different folders differ",
        ))
    }
}

/// The copy has no other packages.
fn remove_other_members(manifest: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(manifest).map_err(Failure::at(manifest))?;
    let members = |line: &str| line.starts_with("members = ");
    let lines: Vec<_> = text
        .lines()
        .map(|line| {
            if members(line) {
                "members = [\"portcls\", \"driver\"]"
            } else {
                line
            }
        })
        .collect();
    fs::write(manifest, lines.join("\n")).map_err(Failure::at(manifest))
}

/// Copies a file, or a folder without what was built in it.
fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        for entry in fs::read_dir(from).map_err(Failure::at(from))? {
            let name = entry.map_err(Failure::at(from))?.file_name();
            if name != "target" {
                copy_all(&from.join(&name), &to.join(&name))?;
            }
        }
        return Ok(());
    }
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent).map_err(Failure::at(parent))?;
    fs::copy(from, to).map_err(Failure::at(from))?;
    Ok(())
}
