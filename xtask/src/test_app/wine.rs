//! The program under Wine: it has to print what it prints on this machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{PROGRAM, installation, planted};
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::package::edition::Edition;
use crate::packages;
use crate::user_mode::runtime;
use crate::wine::prefix::{Prefix, SYSTEM32};

/// Longest time for one command.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is compared, by the arguments: the emulated PC is the same on every machine.
const COMMANDS: &[&[&str]] = &[
    &["--help"],
    &["list", "--on", "emulated", "--json"],
    &["stress", "--on", "emulated", "--duration", "5s"],
    &[
        "stress",
        "--on",
        "emulated",
        "--duration",
        "5s",
        "--json",
        "--seed",
        "7",
    ],
    &["latency", "--on", "emulated", "--count", "100"],
];

/// Runs commands under Wine and on this machine, and installs the driver's package under Wine, a line for
/// each.
///
/// # Errors
/// If they print different things, or can't be run, or the installation leaves something.
pub fn check(root: &Path, program: &Path, may_install: bool) -> Result<(), Failure> {
    packages::require_all(&["wine64"], may_install)?;
    let prefix = Prefix::new(PATIENCE)?;
    let installed = prefix.file(PROGRAM);
    fs::copy(program, &installed).map_err(Failure::at(program))?;
    runtime::build_random_numbers(&prefix.file(SYSTEM32), Architecture::X64)?;
    let mut different = 0;
    for arguments in COMMANDS {
        let line = arguments.join(" ");
        let under_wine = prefix.run(&[&[PROGRAM], *arguments].concat())?;
        let here = printed_on_this_machine(root, arguments)?;
        if same(&under_wine, &here) {
            println!("PASS {line}: {} lines, the same", here.lines().count());
        } else {
            println!("FAIL {line}: under Wine:\n{under_wine}\nhere:\n{here}");
            different += 1;
        }
    }
    if different > 0 {
        return Err(Failure::found(format!("{different} commands differ")));
    }
    let package = Edition::General.package_name(Architecture::X64);
    let package = root.join("target/package").join(package);
    if !package.exists() {
        return Err(Failure::unusable(
            "no package to install; `cargo xtask package` makes one",
        ));
    }
    installation::check(&prefix, &package)?;
    planted::check(&prefix)
}

/// Windows' names of programs have an extension.
fn same(under_wine: &str, here: &str) -> bool {
    !here.is_empty() && under_wine.replace(".exe", "") == here
}

fn printed_on_this_machine(root: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = super::on_this_machine(root);
    let output = command.args(arguments).output();
    let output = output.map_err(Failure::at(Path::new(command.get_program())))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
