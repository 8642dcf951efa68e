//! Images that take the place of what Wine lacks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::Object;

use crate::cross;
use crate::failure::Failure;

/// What `kernel-additions` has of its own.
const ADDED: [&str; 14] = [
    "EtwRegister",
    "EtwSetInformation",
    "EtwUnregister",
    "EtwWriteTransfer",
    "ExAllocateTimer",
    "ExCancelTimer",
    "ExDeleteTimer",
    "ExSetTimer",
    // Wine's fail.
    "IoAllocateDriverObjectExtension",
    "IoGetDriverObjectExtension",
    "KeEnterCriticalRegion",
    "KeLeaveCriticalRegion",
    "KeQueryInterruptTimePrecise",
    "MmMapIoSpaceEx",
];

/// Where Wine's own kernel lies, in the system's folder.
const WINE_KERNEL: &str = "winekernel.dll";

/// By which Wine knows its own images. Without it, one is loaded from where it lies and under
/// whatever name.
const BUILTIN: &[u8] = b"Wine builtin DLL";

/// The images.
pub struct Images {
    /// The kernel, which forwards to Wine's own.
    pub kernel: PathBuf,
    /// The stand-in for portcls.sys.
    pub portcls: PathBuf,
    /// The program that calls setupapi.
    pub installer: PathBuf,
}

/// Builds the images for the kernel that lies in `system32`.
///
/// # Errors
/// If they do not build.
pub fn build(root: &Path, system32: &Path) -> Result<Images, Failure> {
    let folder = target_folder(root);
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let forwards = folder.join("forwards.rsp");
    let lines = forwards_to(&system32.join("ntoskrnl.exe"))?;
    // Unchanged, the images need not be built again.
    if fs::read_to_string(&forwards).ok().as_deref() != Some(lines.as_str()) {
        fs::write(&forwards, lines).map_err(Failure::at(&forwards))?;
    }
    let mut cargo = cargo(root, "build");
    cargo.args(["--release", "--quiet"]);
    cross::run(cargo, "the stand-ins do not build")?;
    let built = folder.join("x86_64-pc-windows-msvc/release");
    Ok(Images {
        kernel: built.join("kernel_additions.dll"),
        portcls: built.join("portcls_stand_in.dll"),
        installer: built.join("installer.dll"),
    })
}

/// Runs clippy over their sources.
///
/// # Errors
/// If it has something to say.
pub fn clippy(root: &Path) -> Result<(), Failure> {
    let folder = target_folder(root);
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    cross::clippy_of_own(cargo(root, "check"))
}

/// Puts a kernel in the place of Wine's own, which gets another name.
///
/// # Errors
/// If Wine's own is not what it should be, or files can't be written.
pub fn replace_kernel(kernel: &Path, system32: &Path) -> Result<(), Failure> {
    let place = system32.join("ntoskrnl.exe");
    let mut own = fs::read(&place).map_err(Failure::at(&place))?;
    let mark = own
        .windows(BUILTIN.len())
        .position(|bytes| bytes == BUILTIN)
        .ok_or_else(|| Failure::about(&place, &"not one of Wine's own"))?;
    own[mark..mark + BUILTIN.len()].fill(b' ');
    let renamed = system32.join(WINE_KERNEL);
    fs::write(&renamed, own).map_err(Failure::at(&renamed))?;
    // It may be a link to what Wine was installed with.
    fs::remove_file(&place).map_err(Failure::at(&place))?;
    copy(kernel, &place)
}

/// Copies a file.
///
/// # Errors
/// If it can't be copied.
pub fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map_err(Failure::at(to))?;
    Ok(())
}

/// Arguments for the linker, by which everything that a kernel exports is exported and leads there.
fn forwards_to(kernel: &Path) -> Result<String, Failure> {
    let image = fs::read(kernel).map_err(Failure::at(kernel))?;
    let unreadable = |error| Failure::about(kernel, &error);
    let image = object::File::parse(image.as_slice()).map_err(unreadable)?;
    let library = WINE_KERNEL.trim_end_matches(".dll");
    let mut lines = Vec::new();
    for export in image.exports().map_err(unreadable)? {
        let export = export.map_err(unreadable)?;
        let Some(name) = export.name().into_name() else {
            continue;
        };
        let name = String::from_utf8_lossy(name);
        if !ADDED.contains(&name.as_ref()) {
            lines.push(format!("/EXPORT:{name}={library}.{name}"));
        }
    }
    Ok(lines.join("\n"))
}

fn target_folder(root: &Path) -> PathBuf {
    root.join("target/wine")
}

fn cargo(root: &Path, command: &str) -> Command {
    let folder = target_folder(root);
    let mut cargo = cross::cargo(&root.join("wine"));
    cargo
        .env("WINE_KERNEL_FORWARDS", folder.join("forwards.rsp"))
        .arg(command)
        .args(["--locked", "--config", "cross.toml", "--target-dir"])
        .arg(&folder);
    cargo
}
