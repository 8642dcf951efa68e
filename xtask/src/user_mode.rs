//! Programs for Windows, and images that programs load: they need nothing but Windows.

mod loading;
pub mod runtime;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::architecture::Architecture;
use crate::cross;
use crate::failure::Failure;
use crate::verify::Image;
use loading::Loading;

/// Images that Windows 10 and 11 bring.
pub const OF_WINDOWS: &[&str] = &[
    "advapi32.dll",
    "api-ms-win-core-synch-l1-2-0.dll",
    "bcryptprimitives.dll",
    "cfgmgr32.dll",
    "crypt32.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "newdev.dll",
    "ntdll.dll",
    "ole32.dll",
    "setupapi.dll",
    "ucrtbase.dll",
    "user32.dll",
    "userenv.dll",
    "winmm.dll",
    "wintrust.dll",
    "ws2_32.dll",
];

/// Whose linker and run-time library an image is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// As Visual C++ would: LLVM's linker, and a [`runtime`] of our own.
    Msvc,
    /// mingw-w64's, for x64 only.
    Gnu,
}

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program that administrators run: it must not load libraries from its folder.
    Program,
    /// A library that lies beside others' programs.
    Library,
}

/// mingw-w64's linker.
pub const GNU_LINKER: &str = "gcc-mingw-w64-x86-64";

/// A build for one processor.
#[derive(Clone, Copy)]
pub struct Build<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// The processor.
    pub architecture: Architecture,
    /// The linker and the run-time library.
    pub tools: Tools,
}

impl Build<'_> {
    /// Runs cargo on packages that `selection` names; returns where what it built is.
    ///
    /// # Errors
    /// If it does not build, or there is no run-time for the processor.
    pub fn build(&self, selection: &[&str]) -> Result<PathBuf, Failure> {
        let mut cargo = self.cargo("build")?;
        cargo.arg("--release").args(selection);
        cross::run(cargo, "that does not build")?;
        Ok(cross::release_folder(&self.target_folder(), self.triple()?))
    }

    /// Looks with clippy at packages that `selection` names.
    ///
    /// # Errors
    /// If it has something to say.
    pub fn clippy(&self, selection: &[&str]) -> Result<(), Failure> {
        let mut cargo = self.cargo("check")?;
        cargo.args(selection);
        cross::clippy_of_own(cargo)
    }

    fn target_folder(&self) -> PathBuf {
        self.root.join("target/user-mode")
    }

    fn triple(&self) -> Result<&'static str, Failure> {
        match (self.tools, self.architecture) {
            (_, Architecture::X86) => Err(Failure::unusable("it is built for x64 and arm64 only")),
            (Tools::Msvc, _) => Ok(self.architecture.target()),
            (Tools::Gnu, Architecture::X64) => Ok("x86_64-pc-windows-gnu"),
            (Tools::Gnu, _) => Err(Failure::unusable("the GNU tools build it for x64 only")),
        }
    }

    fn cargo(&self, command: &str) -> Result<Command, Failure> {
        let Self {
            root,
            architecture,
            tools,
        } = *self;
        let triple = self.triple()?;
        let mut flags = cross::remapped_paths(root);
        let mut cargo = cross::cargo(root);
        match tools {
            Tools::Msvc => {
                // Where the linker looks for libraries.
                let libraries = self.target_folder().join(architecture.folder());
                runtime::build(root, architecture, &libraries)?;
                cargo.env("LIB", &libraries);
                flags.push("-Ctarget-feature=+crt-static".to_owned());
                let arguments = runtime::linker_arguments();
                flags.extend(arguments.iter().map(|it| format!("-Clink-arg={it}")));
            }
            Tools::Gnu => flags.push("-Clink-arg=-Wl,--no-insert-timestamp".to_owned()),
        }
        cargo
            .args([command, "--locked", "--config"])
            .arg(root.join("xtask/cross/user-mode/config.toml"))
            .arg("--config")
            .arg(cross::compiler_flags(triple, &flags))
            .arg("--target-dir")
            .arg(self.target_folder())
            .args(["--target", triple]);
        Ok(cargo)
    }
}

/// Puts what was built where packages take it from, and says how large it is and what it needs.
///
/// # Errors
/// If it needs more than Windows, a program may load others' libraries, or it can't be written.
pub fn hand_over(root: &Path, built: &Path, place: &Path, kind: Kind) -> Result<(), Failure> {
    let bytes = fs::read(built).map_err(Failure::at(built))?;
    let image = Image::parse(&bytes).map_err(|error| Failure::about(built, &error))?;
    let found = |error| Failure::found(format!("{}: {error}", built.display()));
    let mut imported = needs_only_windows(&image).map_err(found)?;
    if kind == Kind::Program {
        let loading = Loading::parse(&bytes).map_err(|error| Failure::about(built, &error))?;
        let delayed = loading.check(OF_WINDOWS).map_err(found)?;
        imported = format!("{imported}; when they are needed, {delayed}");
    }
    let folder = place.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    fs::write(place, &bytes).map_err(Failure::at(place))?;
    let shown = place.strip_prefix(root).unwrap_or(place);
    println!("{:>8} bytes  {}", bytes.len(), shown.display());
    println!("imports from {imported}");
    Ok(())
}

/// The images that one imports from, if Windows has them all.
fn needs_only_windows(image: &Image) -> Result<String, String> {
    let names = image.imports.iter().map(|it| it.name.to_ascii_lowercase());
    let names: BTreeSet<_> = names.collect();
    match names
        .iter()
        .find(|name| !OF_WINDOWS.contains(&name.as_str()))
    {
        Some(other) => Err(format!(
            "imports from {other}, which Windows does not bring"
        )),
        None => Ok(Vec::from_iter(names).join(", ")),
    }
}
