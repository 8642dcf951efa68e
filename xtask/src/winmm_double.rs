//! The double of `winmm.dll`, whose ports are emulated PCs.

mod exports;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::packages;
use crate::user_mode::{self, Build, Kind, Tools};

/// What Windows calls it.
pub const NAME: &str = "winmm.dll";

/// Which one is built.
#[derive(clap::Args)]
pub struct Options {
    /// The processor: x64 or arm64.
    #[arg(long, value_enum, default_value_t = Architecture::X64)]
    arch: Architecture,
    /// Builds it with mingw-w64's linker and run-time library instead, in the same place; for x64 only.
    #[arg(long, conflicts_with = "clippy")]
    gnu: bool,
    /// Looks with clippy at it as it is built for Windows instead.
    #[arg(long)]
    clippy: bool,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Builds the double, and checks that it has all that the real one has.
///
/// # Errors
/// If it does not build, lacks something, or can't be written.
pub fn build(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    let architecture = options.arch;
    packages::require(architecture, options.install)?;
    let tools = if options.gnu {
        packages::require_all(&[user_mode::GNU_LINKER], options.install)?;
        Tools::Gnu
    } else {
        Tools::Msvc
    };
    let double = Build {
        root,
        architecture,
        tools,
    };
    let selection = ["--package", "winmm-double"];
    if options.clippy {
        return double.clippy(&selection);
    }
    let built = double.build(&selection)?.join(NAME);
    let bytes = fs::read(&built).map_err(Failure::at(&built))?;
    let exported = exports::check(&bytes)
        .map_err(|error| Failure::found(format!("{}: {error}", built.display())))?;
    user_mode::hand_over(root, &built, &image(root, architecture), Kind::Library)?;
    println!("exports {exported}");
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// The double. It has a folder of its own: programs beside it would take it for Windows'.
fn image(root: &Path, architecture: Architecture) -> PathBuf {
    driver::image(root, architecture)
        .with_file_name("double")
        .join(NAME)
}

/// Copies the double for x64 into a folder, for the programs there.
///
/// # Errors
/// If there is none yet.
pub fn copy(root: &Path, folder: &Path) -> Result<(), Failure> {
    let double = image(root, Architecture::X64);
    if !double.exists() {
        return Err(Failure::unusable(
            "no double of winmm; `cargo xtask winmm-double` makes one",
        ));
    }
    fs::copy(&double, folder.join(NAME)).map_err(Failure::at(&double))?;
    Ok(())
}
