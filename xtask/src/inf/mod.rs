//! INF files: stamping and checking.

mod layout;
mod parser;
mod rules;
mod stamp;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::Architecture;
use crate::failure::Failure;
pub use layout::Layout;
pub use parser::{Inf, Line as InfLine};
use rules::{RULES, Subject};
pub use stamp::{Date, Stamp, decoration, stamped};

/// The processors that packages are made for.
pub const ARCHITECTURES: [Architecture; 2] = [Architecture::X64, Architecture::Arm64];

/// The date that `.inx` files are stamped with for checking.
const ANY_DATE: Date = Date {
    year: 2026,
    month: 1,
    day: 1,
};

/// The package's file before it is stamped.
pub fn source(root: &Path) -> PathBuf {
    root.join("inf/midiuart.inx")
}

/// Checks all rules for all files, a line each. An `.inx` file is stamped for each processor before.
///
/// # Errors
/// If a rule is broken, or a file is no INF file.
pub fn verify(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut broken = 0;
    for path in paths {
        let text = fs::read_to_string(path).map_err(Failure::at(path))?;
        let about = |error: String| Failure::about(path, &error);
        if path.extension() == Some(OsStr::new("inx")) {
            for architecture in ARCHITECTURES {
                let text = stamped_for_checks(&text, architecture).map_err(about)?;
                println!("{} for {}", path.display(), decoration(architecture));
                broken += report(&subject(path, &text).map_err(about)?);
            }
        } else {
            println!("{}", path.display());
            broken += report(&subject(path, &text).map_err(about)?);
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure::found("1 rule is broken")),
        _ => Err(Failure::found(format!("{broken} rules are broken"))),
    }
}

/// The rules that a file breaks, with what is wrong.
///
/// # Errors
/// If it is no INF file.
pub fn broken(path: &Path, text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let subject = subject(path, text)?;
    let verdicts = RULES.iter().map(|rule| (rule.name, (rule.check)(&subject)));
    Ok(verdicts
        .filter_map(|(name, verdict)| Some((name, verdict.err()?)))
        .collect())
}

/// An `.inx` file as it is checked for a processor.
///
/// # Errors
/// If there is no place for date and version.
pub fn stamped_for_checks(inx: &str, architecture: Architecture) -> Result<String, String> {
    let stamp = Stamp {
        architecture,
        date: ANY_DATE,
        version: env!("CARGO_PKG_VERSION"),
    };
    stamped(inx, stamp)
}

/// The devices' hardware ids, without repetition, in the file's order.
///
/// # Errors
/// If it is no INF file.
pub fn hardware_ids(text: &str) -> Result<Vec<String>, String> {
    let layout = Layout::of(&Inf::parse(text)?);
    let mut ids: Vec<String> = Vec::new();
    for id in layout.devices.into_iter().flat_map(|it| it.hardware_ids) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn subject(path: &Path, text: &str) -> Result<Subject, String> {
    let inf = Inf::parse(text)?;
    let name = path.file_stem().unwrap_or_default();
    Ok(Subject {
        layout: Layout::of(&inf),
        name: name.to_string_lossy().into_owned(),
        inf,
    })
}

/// Prints a line for each rule; returns how many are broken.
fn report(subject: &Subject) -> usize {
    let mut broken = 0;
    for rule in RULES {
        match (rule.check)(subject) {
            Ok(detail) => println!("PASS {}: {detail}", rule.name),
            Err(detail) => {
                broken += 1;
                println!("FAIL {}: {detail} ({})", rule.name, rule.source);
            }
        }
    }
    broken
}
