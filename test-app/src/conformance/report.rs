//! The outcome of all checks.

use std::fmt;

use serde::Serialize;

use super::check::Check;
use super::runner::End;
use super::verdict::{Finding, Verdict};
use crate::failure::{CLEAN, DATA_WRONG};

/// The outcome of all checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConformanceReport {
    /// The output's name.
    pub output: String,
    /// The input's name.
    pub input: String,
    /// How many messages made up a long run.
    pub messages: usize,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// How many checks passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// How many could not be carried out on this host or port.
    pub skipped: usize,
    /// How many were not carried out because one hung or the user ended it.
    pub left_out: usize,
    /// The checks that were carried out.
    pub checks: Vec<Finding>,
}

impl ConformanceReport {
    /// Adds what came of a check.
    pub fn add(&mut self, finding: Finding) {
        match finding.verdict {
            Verdict::Pass { .. } => self.passed += 1,
            Verdict::Fail { .. } => self.failed += 1,
            Verdict::Skip { .. } => self.skipped += 1,
        }
        self.checks.push(finding);
    }

    /// Takes note of how the run of `wanted` checks ended.
    pub fn end(&mut self, end: &End, wanted: usize) {
        self.interrupted = *end == End::Interrupted;
        self.left_out = wanted - self.checks.len();
    }

    /// The exit code of the program.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.failed > 0 { DATA_WRONG } else { CLEAN }
    }
}

impl fmt::Display for ConformanceReport {
    /// The summary.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
            left_out,
            ..
        } = self;
        write!(
            formatter,
            "{passed} passed, {failed} failed, {skipped} skipped"
        )?;
        if *left_out > 0 {
            let reason = if self.interrupted {
                "ended by Ctrl-C"
            } else {
                "the port can't be used after a check that hangs"
            };
            write!(formatter, ", {left_out} left out: {reason}")?;
        }
        writeln!(formatter)
    }
}

/// A check, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// Where that is written.
    pub source: String,
    /// Whether it is carried out only if it is named.
    pub only_if_named: bool,
}

impl From<&Check> for Listed {
    fn from(check: &Check) -> Self {
        Self {
            name: check.name,
            what: check.what,
            source: check.source.describe(),
            only_if_named: check.only_if_named,
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, what, source, ..
        } = self;
        let named = if self.only_if_named {
            " Only if named."
        } else {
            ""
        };
        writeln!(formatter, "{name}\n    {what} ({source}).{named}")
    }
}
