//! The image built with the kit, as `cargo build` in `driver/image` does it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildOptions;
use super::kit::Kit;
use super::machine::{self, Machine, ThisMachine};
use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::verify;

/// Where Rust's flags may come from; cargo takes one source alone, so these replace those of
/// `driver/image/.cargo/config.toml`, even if they are empty.
const FLAGS: [&str; 2] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

/// The library that reads the kit's headers.
const LIBCLANG: &str = "libclang.dll";

/// What is built, and what it is called in the package.
const FILES: [(&str, &str); 2] = [
    ("midiuart.dll", "midiuart.sys"),
    ("midiuart.pdb", "midiuart.pdb"),
];

/// What only the build on Debian makes.
const OF_OTHER_BUILDS: &str = "midiuart.map";

/// Builds the image and its PDB into target/package/ARCH, and checks the rules for images.
///
/// # Errors
/// If there is no kit, the image does not build, or breaks a rule.
pub fn build(root: &Path, options: &BuildOptions) -> Result<(), Failure> {
    let image = built(root, options.arch, &mut ThisMachine)?;
    verify::all(&[image])
}

/// Builds the image; returns its place.
pub(super) fn built(
    root: &Path,
    architecture: Architecture,
    machine: &mut impl Machine,
) -> Result<PathBuf, Failure> {
    if architecture == Architecture::X86 {
        return Err(Failure::unusable(
            "the kit builds it for x64 and arm64 only",
        ));
    }
    if let Some(name) = FLAGS
        .into_iter()
        .find(|name| machine.variable(name).is_some())
    {
        return Err(Failure::unusable(format!(
            "{name} is set; it would replace the flags of driver/image/.cargo/config.toml (crt-static, \
             control-flow-guard): unset it"
        )));
    }
    let kit = Kit::find(machine)?;
    kit.print();
    let mut cargo = Command::new(env!("CARGO"));
    // Settings of the image's own folder apply only from inside.
    let folder = root.join("driver/image");
    cargo
        .current_dir(&folder)
        .args(["build", "--release", "--locked", "--target"])
        .arg(architecture.target())
        .env("WDKContentRoot", &kit.root);
    if let Some(version) = machine.variable("Version_Number") {
        println!(
            "build     version {} (by Version_Number)",
            version.display()
        );
    } else {
        let version = kit.version_for(architecture)?.name;
        println!("build     version {version}");
        cargo.env("Version_Number", version);
    }
    if let Some(library) = libclang(machine) {
        print_clang(&library, machine);
        cargo.env("LIBCLANG_PATH", library);
    }
    println!("command   {}", machine::line(&cargo));
    let code = machine
        .run(&mut cargo)
        .map_err(Failure::at(Path::new(env!("CARGO"))))?;
    if code != Some(0) {
        return Err(Failure::found(format!(
            "the driver does not build for {}: cargo: {}; docs/verification.md has a table of what \
             stands behind its messages",
            architecture.target(),
            machine::exit_code(code)
        )));
    }
    let linked = folder
        .join("target")
        .join(architecture.target())
        .join("release");
    take(root, &linked, &driver::image(root, architecture))
}

/// Where libclang is: where the variable says, or in the usual folder. Left to itself, bindgen may find
/// another program's first.
fn libclang(machine: &impl Machine) -> Option<PathBuf> {
    if let Some(folder) = machine.variable("LIBCLANG_PATH") {
        println!("libclang  {} (by LIBCLANG_PATH)", folder.display());
        return Some(folder.into());
    }
    let folder = PathBuf::from(machine.variable("ProgramFiles")?)
        .join("LLVM")
        .join("bin");
    if folder.join(LIBCLANG).exists() {
        println!("libclang  {}", folder.display());
        return Some(folder);
    }
    println!(
        "libclang  not in {}: LIBCLANG_PATH is not set, bindgen looks by itself",
        folder.display()
    );
    None
}

/// Prints the version of the compiler beside libclang, which is the library's.
fn print_clang(folder: &Path, machine: &mut impl Machine) {
    let ended = machine.capture(Command::new(folder.join("clang")).arg("--version"));
    let version = match &ended {
        Ok(ended) => ended.output.lines().next().unwrap_or_default(),
        Err(_) => "version unknown: no clang beside libclang",
    };
    println!("clang     {version}");
}

/// Takes what was linked to where packages take it from.
fn take(root: &Path, linked: &Path, image: &Path) -> Result<PathBuf, Failure> {
    let package = image.parent().unwrap_or(root);
    fs::create_dir_all(package).map_err(Failure::at(package))?;
    let old = package.join(OF_OTHER_BUILDS);
    if old.exists() {
        fs::remove_file(&old).map_err(Failure::at(&old))?;
    }
    for (built, name) in FILES {
        let (built, place) = (linked.join(built), package.join(name));
        let size = fs::copy(&built, &place).map_err(Failure::at(&built))?;
        let shown = place.strip_prefix(root).unwrap_or(&place);
        println!("{size:>8} bytes  {}", shown.display());
    }
    Ok(image.to_owned())
}
