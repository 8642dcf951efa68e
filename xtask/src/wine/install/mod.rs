//! The driver package, installed and removed by Wine's `setupapi`: a second opinion on the INF file
//! and on what becomes of it in the registry.

mod calls;
mod expected;
mod files;
mod for_wine;
mod package;
mod registry;
mod removal;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::prefix::{Prefix, SYSTEM32};
use super::report::{Report, Verdict, note};
use super::{PACKAGES, PATIENCE, stand_ins, steps, stop_drivers, verdicts};
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::inf::{self, Inf, Layout};
use crate::packages;
use calls::Calls;
use expected::Installed;
use files::Files;
use for_wine::without_windows_version;
use package::{INF, Package, project_inf};
use registry::Registry;

/// Where the package lies, here and in Wine.
const FOLDER: [&str; 2] = ["drive_c/package", r"C:\package"];
/// Another processor's INF file, here and in Wine.
const OTHER: [&str; 2] = ["drive_c/other.inf", r"C:\other.inf"];
/// The program that calls setupapi, here and in Wine.
const INSTALLER: [&str; 2] = ["drive_c/installer.dll", r"C:\installer.dll"];
/// What is read of the registry, here and in Wine.
const EXPORTED: [&str; 2] = ["drive_c/exported.reg", r"C:\exported.reg"];
const WINDOWS: &str = "drive_c/windows";

/// Files of the package, below Windows' folder.
const COPIED_INF: &str = "inf/midiuart.inf";
const COPIED_IMAGE: &str = "system32/unknown/midiuart.sys";
const COPIED_CATALOG: &str = "system32/catroot/{f750e6c3-38ee-11d1-85e5-00c04fc295ee}/midiuart.cat";
/// Where Wine notes which folder an INF file came from.
const ORIGIN: &str = "inf/midiuart.pnf";

/// `ERROR_NO_COMPAT_DRIVERS`.
const NO_DRIVER: &str = "error 0xe0000228";
/// An id that is like one of the package's.
const NOT_LISTED: &str = r"PCI\VEN_1B36&DEV_0002";
/// What the device is called that setupapi makes.
const INSTANCE_ID: &str = r"ROOT\MEDIA\0000";

/// What is installed.
#[derive(clap::Args)]
pub struct Options {
    /// The package's folder; if none is named, that in target/package.
    package: Option<PathBuf>,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Installs the package in a fresh Windows of Wine's, compares what it finds there with what the INF
/// file says, has the driver run, and removes it.
///
/// # Errors
/// If something is not as it should be, or can't be done.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    let package = Package::read(root, options.package.as_deref())?;
    let (_, inf, layout) = project_inf(root, Architecture::X64)?;
    packages::require(Architecture::X64, options.install)?;
    packages::require_all(&PACKAGES, options.install)?;

    let prefix = Prefix::new(PATIENCE)?;
    let images = stand_ins::build(root, &prefix.file(SYSTEM32))?;
    stand_ins::copy(&images.portcls, &prefix.file(SYSTEM32).join("portcls.sys"))?;
    stand_ins::copy(&images.installer, &prefix.file(INSTALLER[0]))?;
    stand_ins::replace_kernel(&images.kernel, &prefix.file(SYSTEM32))?;

    let mut report = Report::default();
    let before = State::of(&prefix)?;
    let found = find_devices(root, &prefix, &package, &layout, &mut report)?;
    if found {
        install(&prefix, &package, (&inf, &layout), &before, &mut report)?;
    }
    for line in complaints(&prefix.log()?) {
        note(line);
    }
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    report.outcome()
}

/// What of Wine's Windows may change.
struct State {
    registry: Registry,
    files: Files,
}

impl State {
    fn of(prefix: &Prefix) -> Result<Self, Failure> {
        let [path, name] = EXPORTED;
        let path = prefix.file(path);
        let key = r"HKLM\System\CurrentControlSet";
        prefix.run(&["reg.exe", "export", key, name, "/y"])?;
        let bytes = fs::read(&path).map_err(Failure::at(&path))?;
        let units = bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes);
        let text = String::from_utf16_lossy(&units.collect::<Vec<_>>());
        Ok(Self {
            registry: Registry::parse(&text),
            files: files::below(&prefix.file(WINDOWS))?,
        })
    }
}

fn call(prefix: &Prefix, function: &str, arguments: [&str; 2]) -> Result<Calls, Failure> {
    let entry = format!("{},{function}", INSTALLER[1]);
    let [first, second] = arguments;
    let output = prefix.run(&["rundll32.exe", &entry, first, second])?;
    Ok(Calls::new(output))
}

