//! The driver installed and removed by the tool, under Wine: also by runs that are killed in between.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::halted::kill_after;
use super::{PROGRAM, smuggled};
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::user_mode::runtime;
use crate::wine::prefix::Prefix;

/// Where Wine keeps the registry of the machine.
const REGISTRY: &str = "system.reg";
/// Where Wine keeps INF files.
const INF_FOLDER: &str = "drive_c/windows/inf";
/// The package, beside the program: not below a folder that others may write to, as /tmp is.
const FOLDER: &str = "drive_c/midiuart";
/// The same as Windows' programs have it.
const TOOL: &str = r"C:\midiuart\midiuart-test.exe";
/// A package in a folder of its own.
const OTHER_FOLDER: &str = "drive_c/other";
/// What an installation leaves traces with: names, and the stores of certificates.
const TRACES: [&str; 3] = [
    "midiuart",
    r"Root\\Certificates\\",
    r"Publisher\\Certificates\\",
];

// Wine has no test mode.
const INSTALL: [&str; 5] = [TOOL, "driver", "install", "--before-test-mode", "--yes"];
const REMOVE: [&str; 3] = [TOOL, "driver", "remove"];
/// What an installation adds under Wine, which makes no service.
const ADDED: usize = 5;

/// Installs and removes the package in `package`, in all ways that can go wrong, a line for each.
///
/// # Errors
/// If something stays that was not there before.
pub fn check(prefix: &Prefix, package: &Path) -> Result<(), Failure> {
    let folder = prefix.file(FOLDER);
    copy(package, &folder)?;
    let program = prefix.file(PROGRAM);
    fs::copy(&program, folder.join(PROGRAM)).map_err(Failure::at(&program))?;
    runtime::build_random_numbers(&folder, Architecture::X64)?;
    let before = traces(prefix)?;
    installs_and_removes(prefix, &before)?;
    fails_half_way(prefix, &before)?;
    asks_somebody(prefix, &before)?;
    refuses_a_smuggled_certificate(prefix, package, &before)?;
    refuses_a_folder_open_to_others(prefix, &before)?;
    spares_another_product(prefix)?;
    survives_being_killed(prefix)
}

fn installs_and_removes(prefix: &Prefix, before: &[String]) -> Result<(), Failure> {
    let added = prefix.run(&INSTALL)?;
    expect(lines(&added, "added ") == ADDED, &added)?;
    expect(
        traces(prefix)? != before,
        "an installation that leaves no trace",
    )?;
    let removed = prefix.run(&REMOVE)?;
    expect(traces(prefix)? == before, &removed)?;
    expect(removed.contains("nothing of the driver is left"), &removed)?;
    println!("PASS driver install, driver remove: nothing stays");
    Ok(())
}

/// The package has no place to go, after the certificate has gone into its stores.
fn fails_half_way(prefix: &Prefix, before: &[String]) -> Result<(), Failure> {
    let (folder, aside) = (prefix.file(INF_FOLDER), prefix.file("inf"));
    fs::rename(&folder, &aside).map_err(Failure::at(&folder))?;
    fs::write(&folder, "").map_err(Failure::at(&folder))?;
    let added = prefix.run(&INSTALL)?;
    fs::remove_file(&folder).map_err(Failure::at(&folder))?;
    fs::rename(&aside, &folder).map_err(Failure::at(&folder))?;
    expect(added.contains("removed certificate in Root"), &added)?;
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

fn asks_somebody(prefix: &Prefix, before: &[String]) -> Result<(), Failure> {
    let asked = prefix.run(&INSTALL[..4])?;
    expect(
        asked.contains("SHA-256 ") && lines(&asked, "add") == 0,
        &asked,
    )?;
    expect(
        prefix.log()?.contains("there is no console to ask at"),
        "it does not say that nobody can be asked",
    )?;
    expect(traces(prefix)? == before, "traces without consent")?;
    println!("PASS driver install without --yes and without a console: nothing is changed");
    Ok(())
}

fn refuses_a_smuggled_certificate(
    prefix: &Prefix,
    package: &Path,
    before: &[String],
) -> Result<(), Failure> {
    let folder = prefix.file(OTHER_FOLDER);
    let install = [&INSTALL[..], &["--package", r"C:\other"]].concat();
    copy(package, &folder)?;
    smuggled::smuggle(&folder)?;
    // Before and after an installation of the genuine one: it is trusted then.
    for is_installed in [false, true] {
        if is_installed {
            prefix.run(&INSTALL)?;
        }
        let output = prefix.run(&install)?;
        expect(!output.contains("Smuggled Authority"), &output)?;
        if is_installed {
            prefix.run(&REMOVE)?;
        } else {
            expect(lines(&output, "add") == 0, &output)?;
            expect(
                prefix.log()?.contains("was not signed with midiuart.cer"),
                "it does not say why",
            )?;
        }
        expect(traces(prefix)? == before, &output)?;
    }
    fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    println!("PASS a CA certificate in the catalog's bag and in midiuart.cer: refused by name");
    Ok(())
}

fn refuses_a_folder_open_to_others(prefix: &Prefix, before: &[String]) -> Result<(), Failure> {
    let folder = prefix.file(FOLDER);
    set_mode(&folder, 0o777)?;
    let output = prefix.run(&INSTALL)?;
    set_mode(&folder, 0o755)?;
    expect(output.is_empty(), &output)?;
    expect(
        prefix.log()?.contains("can be changed by Everyone"),
        "it does not say who may write there",
    )?;
    expect(traces(prefix)? == before, "traces of what was refused")?;
    println!("PASS a folder that everyone may write to: refused");
    Ok(())
}

#[cfg(unix)]
fn set_mode(folder: &Path, mode: u32) -> Result<(), Failure> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(folder, permissions).map_err(Failure::at(folder))
}

