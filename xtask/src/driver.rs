//! Packages with the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::architecture::Architecture;
use crate::cross;
use crate::failure::Failure;
use crate::identity;
use crate::verify::{import_arguments, planted_fault};

/// Windows calls a driver `.sys`.
const FILES: [&str; 3] = ["midiuart.sys", "midiuart.pdb", "midiuart.map"];

/// Builds the image, and makes the package for one processor.
///
/// # Errors
/// If it does not build, or can't be written.
pub fn build(root: &Path, architecture: Architecture) -> Result<(), Failure> {
    let begin = Instant::now();
    let linked = cross::build(root, architecture, &[])?;
    let package = package(root, architecture);
    let image = collect(&linked, &package)?;
    if let Some(fault) = planted_fault(&image) {
        return Err(Failure::found(format!("the image has {fault}")));
    }
    if architecture == Architecture::X86 {
        let map = package.join("midiuart.map");
        let map = fs::read_to_string(&map).map_err(Failure::at(&map))?;
        let arguments = import_arguments(&map).map_err(Failure::found)?;
        println!("{arguments}, each with the arguments that it takes off the stack");
    }
    for name in FILES {
        let path = package.join(name);
        let size = fs::metadata(&path).map_err(Failure::at(&path))?.len();
        println!("{size:>8} bytes  {}", shown(root, &path).display());
    }
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Takes what was linked into a folder, with an identity of its own; returns the image.
///
/// # Errors
/// If something is missing, or can't be written.
pub fn collect(linked: &Path, folder: &Path) -> Result<Vec<u8>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    let read = |name: &str| {
        let path = linked.join(name);
        fs::read(&path).map_err(Failure::at(&path))
    };
    let (mut image, mut pdb) = (read("midiuart.dll")?, read("midiuart.pdb")?);
    identity::take_from_contents(&mut image, &mut pdb)
        .map_err(|error| Failure::about(linked, &error))?;
    let map = read("deps/midiuart.map")?;
    for (name, contents) in FILES.iter().zip([&image, &pdb, &map]) {
        let path = folder.join(name);
        fs::write(&path, contents).map_err(Failure::at(&path))?;
    }
    Ok(image)
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

fn shown<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}
