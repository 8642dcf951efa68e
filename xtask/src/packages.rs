//! The Debian packages that the cross-build needs.

use std::process::{Command, Stdio};

use crate::architecture::Architecture;
use crate::failure::Failure;

/// What is needed for all processors. rustup has no sources that match a stable compiler for these
/// targets; Debian's compiler has.
const COMMON: [&str; 7] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-clippy",
    "libclang1-19", // reads the DDK's headers
    "lld-19",       // older ones write no checksum
    "llvm-19",      // the assembler
];

/// The DDK's headers, and the names of what the kernel exports.
fn headers(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X64 | Architecture::Arm64 => "mingw-w64-x86-64-dev",
        Architecture::X86 => "mingw-w64-i686-dev",
    }
}

/// Makes sure that all packages are there, and installs those that are missing if it may.
///
/// # Errors
/// The command that would install them; or that it failed.
pub fn require(architecture: Architecture, may_install: bool) -> Result<(), Failure> {
    let names: Vec<_> = COMMON.into_iter().chain([headers(architecture)]).collect();
    require_all(&names, may_install)
}

/// The same for packages by their names.
///
/// # Errors
/// The command that would install them; or that it failed.
pub fn require_all(names: &[&'static str], may_install: bool) -> Result<(), Failure> {
    let missing: Vec<_> = names
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !may_install {
        return Err(Failure::unusable(format!(
            "missing packages; run this, or add --install:\n  {} {}",
            INSTALL.join(" "),
            missing.join(" ")
        )));
    }
    apt_get(&["apt-get", "update", "--quiet"])?;
    apt_get(&[&INSTALL[..], &["--quiet", "--yes"], &missing].concat())
}

const INSTALL: [&str; 3] = ["apt-get", "install", "--no-install-recommends"];

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn apt_get(command: &[&str]) -> Result<(), Failure> {
    let line = command.join(" ");
    eprintln!("{line}");
    let status = Command::new(command[0])
        .args(&command[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .map_err(|error| Failure::unusable(format!("{line}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::unusable(format!("{line}: {status}")))
    }
}
