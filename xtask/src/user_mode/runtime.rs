//! What stands in for a C run-time library: an object file for where the image begins, and import
//! libraries for what Windows itself has of the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::architecture::Architecture;
use crate::failure::Failure;

const ASSEMBLER: &str = "llvm-mc-19";
const IMPORT_LIBRARIAN: &str = "llvm-dlltool-19";
const LINKER: &str = "lld-link-19";

/// Where images begin: programs, and libraries that programs load.
const ENTRIES: [&str; 2] = ["exe", "dll"];
/// A library of those, so that the linker takes the one that an image needs.
const ENTRY_LIBRARY: &str = "entries.lib";
/// Linked into each image.
const DATA: &str = "data";
/// Images of Windows that functions come from.
const IMPORTED: [&str; 2] = ["ntdll", "ucrtbase"];

/// What the linker needs to know; it looks for the files in the folder that they were built in. The same for
/// all images: what they have in common is compiled once.
pub fn linker_arguments() -> Vec<String> {
    let own = [object(DATA), ENTRY_LIBRARY.to_owned()];
    let libraries = IMPORTED.map(|name| format!("{name}.lib"));
    let settings = [
        "/NODEFAULTLIB",
        "/SUBSYSTEM:CONSOLE",
        "/BREPRO",     // a digest instead of the time
        "/DEBUG:NONE", // else there is a PDB, whose identity is never the same
    ];
    own.into_iter()
        .chain(libraries)
        .chain(settings.map(str::to_owned))
        .collect()
}

/// Builds the files into a folder.
///
/// # Errors
/// If a program of LLVM's is missing or not content.
pub fn build(root: &Path, architecture: Architecture, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    let sources = root.join("xtask/cross/user-mode");
    let entries = ENTRIES.map(|kind| format!("{kind}_{}", architecture.folder()));
    for name in entries.iter().map(String::as_str).chain([DATA]) {
        let mut assembler = Command::new(ASSEMBLER);
        assembler
            .arg(format!("--triple={}", architecture.target()))
            .arg("--filetype=obj")
            .arg("-o")
            .arg(folder.join(object(name)))
            .arg(sources.join(name).with_extension("s"));
        run(assembler, ASSEMBLER)?;
    }
    let mut librarian = Command::new(LINKER);
    librarian
        .arg("/lib")
        .arg(format!("/OUT:{}", folder.join(ENTRY_LIBRARY).display()))
        .args(entries.map(|name| folder.join(object(&name))));
    run(librarian, LINKER)?;
    for name in IMPORTED {
        let mut librarian = Command::new(IMPORT_LIBRARIAN);
        librarian
            .arg("-m")
            .arg(machine(architecture))
            .arg("-d")
            .arg(sources.join(name).with_extension("def"))
            .arg("-l")
            .arg(folder.join(name).with_extension("lib"));
        run(librarian, IMPORT_LIBRARIAN)?;
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

/// What a [mark](build_mark) says, before its name.
pub const MARK: &str = "planted library: ";

/// Builds a library for x64 into a folder that says its name to debuggers when it is loaded.
///
/// # Errors
/// If a program of LLVM's is missing or not content, or a file can't be written.
pub fn build_mark(folder: &Path, name: &str) -> Result<(), Failure> {
    const KERNEL32: &str = "LIBRARY kernel32.dll\nEXPORTS\nOutputDebugStringA\n";
    let scratch = tempfile::tempdir()
        .map_err(|error| Failure::unusable(format!("a temporary folder: {error}")))?;
    let file = |name: &str| scratch.path().join(name);
    // TRUE, whatever it is called for.
    let source = format!(
        "        .text
        .globl  DllMain
        .def    DllMain
        .scl    2
        .type   32
        .endef
DllMain:
        subq    $40, %rsp
        leaq    text(%rip), %rcx
        callq   OutputDebugStringA
        movl    $1, %eax
        addq    $40, %rsp
        retq
        .section .rdata,\"dr\"
text:
        .asciz  \"{MARK}{name}\"
"
    );
    for (name, text) in [("mark.s", source.as_str()), ("kernel32.def", KERNEL32)] {
        fs::write(file(name), text).map_err(Failure::at(&file(name)))?;
    }
    let mut assembler = Command::new(ASSEMBLER);
    assembler
        .arg(format!("--triple={}", Architecture::X64.target()))
        .arg("--filetype=obj")
        .arg("-o")
        .args([file("mark.obj"), file("mark.s")]);
    run(assembler, ASSEMBLER)?;
    let mut librarian = Command::new(IMPORT_LIBRARIAN);
    librarian
        .args(["-m", machine(Architecture::X64), "-d"])
        .arg(file("kernel32.def"))
        .arg("-l")
        .arg(file("kernel32.lib"));
    run(librarian, IMPORT_LIBRARIAN)?;
    let mut linker = Command::new(LINKER);
    linker
        .args(["/DLL", "/ENTRY:DllMain", "/NODEFAULTLIB"])
        .arg(format!("/OUT:{}", folder.join(name).display()))
        .args([file("mark.obj"), file("kernel32.lib")]);
    run(linker, LINKER)
}

fn object(name: &str) -> String {
    format!("{name}.obj")
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
