//! The workflows for GitHub's machines: checked by linters, and by what only the project knows.

mod commands;
mod document;
mod faults;
mod line_ends;
mod linters;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::packages;
use document::Workflow;
use linters::Linters;

/// Where workflows are.
const FOLDER: &str = ".github/workflows";

/// How workflows are checked.
#[derive(Args)]
pub struct Options {
    /// Breaks copies of the workflows, one fault at a time, and checks that each fault is found by what has
    /// to find it.
    #[arg(long)]
    planted_faults: bool,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Checks the workflows, a line for each check; or the checks.
///
/// # Errors
/// If something is wrong with a workflow, a fault is not found, or a program is missing.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    packages::require_all(&["python3-venv"], options.install)?;
    let linters = Linters::prepare(root)?;
    let tool = commands::build_tool(root)?;
    let checks = Checks {
        linters: &linters,
        tool: &tool,
    };
    if options.planted_faults {
        return faults::check(root, &checks);
    }
    let mut verdicts = checks.all(root)?;
    verdicts.push(Verdict {
        check: "line-ends",
        findings: line_ends::findings(root)?,
    });
    report(&verdicts)
}

/// What a check has found.
struct Verdict {
    check: &'static str,
    findings: Vec<String>,
}

/// What checks need.
struct Checks<'a> {
    linters: &'a Linters,
    /// The tool, built for this machine.
    tool: &'a Path,
}

impl Checks<'_> {
    /// All checks of the workflows below a folder.
    fn all(&self, root: &Path) -> Result<Vec<Verdict>, Failure> {
        let mut verdicts = self.linters.verdicts(root)?;
        let mut workflows = Vec::new();
        for path in files(root)? {
            let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match Workflow::parse(&name, &text) {
                Ok(workflow) => workflows.push(workflow),
                // Linters say where.
                Err(error) => verdicts.push(Verdict {
                    check: "yaml",
                    findings: vec![format!("{name}: {error}")],
                }),
            }
        }
        verdicts.extend(rules::verdicts(&workflows));
        verdicts.push(Verdict {
            check: "commands",
            findings: commands::findings(&workflows, self.tool)?,
        });
        Ok(verdicts)
    }
}

fn files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = root.join(FOLDER);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
        files.push(entry.map_err(Failure::at(&folder))?.path());
    }
    files.sort();
    Ok(files)
}

fn report(verdicts: &[Verdict]) -> Result<(), Failure> {
    let mut broken = 0;
    for Verdict { check, findings } in verdicts {
        if findings.is_empty() {
            println!("PASS {check}");
            continue;
        }
        broken += 1;
        println!("FAIL {check}");
        for finding in findings {
            println!("     {}", finding.trim_end().replace('\n', "\n     "));
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure::found("1 check failed")),
        _ => Err(Failure::found(format!("{broken} checks failed"))),
    }
}
