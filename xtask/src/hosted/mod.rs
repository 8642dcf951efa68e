//! What the jobs on GitHub's machines found: the summary at the end of a run.

mod artifacts;
mod jobs;
mod summary;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use artifacts::Artifacts;
use jobs::Jobs;
use summary::Summary;

/// What the summary is made of.
#[derive(Args)]
pub struct Options {
    /// Folder with the run's artifacts, each in a folder of its name.
    artifacts: PathBuf,
    /// What GitHub's API says of the run's jobs, of all attempts.
    #[arg(long, value_name = "JOBS.json")]
    jobs: PathBuf,
}

/// Prints the summary, as Markdown.
///
/// # Errors
/// If machines were lost twice in the same step, or the files can't be read.
pub fn summarize(options: &Options) -> Result<(), Failure> {
    let path = &options.jobs;
    let text = fs::read_to_string(path).map_err(Failure::at(path))?;
    let jobs = Jobs::parse(&text).map_err(|error| Failure::about(path, &error))?;
    let artifacts = Artifacts::read(&options.artifacts)?;
    let summary = Summary::new(&jobs, &artifacts);
    print!("{summary}");
    match summary.suspected().as_slice() {
        [] => Ok(()),
        steps => Err(Failure::found(format!(
            "machines were lost more than once in the same step ({}): a bug check is suspected",
            steps.join(", ")
        ))),
    }
}
