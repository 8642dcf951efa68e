//! What driving a test takes from Windows.

use super::prepared::{Prepared, RawValue};
use crate::driver::windows::Called;

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It does not run.
    Stopped,
    /// It runs.
    Running,
    /// It starts, stops, or is paused.
    Between,
}

impl ServiceState {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Between => "neither running nor stopped",
        }
    }
}

/// What a program left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRun {
    /// The program's path and its arguments.
    pub command_line: String,
    /// Its exit code; `None` if it was ended by something else.
    pub exit_code: Option<i32>,
    /// What it printed.
    pub output: String,
}

/// The parts of Windows that a test is driven with.
pub trait TrialWindows {
    /// The number of the build of Windows, like 26100.
    ///
    /// # Errors
    /// If Windows does not tell.
    fn build(&self) -> Called<u32>;

    /// The value that sets the detail of setupapi's log, if it is there.
    ///
    /// # Errors
    /// If it can't be read.
    fn log_level(&self) -> Called<Option<RawValue>>;

    /// Sets that value; without one deletes it.
    ///
    /// # Errors
    /// If Windows refuses.
    fn set_log_level(&mut self, value: Option<&RawValue>) -> Called<()>;

    /// What a service does, if there is one of that name.
    ///
    /// # Errors
    /// If services can't be asked for.
    fn service(&self, name: &str) -> Called<Option<ServiceState>>;

    /// Starts a service and waits until it runs; one that runs is started.
    ///
    /// # Errors
    /// If Windows refuses, or it takes too long.
    fn start_service(&mut self, name: &str) -> Called<()>;

    /// Stops a service and waits until it has; one that does not run, or does not exist, is stopped.
    ///
    /// # Errors
    /// If Windows refuses, or it takes too long.
    fn stop_service(&mut self, name: &str) -> Called<()>;

    /// What an earlier preparation changed.
    ///
    /// # Errors
    /// If it can't be read.
    fn prepared(&self) -> Called<Prepared>;

    /// Remembers what was changed, so that it outlives a power cut; nothing is left of an empty record.
    ///
    /// # Errors
    /// If it can't be written.
    fn keep_prepared(&mut self, prepared: &Prepared) -> Called<()>;

    /// The values of `Drivers32` that MIDI ports come from, by name.
    ///
    /// # Errors
    /// If they can't be read.
    fn drivers32(&self) -> Called<Vec<(String, String)>>;

    /// Runs Windows' own `verifier.exe`, and waits for its end.
    ///
    /// # Errors
    /// If it can't be run.
    fn run_verifier(&mut self, arguments: &[&str]) -> Called<ProgramRun>;
}
