//! Debian's compiler, told to build for Windows.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::architecture::Architecture;
use crate::failure::Failure;

const CARGO: &str = "/usr/bin/cargo";
const CLIPPY: &str = "/usr/bin/clippy-driver";
const LIBCLANG: &str = "/usr/lib/llvm-19/lib";

/// What a developer or rustup has set for builds for this machine.
const NOT_FOR_CROSS_BUILDS: [&str; 10] = [
    "CARGO",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// Where the cross-builds of the project in `root` put their files.
fn target_folder(root: &Path) -> PathBuf {
    root.join("target/cross")
}

/// Where a release build below a target folder puts what it links.
pub fn release_folder(target: &Path, triple: &str) -> PathBuf {
    target.join(triple).join("release")
}

/// Builds the image's package with features of its; returns the folder with what was linked.
///
/// # Errors
/// If it does not build.
pub fn build(
    root: &Path,
    architecture: Architecture,
    features: &[&str],
) -> Result<PathBuf, Failure> {
    let linked = release_folder(&target_folder(root), architecture.kernel_target());
    forget_linked(&linked)?;
    let mut cargo = image_cargo(root, "build", architecture);
    cargo
        .arg("--release")
        .arg(format!("--features={}", features.join(",")));
    run(cargo, "the driver does not build")?;
    Ok(linked)
}

/// Removes what was linked last: images with other features have the same name, and cargo would take
/// the last one for any.
fn forget_linked(linked: &Path) -> Result<(), Failure> {
    let path = linked.join("deps/midiuart.dll");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::at(&path)(error)),
        _ => Ok(()),
    }
}

/// Runs clippy over the image's package and over what is the project's own below it.
///
/// # Errors
/// If it has something to say.
pub fn clippy(root: &Path, architecture: Architecture) -> Result<(), Failure> {
    let mut cargo = image_cargo(root, "check", architecture);
    cargo
        .arg("--keep-going")
        // `cargo clippy` would look at a workspace's own packages only, and the library of the
        // driver belongs to another one. With this it looks at all that are not from a registry.
        .env("RUSTC_WRAPPER", CLIPPY);
    content(cargo)
}

/// Runs `cargo check` with clippy over a workspace's own packages, with what release builds have made of
/// the standard library.
///
/// # Errors
/// If it has something to say.
pub fn clippy_of_own(mut cargo: Command) -> Result<(), Failure> {
    cargo
        .arg("--release")
        .env("RUSTC_WORKSPACE_WRAPPER", CLIPPY);
    content(cargo)
}

fn content(mut clippy: Command) -> Result<(), Failure> {
    clippy.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    run(clippy, "clippy is not content")
}

fn image_cargo(root: &Path, command: &str, architecture: Architecture) -> Command {
    let mut flags = remapped_paths(root);
    // Else the linker puts this machine's working directory before them in the PDB.
    flags.push("-Clink-arg=/pdbsourcepath:/".to_owned());
    if architecture == Architecture::X86 {
        // For this processor the compiler puts tables of jumps between the instructions, where a reader of the
        // image can't tell them from code (`verify::floating_point` has to).
        flags.push("-Cjump-tables=no".to_owned());
    }
    let mut cargo = cargo(root);
    cargo
        // Settings of the image's own folder apply only from inside.
        .current_dir(root.join("driver/image"))
        .env("LIBCLANG_PATH", LIBCLANG)
        .arg(command)
        .arg("--locked")
        .arg("--config")
        .arg(root.join("xtask/cross/config.toml"))
        .arg("--config")
        .arg(compiler_flags(architecture.kernel_target(), &flags))
        .arg("--target-dir")
        .arg(target_folder(root))
        .arg("--target");
    if architecture.has_builtin_kernel_target() {
        cargo.arg(architecture.kernel_target());
    } else {
        let name = format!("xtask/cross/{}.json", architecture.kernel_target());
        cargo.arg(root.join(name)).arg("-Zjson-target-spec");
    }
    cargo
}

/// Debian's cargo, run in `root`, which builds the standard library from its sources.
pub fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(CARGO);
    for variable in NOT_FOR_CROSS_BUILDS {
        cargo.env_remove(variable);
    }
    cargo.current_dir(root).env("RUSTC_BOOTSTRAP", "1");
    cargo
}

/// The compiler's flags that keep this machine's paths out of what is built.
pub fn remapped_paths(root: &Path) -> Vec<String> {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    [
        Some((root.to_owned(), "midiuart")),
        cargo_home.map(|home| (home, "cargo")),
        Some((PathBuf::from("/usr/lib/rustlib/src/rust"), "rust")),
    ]
    .into_iter()
    .flatten()
    .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()))
    .collect()
}

/// The setting of cargo's that hands flags to the compiler.
pub fn compiler_flags(triple: &str, flags: &[String]) -> String {
    let flags: Vec<_> = flags.iter().map(|flag| format!("{flag:?}")).collect();
    format!("target.{triple}.rustflags=[{}]", flags.join(","))
}

/// Runs a build.
///
/// # Errors
/// The complaint, if it fails.
pub fn run(mut command: Command, complaint: &str) -> Result<(), Failure> {
    let status = command.status().map_err(Failure::at(Path::new(CARGO)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::found(complaint))
    }
}
