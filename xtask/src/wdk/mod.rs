//! The Windows Driver Kit, on Windows: the image built with it, and packages checked by its programs.

pub mod build;
pub mod check;
mod kit;
mod machine;
#[cfg(test)]
mod tests;
mod tools;
mod trust;

use std::path::PathBuf;

use clap::Args;

use crate::architecture::Architecture;
use machine::Machine;

/// What is built.
#[derive(Args)]
pub struct BuildOptions {
    /// The processor: x64 or arm64.
    #[arg(long, value_enum, default_value_t = Architecture::X64)]
    arch: Architecture,
}

/// What is checked, and how.
#[derive(Args)]
pub struct CheckOptions {
    /// Folders of packages; if none are named, those in target/package.
    folders: Vec<PathBuf>,
    /// Adds each package's certificate to the machine's stores Root and `TrustedPublisher` for the time of
    /// the check; without it no signature is accepted. Needs an administrator.
    #[arg(long)]
    trust: bool,
    /// Where the programs' output goes, a folder for each package.
    #[arg(long, value_name = "DIR", default_value = "target/wdk-check")]
    output: PathBuf,
}