#[cfg(not(unix))]
fn set_mode(folder: &Path, _mode: u32) -> Result<(), Failure> {
    Err(Failure::about(folder, &"Wine's checks are for Linux"))
}

fn spares_another_product(prefix: &Prefix) -> Result<(), Failure> {
    const OTHER: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nCatalogFile=other.cat\r\n";
    prefix.run(&INSTALL)?;
    let inf = prefix.file(INF_FOLDER).join("midiuart.inf");
    fs::write(&inf, OTHER).map_err(Failure::at(&inf))?;
    let removed = prefix.run(&REMOVE)?;
    let left = fs::read_to_string(&inf).unwrap_or_default();
    expect(left == OTHER, "another product's INF file is gone")?;
    expect(
        removed.contains("another product's by now: it stays"),
        &removed,
    )?;
    fs::remove_file(&inf).map_err(Failure::at(&inf))?;
    println!("PASS an INF file's name that another product has by now: it stays");
    Ok(())
}

/// Kills an installation and a removal in each of their lines, installs again, and removes.
fn survives_being_killed(prefix: &Prefix) -> Result<(), Failure> {
    let installing = prefix.run(&INSTALL)?;
    let removing = prefix.run(&REMOVE)?;
    println!(
        "{:<72}{:>7}{:>14}{:>10}{:>9}{:>8}{:>14}",
        "killed in", "record", "certificates", "packages", "devices", "copies", "after remove"
    );
    let mut left_over = 0;
    for (command, output, is_installed) in
        [(&INSTALL[..], installing, false), (&REMOVE, removing, true)]
    {
        let lines: Vec<_> = output.lines().collect();
        // Before the first of these nothing is changed.
        let works = |line: &&str| line.starts_with("add") || line.starts_with("remov");
        let first = lines.iter().position(works).unwrap_or(0);
        let count = lines.iter().filter(|line| works(line)).count();
        for index in first..first + count {
            if is_installed {
                prefix.run(&INSTALL)?;
            }
            kill_after(prefix, command, &lines[..index])?;
            let state = status(prefix)?;
            prefix.run(&INSTALL)?;
            prefix.run(&REMOVE)?;
            let left = status(prefix)?;
            let is_left = counts(&left) != [0; 5];
            left_over += usize::from(is_left);
            let [record, certificates, packages, devices, copies] = counts(&state);
            println!(
                "{:<72}{record:>7}{certificates:>14}{packages:>10}{devices:>9}{copies:>8}{:>14}",
                lines[index],
                if is_left { "SOMETHING" } else { "nothing" }
            );
        }
    }
    expect(left_over == 0, "something is left after a kill")?;
    println!("PASS killed in each line, installed again, removed: nothing stays");
    Ok(())
}

fn status(prefix: &Prefix) -> Result<Value, Failure> {
    let text = prefix.run(&[TOOL, "driver", "status", "--json"])?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::found(format!("FAIL driver status: {error}: {text}")))
}

/// How many steps are recorded, and how many certificates, packages, devices and copies are there.
fn counts(status: &Value) -> [usize; 5] {
    [
        "/added",
        "/found/certificates",
        "/found/packages",
        "/found/devices",
        "/found/copies",
    ]
    .map(|place| {
        let list = status.pointer(place).and_then(Value::as_array);
        list.map_or(usize::MAX, Vec::len)
    })
}

fn lines(output: &str, begin: &str) -> usize {
    output
        .lines()
        .filter(|line| line.starts_with(begin))
        .count()
}

fn copy(package: &Path, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    for entry in fs::read_dir(package).map_err(Failure::at(package))? {
        let file: PathBuf = entry.map_err(Failure::at(package))?.path();
        let place = folder.join(file.file_name().unwrap_or_default());
        fs::copy(&file, place).map_err(Failure::at(&file))?;
    }
    Ok(())
}

fn expect(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::found(format!("FAIL driver install: {otherwise}")))
    }
}

/// The lines of the registry that an installation changes, without their times, and its files.
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
    let mut traces: Vec<_> = lines
        .map(|line| line.split(']').next().unwrap_or(line).to_owned())
        .collect();
    for folder in [INF_FOLDER, "drive_c/windows/temp", "drive_c/windows/Temp"] {
        let entries = fs::read_dir(prefix.file(folder)).into_iter().flatten();
        let names = entries.flatten().map(|it| it.file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        // Wine forgets its own notes about an INF file that it removes.
        let names = names.filter(|name| name.contains("midiuart") && !name.contains(".pnf"));
        traces.extend(names);
    }
    Ok(traces)
}
