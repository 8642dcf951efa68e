//! The summary: a table of the jobs, and of the machines that were lost.

use std::collections::BTreeMap;
use std::fmt;

use super::artifacts::Artifacts;
use super::jobs::{Job, Jobs};

/// What is said of a lost machine whose running step GitHub does not name.
const UNKNOWN_STEP: &str = "unknown step";

/// A run in words.
pub struct Summary<'a> {
    jobs: &'a Jobs,
    artifacts: &'a Artifacts,
    /// Lost machines by the step that ran: of all attempts, since one loss proves nothing.
    lost: BTreeMap<&'a str, Vec<&'a Job>>,
}

impl<'a> Summary<'a> {
    pub fn new(jobs: &'a Jobs, artifacts: &'a Artifacts) -> Self {
        let mut lost: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for job in jobs.ended().filter(|job| job.is_lost()) {
            let step = job.interrupted().unwrap_or(UNKNOWN_STEP);
            lost.entry(step).or_default().push(job);
        }
        Self {
            jobs,
            artifacts,
            lost,
        }
    }

    /// The steps that more than one machine was lost in.
    pub fn suspected(&self) -> Vec<&'a str> {
        let of_several = self
            .lost
            .iter()
            .filter(|(step, jobs)| jobs.len() > 1 && **step != UNKNOWN_STEP);
        of_several.map(|(step, _)| *step).collect()
    }

    /// What there is to know of a job.
    fn remarks(&self, job: &Job) -> String {
        let mut remarks = Vec::new();
        let prefix = job.artifact_prefix();
        if job.is_lost() {
            let step = job.interrupted().unwrap_or(UNKNOWN_STEP);
            remarks.push(format!("**machine lost** in step \"{step}\""));
            let phases: Vec<_> = self.artifacts.phases(&prefix).collect();
            remarks.push(match phases.last() {
                Some(last) => format!("last artifact `{last}`"),
                None => "no artifact".to_owned(),
            });
        }
        let failed: Vec<_> = job.failed().map(|step| format!("\"{step}\"")).collect();
        if !failed.is_empty() {
            remarks.push(format!("failed: {}", failed.join(", ")));
        }
        if job.is_without_test_mode() {
            remarks
                .push("**test mode is off: nothing was installed, nothing is proved**".to_owned());
        }
        if let Some(counts) = self.artifacts.conformance(&prefix) {
            remarks.push(format!(
                "conformance: {} passed, {} failed, {} skipped, {} left out",
                counts.passed, counts.failed, counts.skipped, counts.left_out
            ));
        }
        remarks.join("; ")
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = self.jobs.last_attempts();
        let failed = jobs.iter().filter(|job| job.result() == "failure").count();
        let count = jobs.len();
        writeln!(f, "## Windows: {failed} of {count} jobs failed\n")?;
        if self.jobs.total_count > self.jobs.jobs.len() {
            writeln!(
                f,
                "Only {} of {} jobs are known: the list has further pages.\n",
                self.jobs.jobs.len(),
                self.jobs.total_count
            )?;
        }
        writeln!(f, "| job | attempt | result | |\n|---|---|---|---|")?;
        for job in jobs {
            let result = if job.is_success() {
                "success".to_owned()
            } else {
                format!("**{}**", job.result())
            };
            writeln!(
                f,
                "| {} | {} | {result} | {} |",
                cell(job.name()),
                job.run_attempt,
                cell(&self.remarks(job))
            )?;
        }
        if !self.lost.is_empty() {
            writeln!(f, "\n### Lost machines\n")?;
        }
        for (step, jobs) in &self.lost {
            let places: Vec<_> = jobs
                .iter()
                .map(|job| format!("{} (attempt {})", job.name(), job.run_attempt))
                .collect();
            let verdict = if jobs.len() > 1 && *step != UNKNOWN_STEP {
                "more than once in the same step: **bug check suspected**"
            } else {
                "once: repeat it (\"Re-run failed jobs\"); about one healthy Windows job in twenty ends so"
            };
            writeln!(f, "- \"{step}\": {}: {verdict}", places.join(", "))?;
        }
        writeln!(
            f,
            "\nWhat each message most likely means, and what to do: `docs/verification.md`."
        )
    }
}

/// A text in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
