//! Packages with the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::architecture::Architecture;
use crate::cross;
use crate::failure::Failure;
use crate::identity;

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
    let read = |name: &str| {
        let path = linked.join(name);
        fs::read(&path).map_err(Failure::at(&path))
    };
    let (mut image, mut pdb) = (read("midiuart.dll")?, read("midiuart.pdb")?);
    identity::take_from_contents(&mut image, &mut pdb)
        .map_err(|error| Failure::about(&linked, &error))?;
    // Windows calls a driver `.sys`.
    for (name, contents) in [
        ("midiuart.sys", image),
        ("midiuart.pdb", pdb),
        ("midiuart.map", read("deps/midiuart.map")?),
    ] {
        let path = package.join(name);
        fs::write(&path, &contents).map_err(Failure::at(&path))?;
        println!(
            "{:>8} bytes  {}",
            contents.len(),
            shown(root, &path).display()
        );
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
