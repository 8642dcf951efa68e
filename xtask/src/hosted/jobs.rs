//! Jobs of a run, as GitHub's API lists them (`GET /repos/…/actions/runs/…/jobs?filter=all`).

use serde::Deserialize;

/// The step that is carried out only where Windows loads no test-signed driver.
pub const TEST_MODE_IS_OFF: &str = "Test mode is off";

const COMPLETED: &str = "completed";

#[derive(Deserialize)]
pub struct Jobs {
    pub total_count: usize,
    pub jobs: Vec<Job>,
}

#[derive(Deserialize)]
pub struct Job {
    name: String,
    #[serde(default = "first")]
    pub run_attempt: u32,
    pub status: String,
    pub conclusion: Option<String>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
pub struct Step {
    pub name: String,
    pub status: String,
    pub conclusion: Option<String>,
}

fn first() -> u32 {
    1
}

impl Jobs {
    /// Reads the list.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Those that have ended; the one that prints the summary has not.
    pub fn ended(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.status == COMPLETED)
    }

    /// The last attempt of each job that has ended, in the order of the list.
    pub fn last_attempts(&self) -> Vec<&Job> {
        let mut last: Vec<&Job> = Vec::new();
        for job in self.ended() {
            match last.iter_mut().find(|other| other.name() == job.name()) {
                Some(other) if other.run_attempt < job.run_attempt => *other = job,
                Some(_) => {}
                None => last.push(job),
            }
        }
        last
    }
}

impl Job {
    /// Its name, without that of the job in a workflow that it calls.
    pub fn name(&self) -> &str {
        self.name.split(" / ").next().unwrap_or(&self.name)
    }

    /// What the names of its artifacts begin with.
    pub fn artifact_prefix(&self) -> String {
        format!("{}-a{}-", self.name().replace(' ', "-"), self.run_attempt)
    }

    pub fn result(&self) -> &str {
        self.conclusion.as_deref().unwrap_or(&self.status)
    }

    pub fn is_success(&self) -> bool {
        self.result() == "success"
    }

    /// Whether the job's machine stopped to answer: the job has failed, and none of its steps has.
    pub fn is_lost(&self) -> bool {
        self.result() == "failure"
            && (self.interrupted().is_some() || self.failed().next().is_none())
    }

    /// The step that began and never ended.
    pub fn interrupted(&self) -> Option<&str> {
        let running = self.steps.iter().find(|step| step.status == "in_progress");
        let ends_open = || {
            // None is known to run: the first that has no end, behind one that has.
            let first = self
                .steps
                .iter()
                .position(|step| step.status != COMPLETED)?;
            (first > 0).then(|| &self.steps[first])
        };
        running.or_else(ends_open).map(|step| step.name.as_str())
    }

    /// The steps that have failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        let failed = |step: &&Step| step.conclusion.as_deref() == Some("failure");
        self.steps
            .iter()
            .filter(failed)
            .map(|step| step.name.as_str())
    }

    /// Whether nothing could be installed on the job's machine.
    pub fn is_without_test_mode(&self) -> bool {
        self.steps.iter().any(|step| {
            step.name == TEST_MODE_IS_OFF && step.conclusion.as_deref() == Some("success")
        })
    }
}
