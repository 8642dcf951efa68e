//! Packages with the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::architecture::Architecture;
use crate::cross;
use crate::failure::Failure;

/// What the linker wrote, and its name in the package. Windows calls a driver `.sys`.
const FILES: [(&str, &str); 3] = [
    ("midiuart.dll", "midiuart.sys"),
    ("midiuart.pdb", "midiuart.pdb"),
    ("deps/midiuart.map", "midiuart.map"),
];

/// Builds the image, and makes the package for one processor.
///
/// # Errors
/// If it does not build, or can't be written.
pub fn build(root: &Path, architecture: Architecture) -> Result<(), Failure> {
    let begin = Instant::now();
    cross::build(root, architecture)?;
    let package = package(root, architecture);
    fs::create_dir_all(&package).map_err(Failure::at(&package))?;
    let linked = linked(root, architecture);
    for (name, package_name) in FILES {
        let (from, to) = (linked.join(name), package.join(package_name));
        let size = fs::copy(&from, &to).map_err(Failure::at(&from))?;
        println!("{:>8} bytes  {}", size, shown(root, &to).display());
    }
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// The image in its package.
pub fn image(root: &Path, architecture: Architecture) -> PathBuf {
    package(root, architecture).join("midiuart.sys")
}

/// All images that were built.
///
/// # Errors
/// If there are none.
pub fn built(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let images: Vec<_> = Architecture::ALL
        .into_iter()
        .map(|architecture| image(root, architecture))
        .filter(|path| path.exists())
        .collect();
    if images.is_empty() {
        return Err(Failure::unusable(
            "no image in target/package; `cargo xtask driver` makes one",
        ));
    }
    Ok(images)
}

fn package(root: &Path, architecture: Architecture) -> PathBuf {
    root.join("target/package").join(architecture.folder())
}

fn linked(root: &Path, architecture: Architecture) -> PathBuf {
    cross::target_folder(root)
        .join(architecture.target())
        .join("release")
}

fn shown<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}
