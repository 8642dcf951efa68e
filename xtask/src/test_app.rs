//! The user's tool as a program for Windows: one file that needs nothing but Windows.

mod installation;
mod runtime;
mod wine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::architecture::Architecture;
use crate::cross;
use crate::driver;
use crate::failure::Failure;
use crate::packages;
use crate::verify::Image;

/// What the program is called.
const PROGRAM: &str = "midiuart-test.exe";

/// Images that Windows 10 and 11 bring.
const OF_WINDOWS: &[&str] = &[
    "advapi32.dll",
    "api-ms-win-core-synch-l1-2-0.dll",
    "bcryptprimitives.dll",
    "cfgmgr32.dll",
    "crypt32.dll",
    "kernel32.dll",
    "newdev.dll",
    "ntdll.dll",
    "ole32.dll",
    "setupapi.dll",
    "ucrtbase.dll",
    "wintrust.dll",
    "ws2_32.dll",
];

/// Which one is built.
#[derive(clap::Args)]
pub struct Options {
    /// The processor: x64 or arm64.
    #[arg(long, value_enum, default_value_t = Architecture::X64)]
    arch: Architecture,
    /// Looks with clippy at it as it is built for Windows instead.
    #[arg(long)]
    clippy: bool,
    /// Runs it under Wine afterwards, where it has to print what it prints on this machine, and to
    /// install and remove the package without a trace. x64 only.
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
    let entry = runtime::entry(architecture)
        .ok_or_else(|| Failure::unusable("the tool is built for x64 and arm64 only"))?;
    if options.wine && architecture != Architecture::X64 {
        return Err(Failure::unusable("Wine runs the x64 program only"));
    }
    let libraries = target_folder(root).join(architecture.folder());
    runtime::build(root, architecture, entry, &libraries)?;
    let arguments = runtime::linker_arguments(entry);
    if options.clippy {
        let mut cargo = cargo(root, "check", architecture, &arguments);
        cargo
            .env("RUSTC_WORKSPACE_WRAPPER", cross::CLIPPY)
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
        return cross::run(cargo, "clippy is not content");
    }
    let mut cargo = cargo(root, "build", architecture, &arguments);
    // Where the linker looks for libraries.
    cargo.arg("--release").env("LIB", &libraries);
    cross::run(cargo, "the tool does not build")?;

    let built = target_folder(root)
        .join(architecture.target())
        .join("release")
        .join(PROGRAM);
    let program = fs::read(&built).map_err(Failure::at(&built))?;
    let imported = needs_only_windows(&program)?;
    let place = driver::image(root, architecture).with_file_name(PROGRAM);
    let package = place.parent().unwrap_or(root);
    fs::create_dir_all(package).map_err(Failure::at(package))?;
    fs::write(&place, &program).map_err(Failure::at(&place))?;
    let shown = place.strip_prefix(root).unwrap_or(&place);
    println!("{:>8} bytes  {}", program.len(), shown.display());
    println!("imports from {imported}");
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    if options.wine {
        return wine::check(root, &place, options.install);
    }
    Ok(())
}

fn target_folder(root: &Path) -> PathBuf {
    root.join("target/test-app")
}

fn cargo(root: &Path, command: &str, architecture: Architecture, arguments: &[String]) -> Command {
    let mut flags = cross::remapped_paths(root);
    flags.push("-Ctarget-feature=+crt-static".to_owned());
    flags.extend(arguments.iter().map(|it| format!("-Clink-arg={it}")));
    let mut cargo = cross::cargo(root);
    cargo
        .arg(command)
        .args(["--locked", "--package", "midiuart-test", "--config"])
        .arg(root.join("xtask/cross/user-mode/config.toml"))
        .arg("--config")
        .arg(cross::compiler_flags(architecture, &flags))
        .arg("--target-dir")
        .arg(target_folder(root))
        .args(["--target", architecture.target()]);
    cargo
}

/// The images that a program imports from, if Windows has them all.
fn needs_only_windows(program: &[u8]) -> Result<String, Failure> {
    let unusable = |error: String| Failure::found(format!("{PROGRAM}: {error}"));
    let image = Image::parse(program).map_err(|error| unusable(error.to_string()))?;
    let names: Vec<_> = image
        .imports
        .iter()
        .map(|it| it.name.to_ascii_lowercase())
        .collect();
    match names
        .iter()
        .find(|name| !OF_WINDOWS.contains(&name.as_str()))
    {
        Some(other) => Err(unusable(format!(
            "imports from {other}, which Windows does not bring"
        ))),
        None => Ok(names.join(", ")),
    }
}
