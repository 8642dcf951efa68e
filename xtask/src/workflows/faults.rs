//! Faults planted into copies of the workflows: proof that the checks find them.

use std::fs;
use std::path::Path;

use super::{Checks, FOLDER, Verdict, files};
use crate::failure::Failure;

/// A fault, and which checks have to find it.
struct Fault {
    name: &'static str,
    file: &'static str,
    /// The first text of this kind is replaced.
    replaced: &'static str,
    by: &'static str,
    found_by: &'static [&'static str],
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "an action by a tag",
        file: "linux.yml",
        replaced: "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        by: "actions/checkout@v7",
        found_by: &["zizmor", "pinned-actions"],
    },
    Fault {
        name: "an action by some digits of a commit",
        file: "linux.yml",
        replaced: "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        by: "actions/checkout@3d3c42e",
        found_by: &["pinned-actions"],
    },
    Fault {
        name: "a workflow whose jobs may write everything if they say nothing",
        file: "linux.yml",
        replaced: "permissions: {}",
        by: "permissions: write-all",
        found_by: &["permissions"],
    },
    Fault {
        name: "a job that may write everything",
        file: "linux.yml",
        replaced: "    permissions:\n      contents: read\n",
        by: "    permissions: write-all\n",
        found_by: &["zizmor", "permissions"],
    },
    Fault {
        name: "a pull request's title in a script",
        file: "linux.yml",
        replaced: "run: .ci/run",
        by: "run: echo \"${{ github.event.pull_request.title }}\"",
        found_by: &["actionlint", "zizmor"],
    },
    Fault {
        name: "code of strangers with the repository's rights",
        file: "linux.yml",
        replaced: "  pull_request:",
        by: "  pull_request_target:",
        found_by: &["zizmor"],
    },
    Fault {
        name: "credentials that stay in the checkout",
        file: "linux.yml",
        replaced: "        with:\n          persist-credentials: false\n",
        by: "",
        found_by: &["zizmor"],
    },
    Fault {
        name: "a machine that there is not",
        file: "linux.yml",
        replaced: "runs-on: ubuntu-24.04",
        by: "runs-on: ubuntu-24.05",
        found_by: &["actionlint", "labels"],
    },
    Fault {
        name: "such a machine handed on by a matrix",
        file: "windows.yml",
        replaced: "- image: windows-2025",
        by: "- image: windows-2026",
        found_by: &["labels"],
    },
    Fault {
        name: "a key that there is not",
        file: "linux.yml",
        replaced: "timeout-minutes:",
        by: "timeout-minute:",
        found_by: &["actionlint"],
    },
    Fault {
        name: "a step's outcome by a wrong name",
        file: "install.yml",
        replaced: "steps.install.outcome",
        by: "steps.installed.outcome",
        found_by: &["actionlint"],
    },
    Fault {
        name: "an input that is missing",
        file: "windows.yml",
        replaced: "      arch: ${{ matrix.arch }}\n",
        by: "",
        found_by: &["actionlint"],
    },
    Fault {
        name: "a command of the tool that there is not",
        file: "install.yml",
        replaced: "midiuart-test.exe conformance ",
        by: "midiuart-test.exe conformity ",
        found_by: &["commands"],
    },
    Fault {
        name: "an option of the tool that there is not",
        file: "install.yml",
        replaced: "stress --port midiuart",
        by: "stress --ports midiuart",
        found_by: &["commands"],
    },
    Fault {
        name: "a command that asks",
        file: "install.yml",
        replaced: "driver remove --yes",
        by: "driver remove",
        found_by: &["commands"],
    },
    Fault {
        name: "an option of xtask that there is not",
        file: "windows.yml",
        replaced: "wdk-check --trust",
        by: "wdk-check --thrust",
        found_by: &["commands"],
    },
    Fault {
        name: "a value of the matrix that xtask refuses",
        file: "windows.yml",
        replaced: "          - arch: arm64\n            target",
        by: "          - arch: aarch64\n            target",
        found_by: &["commands"],
    },
    Fault {
        name: "two commands in a step",
        file: "linux.yml",
        replaced: "run: .ci/run",
        by: "run: .ci/run && true",
        found_by: &["single-commands"],
    },
    Fault {
        name: "flags for all of Rust",
        file: "windows.yml",
        replaced: "permissions: {}",
        by: "permissions: {}\n\nenv:\n  RUSTFLAGS: -Dwarnings",
        found_by: &["no-rustflags"],
    },
    Fault {
        name: "a file that is no YAML",
        file: "linux.yml",
        replaced: "jobs:",
        by: "jobs: [",
        found_by: &["actionlint", "zizmor", "yaml"],
    },
];

/// Plants each fault, a line for each.
///
/// # Errors
/// If one is not found, or can't be planted.
pub fn check(root: &Path, checks: &Checks) -> Result<(), Failure> {
    let unbroken = found(root, None, checks)?;
    let mut missed = 0;
    for fault in FAULTS {
        let broken = found(root, Some(fault), checks)?;
        // What is wrong with the workflows by themselves proves nothing.
        let finders: Vec<_> = broken
            .iter()
            .filter(|(check, finding)| {
                !unbroken
                    .iter()
                    .any(|(other, said)| (other, said) == (check, finding))
            })
            .map(|(check, _)| *check)
            .collect();
        let missing: Vec<_> = fault
            .found_by
            .iter()
            .filter(|check| !finders.contains(check))
            .copied()
            .collect();
        if missing.is_empty() {
            println!("PASS {}: {}", fault.name, fault.found_by.join(", "));
        } else {
            missed += 1;
            println!("FAIL {}: not found by {}", fault.name, missing.join(", "));
        }
    }
    match missed {
        0 => Ok(()),
        1 => Err(Failure::found("1 fault was not found")),
        _ => Err(Failure::found(format!("{missed} faults were not found"))),
    }
}

/// What the checks find in a copy of the workflows with a fault, or without one.
fn found(
    root: &Path,
    fault: Option<&Fault>,
    checks: &Checks,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let copy = tempfile::tempdir()
        .map_err(|error| Failure::unusable(format!("a temporary folder: {error}")))?;
    let folder = copy.path().join(FOLDER);
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    // actionlint looks for workflows that are called in the folder with this one.
    let git = copy.path().join(".git");
    fs::create_dir(&git).map_err(Failure::at(&git))?;
    for path in files(root)? {
        let mut text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
        let name = path.file_name().unwrap_or_default();
        if let Some(fault) = fault.filter(|fault| name == fault.file) {
            text = planted(fault, &text)?;
        }
        let place = folder.join(name);
        fs::write(&place, text).map_err(Failure::at(&place))?;
    }
    let verdicts = checks.all(copy.path())?;
    let found = verdicts
        .into_iter()
        .flat_map(|Verdict { check, findings }| {
            findings.into_iter().map(move |finding| (check, finding))
        });
    Ok(found.collect())
}

fn planted(fault: &Fault, text: &str) -> Result<String, Failure> {
    if text.contains(fault.replaced) {
        Ok(text.replacen(fault.replaced, fault.by, 1))
    } else {
        Err(Failure::found(format!(
            "{}: {} no longer has '{}', so the fault '{}' can't be planted",
            FOLDER, fault.file, fault.replaced, fault.name
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_planted() {
        for fault in FAULTS {
            let path = crate::root().join(FOLDER).join(fault.file);
            let text = fs::read_to_string(path).unwrap();
            assert_ne!(planted(fault, &text).unwrap(), text, "{}", fault.name);
        }
    }
}
