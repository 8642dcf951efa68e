//! The driver's image in Wine's kernel: its loader, its registry, its Plug and Play manager, its pool
//! and spin locks are a second opinion on those of the emulated PC.

mod install;
mod interrupt;
pub mod midir;
pub mod prefix;
mod report;
mod stand_ins;
mod steps;
pub mod tool;
mod verdicts;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::{driver, packages};
pub use install::{Options as InstallOptions, run as install};
use prefix::{Prefix, SYSTEM32};
use report::Report;

/// Debian's package of Wine.
const PACKAGES: [&str; 1] = ["wine64"];

/// Longest time for one program of Wine's.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the software keys of the root-enumerated devices hold.
const SOFTWARE_KEYS: [&str; 2] = [
    r#""PortName"="Wine"
"PollPeriodMicroseconds"=dword:000001f4"#,
    r#""PortName"="Wine at full speed"
"Paced"=dword:00000000"#,
];

/// How to run the driver under Wine.
#[derive(clap::Args)]
pub struct Options {
    /// Uses Wine's kernel as it is, without the functions that it lacks. The driver gets as far as
    /// its first call of one of those.
    #[arg(long)]
    bare: bool,
    /// Runs clippy over the stand-ins instead.
    #[arg(long)]
    clippy: bool,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Runs the driver under Wine, from its first instruction to its last, and says how far it got.
///
/// # Errors
/// If it did not get through, or could not be run.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    packages::require(Architecture::X64, options.install)?;
    packages::require_all(&PACKAGES, options.install)?;
    if options.clippy {
        return stand_ins::clippy(root);
    }
    let image_path = driver::image(root, Architecture::X64);
    let image = fs::read(&image_path).map_err(Failure::at(&image_path))?;

    let prefix = Prefix::new(PATIENCE)?;
    let images = stand_ins::build(root, &prefix.file(SYSTEM32))?;
    stand_ins::copy(
        &images.portcls,
        &prefix.file(SYSTEM32).join("drivers/portcls.sys"),
    )?;
    if !options.bare {
        stand_ins::replace_kernel(&images.kernel, &prefix.file(SYSTEM32))?;
    }
    let installed = prefix.file(SYSTEM32).join("drivers/midiuart.sys");
    fs::write(&installed, &image).map_err(Failure::at(&installed))?;
    let lived = live(&prefix);
    let mut report = Report::default();
    verdicts::judge(&image, &prefix.log()?, steps::TWO_DEVICES, &mut report);
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    lived.and(report.outcome())
}

/// The devices, as regedit takes them.
fn registry_file() -> String {
    let mut text = "Windows Registry Editor Version 5.00\n".to_owned();
    for (number, software_key) in SOFTWARE_KEYS.iter().enumerate() {
        text.push_str(&device(number, software_key));
    }
    text
}

/// A device with the driver's service, and its software key.
fn device(number: usize, software_key: &str) -> String {
    format!(
        r#"
[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Enum\ROOT\MEDIA\{number:04}]
"Class"="MEDIA"
"ClassGUID"="{{4d36e96c-e325-11ce-bfc1-08002be10318}}"
"Service"="midiuart"
"Driver"="{{4d36e96c-e325-11ce-bfc1-08002be10318}}\\{number:04}"
"ConfigFlags"=dword:00000000

[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\Class\{{4d36e96c-e325-11ce-bfc1-08002be10318}}\{number:04}]
{software_key}
"#
    )
}

/// Installs the service and the devices, starts them, and takes them away.
fn live(prefix: &Prefix) -> Result<(), Failure> {
    let devices = prefix.file("drive_c/devices.reg");
    fs::write(&devices, registry_file()).map_err(Failure::at(&devices))?;
    prefix.run(&["regedit.exe", "/S", r"C:\devices.reg"])?;
    // The services' manager reads the registry when it starts, and starts what has a device.
    prefix.stop()?;
    prefix.run(&[
        "sc.exe",
        "create",
        "midiuart",
        "type=",
        "kernel",
        "start=",
        "demand",
        "binPath=",
        r"C:\windows\system32\drivers\midiuart.sys",
    ])?;
    prefix.run(&["net.exe", "start", "midiuart"])?;
    stop_drivers(prefix)?;
    prefix.stop()
}

/// Stops the processes that drivers run in; a driver with devices can't be stopped by itself.
fn stop_drivers(prefix: &Prefix) -> Result<(), Failure> {
    let services = prefix.run(&["net.exe", "start"])?;
    for process in services.lines().map(str::trim) {
        if process.starts_with("Winedevice") {
            stop(prefix, process)?;
        }
    }
    Ok(())
}

/// Stops a service, and waits until it has stopped.
fn stop(prefix: &Prefix, service: &str) -> Result<(), Failure> {
    prefix.run(&["net.exe", "stop", service])?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let state = prefix.run(&["sc.exe", "query", service])?;
        if !state.contains("RUNNING") && !state.contains("PENDING") {
            return Ok(());
        }
    }
    Err(Failure::found(format!("{service} does not stop")))
}
