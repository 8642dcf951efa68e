//! What a library of the WDK (`BufferOverflowFastFailK.lib`) brings into every driver: the load
//! configuration, which the linker fills with the tables of control flow guard.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::architecture::Architecture;
use crate::{ConfigError, IoError, variable};

const ASSEMBLER: &str = "llvm-mc-19";

/// Assembles the object with the load configuration.
pub fn load_config(architecture: Architecture) -> Result<PathBuf, ConfigError> {
    let name = match architecture {
        Architecture::X64 => "load_config_x64",
        Architecture::Arm64 => "load_config_arm64",
        Architecture::X86 => "load_config_x86",
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("runtime")
        .join(name)
        .with_extension("s");
    let object = Path::new(&variable("OUT_DIR"))
        .join(name)
        .with_extension("obj");
    println!("cargo::rerun-if-changed={}", source.display());
    let status = Command::new(ASSEMBLER)
        .arg(format!("--triple={}", architecture.assembler_target()))
        .arg("--filetype=obj")
        .arg("-o")
        .arg(&object)
        .arg(&source)
        .status()
        .map_err(|error| IoError::with_path(ASSEMBLER, error))?;
    if status.success() {
        Ok(object)
    } else {
        Err(ConfigError::Assembler(source))
    }
}
