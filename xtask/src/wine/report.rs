//! What is printed of checks: a line each.

use crate::failure::Failure;

/// What a check says: a detail, be it kept or not.
pub type Verdict = Result<String, String>;

/// Lines that are printed, and how many checks failed.
#[derive(Default)]
pub struct Report {
    failed: usize,
}

impl Report {
    /// Prints a check.
    pub fn check(&mut self, name: &str, verdict: Verdict) {
        let (mark, detail) = match verdict {
            Ok(detail) => ("PASS", detail),
            Err(detail) => {
                self.failed += 1;
                ("FAIL", detail)
            }
        };
        let line = format!("{mark}  {name:<48} {detail}");
        println!("{}", line.trim_end());
    }

    /// Prints checks.
    pub fn check_all(&mut self, verdicts: Vec<(&str, Verdict)>) {
        for (name, verdict) in verdicts {
            self.check(name, verdict);
        }
    }

    /// Ends the report.
    ///
    /// # Errors
    /// How many checks failed.
    pub fn outcome(&self) -> Result<(), Failure> {
        match self.failed {
            0 => Ok(()),
            1 => Err(Failure::found("1 check failed")),
            count => Err(Failure::found(format!("{count} checks failed"))),
        }
    }
}

/// Prints something that is no check.
pub fn note(text: &str) {
    println!("NOTE  {text}");
}
