//! The project's own commands in workflows: each has to be one that the programs understand.

use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser as _;
use clap::error::ErrorKind;

use super::document::{Row, Workflow};
use crate::CommandLine;
use crate::failure::Failure;

/// How the programs are called in workflows.
const TOOL: [&str; 2] = ["midiuart-test.exe", "midiuart-test"];
const XTASK: &str = "cargo xtask";

/// Where a command ends. None of the commands has such a character in its arguments.
const ENDS: [char; 7] = ['|', '>', ')', '"', ';', '&', '\n'];

/// Commands of the tool that ask before they change or write something. Nobody is there to answer.
const ASKING: [&str; 6] = [
    "driver install",
    "driver remove",
    "driver prepare",
    "driver report",
    "driver verifier on",
    "driver verifier off",
];
const ANSWER: &str = "--yes";

/// Where an expression of GitHub's begins.
const EXPRESSION: &str = "${{";

/// Builds the tool for this machine; returns its place.
pub fn build_tool(root: &Path) -> Result<PathBuf, Failure> {
    let status = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "midiuart-test"])
        .status()
        .map_err(Failure::at(Path::new(env!("CARGO"))))?;
    if !status.success() {
        return Err(Failure::unusable("midiuart-test does not build"));
    }
    Ok(root.join(format!("target/release/midiuart-test{EXE_SUFFIX}")))
}

/// Commands that the programs don't understand.
pub fn findings(workflows: &[Workflow], tool: &Path) -> Result<Vec<String>, Failure> {
    let mut findings = BTreeSet::new();
    let mut count = 0;
    for job in workflows.iter().flat_map(|workflow| &workflow.jobs) {
        for step in &job.steps {
            let Some(run) = &step.run else { continue };
            for row in &job.rows {
                for command in commands(&filled_in(run, row)) {
                    count += 1;
                    if let Err(error) = understand(&command, tool)? {
                        findings.insert(format!("{}: {command}: {error}", step.place));
                    }
                }
            }
        }
    }
    if count == 0 {
        findings.insert("no command of the project's was found".to_owned());
    }
    Ok(Vec::from_iter(findings))
}

/// A text with the values of a matrix' row.
fn filled_in(run: &str, row: &Row) -> String {
    row.iter().fold(run.to_owned(), |text, (name, value)| {
        text.replace(&format!("{EXPRESSION} matrix.{name} }}}}"), value)
    })
}

/// The commands of the project's in what a step runs, without folders.
fn commands(run: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for program in TOOL.into_iter().chain([XTASK]) {
        for (place, _) in run.match_indices(program) {
            let arguments = &run[place + program.len()..];
            // Not a package's name, nor a file beside the program.
            let is_called = arguments.is_empty() || arguments.starts_with(char::is_whitespace);
            let before = run[..place].chars().next_back();
            let is_program = before.is_none_or(|it| ['\\', '/', '(', '\n'].contains(&it));
            if !is_called || !is_program {
                continue;
            }
            let end = arguments.find(ENDS).unwrap_or(arguments.len());
            let (arguments, rest) = arguments.split_at(end);
            let arguments = match arguments.strip_suffix(" 2") {
                Some(shorter) if rest.starts_with(">&1") => shorter,
                _ => arguments,
            };
            let words: Vec<_> = arguments.split_whitespace().collect();
            commands.push(format!("{program} {}", words.join(" ")));
        }
    }
    commands
}

/// Has a program read a command's arguments; returns its complaint.
fn understand(command: &str, tool: &Path) -> Result<Result<(), String>, Failure> {
    if command.contains(EXPRESSION) {
        return Ok(Err(
            "an expression that is no value of the matrix".to_owned()
        ));
    }
    if let Some(arguments) = command.strip_prefix(XTASK) {
        return Ok(understood_here(arguments));
    }
    let words: Vec<_> = command.split(' ').skip(1).collect();
    let is_asking = ASKING.iter().any(|it| words.join(" ").starts_with(it));
    if is_asking && !words.contains(&ANSWER) {
        return Ok(Err(format!(
            "it asks, and nobody is there to answer: {ANSWER}"
        )));
    }
    let ended = Command::new(tool)
        .args(words)
        // It stops there, after it has read all before.
        .arg("--help")
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::at(tool))?;
    if ended.status.success() {
        return Ok(Ok(()));
    }
    let errors = String::from_utf8_lossy(&ended.stderr);
    Ok(Err(errors.lines().next().unwrap_or_default().to_owned()))
}

/// Whether this program understands arguments.
fn understood_here(arguments: &str) -> Result<(), String> {
    let words = std::iter::once("xtask").chain(arguments.split_whitespace());
    match CommandLine::try_parse_from(words) {
        Err(error) if error.kind() != ErrorKind::DisplayHelp => {
            let text = error.to_string();
            Err(text.lines().next().unwrap_or_default().to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_pipes_and_in_quotes() {
        for (run, command) in [
            (r".\midiuart-test.exe list", "midiuart-test.exe list"),
            (
                r".\midiuart-test.exe driver report ..\logs\a.zip --yes 2>&1 | Tee-Object x",
                r"midiuart-test.exe driver report ..\logs\a.zip --yes",
            ),
            (
                r#""status=$(.\midiuart-test.exe driver status --json)" | Tee-Object x"#,
                "midiuart-test.exe driver status --json",
            ),
            ("target/release/midiuart-test list >a", "midiuart-test list"),
            (
                "cargo xtask hosted-summary a --jobs b | tee c",
                "cargo xtask hosted-summary a --jobs b",
            ),
        ] {
            assert_eq!(commands(run), [command], "{run}");
        }
        assert_eq!(commands("cargo build -p midiuart-test"), [""; 0]);
        assert_eq!(commands("cargo build -p midiuart-test --release"), [""; 0]);
    }

    #[test]
    fn a_matrix_fills_in_its_values() {
        let row = Row::from([("arch".to_owned(), "arm64".to_owned())]);
        let run = "cargo xtask wdk-build --arch ${{ matrix.arch }}";
        assert_eq!(filled_in(run, &row), "cargo xtask wdk-build --arch arm64");
    }

    #[test]
    fn what_this_program_does_not_know_is_a_finding() {
        assert_eq!(understood_here(" wdk-build --arch arm64"), Ok(()));
        assert!(
            understood_here(" wdk-built")
                .unwrap_err()
                .contains("wdk-built")
        );
        assert!(
            understood_here(" wdk-build --arch z80")
                .unwrap_err()
                .contains("z80")
        );
        assert!(
            understood_here(" hosted-summary a").is_err(),
            "an argument is missing"
        );
        let asking = understand("midiuart-test.exe driver verifier on", Path::new(""));
        assert!(asking.unwrap().unwrap_err().ends_with("--yes"));
        let expression = understand(
            "cargo xtask wdk-build --arch ${{ inputs.arch }}",
            Path::new(""),
        );
        assert!(expression.unwrap().is_err());
    }
}
