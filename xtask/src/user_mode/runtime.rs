//! What stands in for a C run-time library: an object file for where the image begins, and import
//! libraries for what Windows itself has of the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Kind;
use crate::architecture::Architecture;
use crate::failure::Failure;

const ASSEMBLER: &str = "llvm-mc-19";
const LIBRARIAN: &str = "llvm-dlltool-19";
const LINKER: &str = "lld-link-19";

/// Linked into the image, besides its [`entry`].
const DATA: &str = "data";
/// Images of Windows that functions come from.
const IMPORTED: [&str; 2] = ["ntdll", "ucrtbase"];

/// The source of where an image begins.
fn entry(kind: Kind, architecture: Architecture) -> String {
    format!("{}_{}", kind.extension(), architecture.folder())
}

/// What the linker needs to know; it looks for the files in the folder that they were built in.
pub fn linker_arguments(kind: Kind, architecture: Architecture) -> Vec<String> {
    let objects = [entry(kind, architecture), DATA.to_owned()].map(|name| format!("{name}.obj"));
    let libraries = IMPORTED.map(|name| format!("{name}.lib"));
    let settings = [
        "/NODEFAULTLIB",
        "/SUBSYSTEM:CONSOLE",
        "/BREPRO",     // a digest instead of the time
        "/DEBUG:NONE", // else there is a PDB, whose identity is never the same
    ];
    objects
        .into_iter()
        .chain(libraries)
        .chain(settings.map(str::to_owned))
        .collect()
}

/// Builds the files into a folder.
///
/// # Errors
/// If a program of LLVM's is missing or not content.
pub fn build(
    root: &Path,
    kind: Kind,
    architecture: Architecture,
    folder: &Path,
) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    let sources = root.join("xtask/cross/user-mode");
    for name in [&entry(kind, architecture), DATA] {
        let mut assembler = Command::new(ASSEMBLER);
        assembler
            .arg(format!("--triple={}", architecture.target()))
            .arg("--filetype=obj")
            .arg("-o")
            .arg(folder.join(name).with_extension("obj"))
            .arg(sources.join(name).with_extension("s"));
        run(assembler, ASSEMBLER)?;
    }
    for name in IMPORTED {
        let mut librarian = Command::new(LIBRARIAN);
        librarian
            .arg("-m")
            .arg(machine(architecture))
            .arg("-d")
            .arg(sources.join(name).with_extension("def"))
            .arg("-l")
            .arg(folder.join(name).with_extension("lib"));
        run(librarian, LIBRARIAN)?;
    }
    Ok(())
}

/// Builds `bcryptprimitives.dll` into a folder: Rust has its random numbers from it, Wine 8 lacks it.
/// All it has leads to where Wine has them.
///
/// # Errors
/// If a program of LLVM's is missing or not content.
pub fn build_random_numbers(folder: &Path, architecture: Architecture) -> Result<(), Failure> {
    let object = folder.join("empty.obj");
    let mut assembler = Command::new(ASSEMBLER);
    assembler
        .arg(format!("--triple={}", architecture.target()))
        .arg("--filetype=obj")
        .arg("-o")
        .arg(&object)
        .arg("/dev/null");
    run(assembler, ASSEMBLER)?;
    let mut linker = Command::new(LINKER);
    linker
        .args(["/DLL", "/NOENTRY"])
        .arg("/EXPORT:ProcessPrng=advapi32.SystemFunction036") // RtlGenRandom of ntsecapi.h
        .arg(format!(
            "/OUT:{}",
            folder.join("bcryptprimitives.dll").display()
        ))
        .arg(&object);
    run(linker, LINKER)
}

/// The librarian's name for a processor.
fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X64 => "i386:x86-64",
        Architecture::Arm64 => "arm64",
        Architecture::X86 => "i386",
    }
}

fn run(mut command: Command, name: &str) -> Result<(), Failure> {
    let status = command.status().map_err(Failure::at(Path::new(name)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::found(format!("{name}: {status}")))
    }
}
