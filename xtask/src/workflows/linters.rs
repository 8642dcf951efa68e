//! Linters of others, from the Python package index.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Verdict;
use crate::failure::Failure;

/// Which files, by their digests.
const REQUIREMENTS: &str = "xtask/data/workflow-linters.txt";
/// Where they are installed.
const FOLDER: &str = "target/workflow-linters";
/// What was installed last: a copy of the requirements.
const STAMP: &str = "installed.txt";
/// The one that Debian's python3-venv is for.
const PYTHON: &str = "/usr/bin/python3";

/// The linters, and what they are given beside the workflows. They look at nothing else and use no network.
const PROGRAMS: [(&str, &[&str], &str); 2] = [
    (
        "actionlint",
        // These may be there or not.
        &["-no-color", "-shellcheck=", "-pyflakes="],
        "",
    ),
    (
        "zizmor",
        &[
            "--offline",
            "--quiet",
            "--no-progress",
            "--color=never",
            "--strict-collection",
        ],
        ".github",
    ),
];

/// Installed linters.
pub struct Linters {
    folder: PathBuf,
}

impl Linters {
    /// Installs them into a virtual environment below target, if they are not there yet.
    ///
    /// # Errors
    /// If they can't be had.
    pub fn prepare(root: &Path) -> Result<Self, Failure> {
        let folder = root.join(FOLDER);
        let requirements = root.join(REQUIREMENTS);
        let wanted = fs::read_to_string(&requirements).map_err(Failure::at(&requirements))?;
        let stamp = folder.join(STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self { folder });
        }
        run(Command::new(PYTHON)
            .args(["-m", "venv", "--clear"])
            .arg(&folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "--no-deps", "--only-binary", ":all:"])
            .arg("--requirement")
            .arg(&requirements))?;
        fs::write(&stamp, wanted).map_err(Failure::at(&stamp))?;
        Ok(Self { folder })
    }

    /// What the linters say of the workflows below a folder.
    pub fn verdicts(&self, root: &Path) -> Result<Vec<Verdict>, Failure> {
        let mut verdicts = Vec::new();
        for (name, arguments, place) in PROGRAMS {
            let program = self.folder.join("bin").join(name);
            let mut command = Command::new(&program);
            command.current_dir(root).args(arguments);
            if !place.is_empty() {
                command.arg(place);
            }
            let ended = command.output().map_err(Failure::at(&program))?;
            let mut findings = Vec::new();
            if !ended.status.success() {
                let said = [&ended.stdout[..], &ended.stderr[..]].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                findings.push(format!("{said}({})", ended.status));
            }
            verdicts.push(Verdict {
                check: name,
                findings,
            });
        }
        Ok(verdicts)
    }
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let program = Path::new(command.get_program()).to_owned();
    let status = command.status().map_err(Failure::at(&program))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::unusable(format!(
        "{}: {status}; the linters come from the Python package index, which has to be reachable once",
        program.display()
    )))
}