/// Looks up each device in the INF file; says whether the first, which can be installed, was found.
fn find_devices(
    root: &Path,
    prefix: &Prefix,
    package: &Package,
    layout: &Layout,
    report: &mut Report,
) -> Result<bool, Failure> {
    let folder = prefix.file(FOLDER[0]);
    let path = format!(r"{}\{INF}", FOLDER[1]);
    let find = |path: &str, id: &str| call(prefix, "Find", [path, id]);

    package.write(&folder, &package.inf)?;
    let mut found = false;
    for (index, device) in layout.devices.iter().enumerate() {
        for id in &device.hardware_ids {
            let mut calls = find(&path, id)?;
            if index == 0 && calls.error("DIF_SELECTBESTCOMPATDRV") == Some(NO_DRIVER) {
                note("Wine reads no models for a Windows version; from here on they are for all");
                package.write(&folder, &package.inf_for_wine)?;
                calls = find(&path, id)?;
            }
            let verdict = is_called(&calls, &device.description);
            found |= index == 0 && verdict.is_ok();
            report.check(&format!("{id} is found"), verdict);
        }
    }
    let nothing = |calls: Calls| match calls.failed() {
        Some(error) if error.ends_with(NO_DRIVER) => Ok(String::new()),
        Some(error) => Err(error),
        None => Err(calls.learnt("driver").unwrap_or_default().to_owned()),
    };
    let name = format!("{NOT_LISTED} is not");
    report.check(&name, nothing(find(&path, NOT_LISTED)?));

    let (text, ..) = project_inf(root, Architecture::Arm64)?;
    let other = prefix.file(OTHER[0]);
    let text = without_windows_version(&text, inf::decoration(Architecture::Arm64));
    fs::write(&other, text).map_err(Failure::at(&other))?;
    for id in layout.devices.iter().flat_map(|it| &it.hardware_ids) {
        let name = format!("{id} is not in arm64's");
        report.check(&name, nothing(find(OTHER[1], id)?));
    }
    Ok(found)
}

fn is_called(calls: &Calls, description: &str) -> Verdict {
    match (calls.learnt("driver"), calls.failed()) {
        (Some(found), _) if found == description => Ok(found.to_owned()),
        (Some(found), _) => Err(format!("{found}, should be {description}")),
        (None, Some(error)) => Err(error),
        (None, None) => Err("the installer stopped".to_owned()),
    }
}

/// Installs the first device, looks at what has become of it, and removes it.
fn install(
    prefix: &Prefix,
    package: &Package,
    (inf, layout): (&Inf, &Layout),
    before: &State,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some((device, hardware_id)) = layout
        .devices
        .first()
        .and_then(|device| Some((device, device.hardware_ids.first()?)))
    else {
        return Err(Failure::found("the INF file has no devices"));
    };
    let path = format!(r"{}\{INF}", FOLDER[1]);
    let calls = call(prefix, "Install", [&path, hardware_id])?;
    report.check_all(calls.verdicts("the package is installed"));
    let instance_id = calls.learnt("device").unwrap_or(INSTANCE_ID);
    let inf_name = calls.learnt("inf").and_then(|it| it.rsplit('\\').next());

    let after = State::of(prefix)?;
    let software_key = after
        .registry
        .value(&expected::device(instance_id), "Driver")
        .map(ToString::to_string)
        .unwrap_or_default();
    let installed = Installed {
        instance_id,
        hardware_id,
        description: &device.description,
        software_key: &software_key,
        inf_name: inf_name.unwrap_or(INF),
    };
    for entry in expected::entries(inf, &device.install, &installed) {
        let name = format!("{}: {}", entry.about, entry.name);
        let verdict = match after.registry.value(&entry.key, &entry.name) {
            Some(found) if *found == entry.value => Ok(found.to_string()),
            Some(found) => Err(format!("{found}, should be {}", entry.value)),
            None => Err(format!("missing, should be {}", entry.value)),
        };
        report.check(&name, verdict);
    }
    check_files(prefix, package, before, &after, report);

    let removed = call(prefix, "Remove", [instance_id, installed.inf_name])?;
    // Else the image stays loaded.
    stop_drivers(prefix)?;
    verdicts::judge(&package.image, &prefix.log()?, steps::ONE_DEVICE, report);
    report.check_all(removed.verdicts("the package is removed"));
    let left = State::of(prefix)?;
    removal::check((inf, &device.install), &installed, before, &left, report);
    Ok(())
}

fn check_files(
    prefix: &Prefix,
    package: &Package,
    before: &State,
    after: &State,
    report: &mut Report,
) {
    let windows = prefix.file(WINDOWS);
    let is = |place: &str, contents: &[u8]| files::is(&windows.join(place), contents);
    let inf = is(COPIED_INF, &package.inf).or_else(|_| is(COPIED_INF, &package.inf_for_wine));
    report.check(&format!("copied: {COPIED_INF}"), inf);
    for (place, contents) in [
        (COPIED_IMAGE, &package.image),
        (COPIED_CATALOG, &package.catalog),
    ] {
        report.check(&format!("copied: {place}"), is(place, contents));
    }
    let known = [COPIED_INF, ORIGIN, COPIED_IMAGE, COPIED_CATALOG];
    let others = after.files.difference(&before.files);
    let others: Vec<_> = others
        .map(String::as_str)
        .filter(|name| !known.contains(name))
        .collect();
    let verdict = if others.is_empty() {
        Ok(String::new())
    } else {
        Err(others.join(", "))
    };
    report.check("nothing else is copied", verdict);
}

/// What Wine's setupapi says that it can't do, once each.
fn complaints(log: &str) -> Vec<&str> {
    let mut complaints = Vec::new();
    for line in log.lines() {
        if let Some((_, complaint)) = line.split_once(":setupapi:")
            && !complaints.contains(&complaint)
        {
            complaints.push(complaint);
        }
    }
    complaints
}
