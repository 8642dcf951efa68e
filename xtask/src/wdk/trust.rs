//! A package's certificate in the machine's stores, for the time of a check.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha1::{Digest as _, Sha1};

use super::machine::{self, Machine};
use crate::failure::Failure;

const PROGRAM: &str = "certutil";

/// The machine's stores that Windows looks into before it installs a driver.
const STORES: [&str; 2] = ["Root", "TrustedPublisher"];

/// Does something while a certificate is trusted. Where it was trusted before, it stays so.
///
/// # Errors
/// If a store can't be changed, or what is done fails; what was added is removed then.
pub fn while_trusted<Done, M: Machine>(
    machine: &mut M,
    certificate: &Path,
    act: impl FnOnce(&mut M) -> Result<Done, Failure>,
) -> Result<Done, Failure> {
    let thumbprint = thumbprint(&fs::read(certificate).map_err(Failure::at(certificate))?);
    let mut added = Vec::new();
    let trusted = add(machine, certificate, &thumbprint, &mut added);
    let done = trusted.and_then(|()| act(machine));
    let removed = remove(machine, &thumbprint, &added);
    let done = done?;
    removed?;
    Ok(done)
}

fn add(
    machine: &mut impl Machine,
    certificate: &Path,
    thumbprint: &str,
    added: &mut Vec<&'static str>,
) -> Result<(), Failure> {
    for store in STORES {
        let is_there = certutil(machine, &["-store", store, thumbprint], None)?;
        if is_there.is_success() {
            println!("trusted before: {thumbprint} in {store}");
            continue;
        }
        let ended = certutil(machine, &["-f", "-addstore", store], Some(certificate))?;
        if !ended.is_success() {
            return Err(Failure::unusable(format!(
                "{PROGRAM} can't add {} to the machine's store {store} ({}): run as administrator",
                certificate.display(),
                machine::exit_code(ended.exit_code)
            )));
        }
        println!("trusted for the check: {thumbprint} in {store}");
        added.push(store);
    }
    Ok(())
}

fn remove(
    machine: &mut impl Machine,
    thumbprint: &str,
    added: &[&'static str],
) -> Result<(), Failure> {
    let mut remaining = Vec::new();
    for store in added {
        let ended = certutil(machine, &["-delstore", store, thumbprint], None);
        if !ended.is_ok_and(|ended| ended.is_success()) {
            remaining.push(format!("{PROGRAM} -delstore {store} {thumbprint}"));
        }
    }
    if remaining.is_empty() {
        return Ok(());
    }
    Err(Failure::unusable(format!(
        "the certificate is still trusted; remove it with: {}",
        remaining.join(" and ")
    )))
}

fn certutil(
    machine: &mut impl Machine,
    arguments: &[&str],
    file: Option<&Path>,
) -> Result<machine::Ended, Failure> {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(file);
    machine
        .capture(&mut command)
        .map_err(Failure::at(Path::new(PROGRAM)))
}

/// What Windows knows a certificate by.
fn thumbprint(certificate: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in Sha1::digest(certificate) {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
