//! The driver's scenarios on the emulated PC: the driver linked in, and as an image.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::failure::Failure;

/// Names the image for the scenarios.
const DRIVER: &str = "MIDIUART_DRIVER";

/// How the scenarios of a run ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ended {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Ended {
    /// Takes up a line that the test harness prints.
    fn take(&mut self, line: &str) {
        let Some((name, how)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
        else {
            return;
        };
        match how {
            "ok" => self.passed.insert(name.to_owned()),
            "FAILED" => self.failed.insert(name.to_owned()),
            _ => false,
        };
    }
}

/// Runs the one list of scenarios on both, and prints the counts side by side.
///
/// # Errors
/// If a scenario fails, or the counts differ.
pub fn compare(root: &Path, image: &Path) -> Result<(), Failure> {
    // The tests run in another folder.
    let image = fs::canonicalize(image).map_err(Failure::at(image))?;
    let linked_in = run(root, None)?;
    let as_image = run(root, Some(&image))?;
    println!(
        "{:<12}{:>12}{:>16}",
        "scenarios", "linked in", "midiuart.sys"
    );
    let row = |name: &str, count: fn(&Ended) -> usize| {
        println!(
            "{name:<12}{:>12}{:>16}",
            count(&linked_in),
            count(&as_image)
        );
    };
    row("passed", |ended| ended.passed.len());
    row("failed", |ended| ended.failed.len());
    if linked_in.passed.is_empty() || !linked_in.failed.is_empty() || linked_in != as_image {
        return Err(Failure::found("not every scenario passes on both"));
    }
    Ok(())
}

fn run(root: &Path, image: Option<&Path>) -> Result<Ended, Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let at = Path::new(&cargo).to_owned();
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        // Of the whole workspace: with other features, what is built for all tests would not do.
        .args(["test", "--locked", "--workspace", "--test", "scenarios"])
        .env_remove(DRIVER)
        .stdout(Stdio::piped());
    if let Some(image) = image {
        command.env(DRIVER, image);
    }
    let mut child = command.spawn().map_err(Failure::at(&at))?;
    let mut ended = Ended::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.map_err(Failure::at(&at))?;
            ended.take(&line);
            println!("{line}");
        }
    }
    // A run in which something failed is judged by its lines.
    child.wait().map_err(Failure::at(&at))?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_harness_are_counted() {
        let mut ended = Ended::default();
        for line in [
            "running 4 tests",
            "test crashes::one ... ok",
            "test crashes::two ... FAILED",
            "test crashes::three ... ignored, too long",
            "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured",
        ] {
            ended.take(line);
        }
        assert_eq!(ended.passed, BTreeSet::from(["crashes::one".to_owned()]));
        assert_eq!(ended.failed, BTreeSet::from(["crashes::two".to_owned()]));
    }
}
