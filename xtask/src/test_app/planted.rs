//! Runs the program beside planted libraries, which it must not load: administrators run it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::PROGRAM;
use crate::failure::Failure;
use crate::user_mode::OF_WINDOWS;
use crate::user_mode::runtime::{self, MARK};
use crate::wine::prefix::Prefix;

/// Loaded into every process before the program's imports.
const LOADED_BEFORE: [&str; 3] = ["kernel32.dll", "kernelbase.dll", "ntdll.dll"];

/// The commands to run, in this order. The package lies beside the program.
const COMMANDS: [&[&str]; 8] = [
    &["--help"],
    &["list"],
    &["driver", "status"],
    &["driver", "install", "--before-test-mode"],
    &["driver", "status", "--json"],
    &["driver", "restart"],
    &["driver", "remove"],
    &["driver", "install"],
];

/// Runs commands, then runs them again with planted libraries beside the program: one for each library that
/// was loaded the first time, and for each that a program may import from.
///
/// # Errors
/// If a planted library was loaded, or a command printed something else than without them.
pub fn check(prefix: &Prefix) -> Result<(), Failure> {
    let (printed, log) = run(prefix)?;
    let loaded = loaded(&log);
    if let Some(path) = loaded.values().find(|path| !is_windows_own(path)) {
        return Err(Failure::found(format!(
            "FAIL loaded without planting: {path}"
        )));
    }
    let names: BTreeSet<&str> = loaded
        .keys()
        .map(String::as_str)
        .chain(OF_WINDOWS.iter().copied())
        .filter(|name| is_library(name) && !LOADED_BEFORE.contains(name))
        .collect();
    let folder = prefix.file("");
    for name in &names {
        runtime::build_mark(&folder, name)?;
    }
    for (suffix, text) in [("local", String::new()), ("manifest", manifest(&names))] {
        let path = folder.join(format!("{PROGRAM}.{suffix}"));
        fs::write(&path, text).map_err(Failure::at(&path))?;
    }
    let (with_plants, log) = run(prefix)?;
    let ran: BTreeSet<_> = log
        .lines()
        .filter_map(|line| line.split_once(MARK))
        .map(|(_, name)| name.trim_end_matches('"'))
        .collect();
    let others: Vec<_> = self::loaded(&log)
        .into_values()
        .filter(|path| !is_windows_own(path))
        .collect();
    if !ran.is_empty() || !others.is_empty() {
        return Err(Failure::found(format!(
            "FAIL planted libraries were loaded: {}; {} of them ran: {}",
            others.join(", "),
            ran.len(),
            ran.into_iter().collect::<Vec<_>>().join(", ")
        )));
    }
    for ((command, printed), with_plants) in COMMANDS.iter().zip(printed).zip(with_plants) {
        if printed != with_plants {
            return Err(Failure::found(format!(
                "FAIL {} beside planted libraries:\n{with_plants}\nwithout:\n{printed}",
                command.join(" ")
            )));
        }
    }
    println!(
        "PASS {} planted libraries, a manifest and a redirection beside the program: none runs in {} \
         commands",
        names.len(),
        COMMANDS.len()
    );
    Ok(())
}

/// Runs all commands; returns what they printed, and what Wine logged meanwhile.
fn run(prefix: &Prefix) -> Result<(Vec<String>, String), Failure> {
    let before = prefix.log()?.len();
    let printed: Result<Vec<_>, _> = COMMANDS
        .iter()
        .map(|command| prefix.run(&[&[PROGRAM], *command].concat()))
        .collect();
    let log = prefix.log()?;
    Ok((printed?, log.get(before..).unwrap_or_default().to_owned()))
}

/// The loaded images of a log: paths by names, in lower case.
fn loaded(log: &str) -> BTreeMap<String, String> {
    let paths = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" Loaded L\"")?;
        let (path, _) = rest.split_once('"')?;
        Some(path.replace(r"\\", r"\").to_ascii_lowercase())
    });
    paths
        .map(|path| {
            let name = path.rsplit('\\').next().unwrap_or(&path).to_owned();
            (name, path)
        })
        .collect()
}

/// Whether a name in lower case is a library's, and not a program's or a driver's.
fn is_library(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("dll" | "drv"))
}

/// Whether a path in lower case is in Windows' folder, or is the program itself.
fn is_windows_own(path: &str) -> bool {
    path.starts_with(r"c:\windows\") || path.ends_with(PROGRAM)
}

/// A manifest that redirects the libraries to the program's folder.
fn manifest(names: &BTreeSet<&str>) -> String {
    let files: Vec<_> = names
        .iter()
        .map(|name| format!("  <file name=\"{name}\"/>\n"))
        .collect();
    let files = files.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <assembly xmlns=\"urn:schemas-microsoft-com:asm.v1\" manifestVersion=\"1.0\">\n{files}</assembly>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_what_was_loaded_from_where() {
        let log = "0024:trace:loaddll:build_module Loaded L\"C:\\\\windows\\\\system32\\\\Newdev.dll\" at 1: builtin\n\
                   0024:warn:module:load_dll Failed to load module L\"other.dll\"; status=c0000135\n\
                   0024:trace:loaddll:build_module Loaded L\"Z:\\\\tmp\\\\winmm.dll\" at 2: native\n";
        let loaded = loaded(log);
        let paths: Vec<_> = loaded.iter().collect();
        assert_eq!(loaded.len(), 2, "{paths:?}");
        assert!(is_windows_own(&loaded["newdev.dll"]));
        assert!(!is_windows_own(&loaded["winmm.dll"]));
    }
}
