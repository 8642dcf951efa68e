//! The user's tool as a program for Windows: one file that needs nothing but Windows.

mod halted;
mod installation;
mod planted;
mod smuggled;
mod wine;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::packages;
use crate::user_mode::{self, Build, Kind, Tools};

/// What the program is called.
pub const PROGRAM: &str = "midiuart-test.exe";

/// Which one is built.
#[derive(clap::Args)]
pub struct Options {
    /// The processor: x64 or arm64.
    #[arg(long, value_enum, default_value_t = Architecture::X64)]
    arch: Architecture,
    /// Looks with clippy at it as it is built for Windows instead.
    #[arg(long)]
    clippy: bool,
    /// Runs it under Wine afterwards, where it has to print what it prints on this machine, to
    /// install and remove the package without a trace, and to load no library that is planted beside
    /// it. x64 only.
    #[arg(long)]
    wine: bool,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Builds the program and puts it where packages take it from.
///
/// # Errors
/// If it does not build, or can't be written.
pub fn build(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    let architecture = options.arch;
    packages::require(architecture, options.install)?;
    if options.wine && architecture != Architecture::X64 {
        return Err(Failure::unusable("Wine runs the x64 program only"));
    }
    let tool = Build {
        root,
        architecture,
        tools: Tools::Msvc,
    };
    let selection = ["--package", "midiuart-test"];
    if options.clippy {
        return tool.clippy(&selection);
    }
    let built = tool.build(&selection)?.join(PROGRAM);
    let place = program(root, architecture);
    user_mode::hand_over(root, &built, &place, Kind::Program)?;
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    if options.wine {
        return wine::check(root, &place, options.install);
    }
    Ok(())
}

/// The tool as cargo runs it on this machine; arguments of the tool's may follow.
pub fn on_this_machine(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args(["run", "--quiet", "--release", "--locked"])
        .args(["--package", "midiuart-test", "--"]);
    command
}

/// The program in its package.
pub fn program(root: &Path, architecture: Architecture) -> PathBuf {
    driver::image(root, architecture).with_file_name(PROGRAM)
}
