//! The driver installed and removed by the tool, under Wine.

use std::fs;
use std::path::Path;

use super::PROGRAM;
use crate::failure::Failure;
use crate::wine::prefix::Prefix;

/// Where Wine keeps the registry of the machine.
const REGISTRY: &str = "system.reg";
/// Where Wine keeps INF files.
const INF_FOLDER: &str = "drive_c/windows/inf";
/// What an installation leaves traces with: names, and the stores of certificates.
const TRACES: [&str; 3] = [
    "midiuart",
    r"Root\\Certificates\\",
    r"Publisher\\Certificates\\",
];

/// Installs and removes the package in `package`, and fails to install it, a line for each.
///
/// # Errors
/// If something stays that was not there before.
pub fn check(prefix: &Prefix, package: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(package).map_err(Failure::at(package))? {
        let file = entry.map_err(Failure::at(package))?.path();
        let place = prefix.file("").join(file.file_name().unwrap_or_default());
        if !place.ends_with(PROGRAM) {
            fs::copy(&file, place).map_err(Failure::at(&file))?;
        }
    }
    // Wine has no test mode.
    let install = [PROGRAM, "driver", "install", "--before-test-mode"];
    let before = traces(prefix)?;

    let added = prefix.run(&install)?;
    expect(
        added
            .lines()
            .filter(|line| line.starts_with("added "))
            .count()
            == 4,
        &added,
    )?;
    expect(
        traces(prefix)? != before,
        "an installation that leaves no trace",
    )?;
    let removed = prefix.run(&[PROGRAM, "driver", "remove"])?;
    expect(traces(prefix)? == before, &removed)?;
    println!("PASS driver install, driver remove: nothing stays");

    // The package has no place to go, after the certificate has gone into its stores.
    let (folder, aside) = (prefix.file(INF_FOLDER), prefix.file("inf"));
    fs::rename(&folder, &aside).map_err(Failure::at(&folder))?;
    fs::write(&folder, "").map_err(Failure::at(&folder))?;
    let added = prefix.run(&install)?;
    fs::remove_file(&folder).map_err(Failure::at(&folder))?;
    fs::rename(&aside, &folder).map_err(Failure::at(&folder))?;
    expect(added.is_empty(), &added)?;
    expect(
        traces(prefix)? == before,
        "traces of an installation that failed",
    )?;
    expect(
        prefix.log()?.contains("; all was undone"),
        "it does not say so",
    )?;
    println!("PASS driver install that fails half-way: all is undone");
    Ok(())
}

fn expect(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::found(format!("FAIL driver install: {otherwise}")))
    }
}

/// The lines of the registry that an installation changes, without their times.
fn traces(prefix: &Prefix) -> Result<Vec<String>, Failure> {
    prefix.stop()?; // which writes it
    let path = prefix.file(REGISTRY);
    let registry = fs::read(&path).map_err(Failure::at(&path))?;
    let registry = String::from_utf8_lossy(&registry).into_owned();
    let lines = registry.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        TRACES
            .iter()
            .any(|trace| line.contains(&trace.to_ascii_lowercase()))
    });
    Ok(lines
        .map(|line| line.split(']').next().unwrap_or(line).to_owned())
        .collect())
}
