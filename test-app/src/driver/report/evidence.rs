//! What the report needs of Windows, beyond what installing needs.

use std::time::Duration;

use serde::Serialize;

use crate::driver::windows::Called;

/// The names that may not occur in a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Of users: the one who runs this program, and those who have a profile.
    pub users: Vec<String>,
    /// Of the computer.
    pub computers: Vec<String>,
    /// Of its domain or work group.
    pub domains: Vec<String>,
    /// The folders of the user's profile, long and short (8.3).
    pub profiles: Vec<String>,
    /// Whom Windows is registered to.
    pub owners: Vec<String>,
}

/// The program that a child process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// One in the system's folder, by its file name.
    System(&'static str),
    /// This program itself.
    Own,
}

/// How much of a child process is waited for and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time that it may take.
    pub time: Duration,
    /// The most bytes of output that are kept.
    pub bytes: usize,
}

/// What a child process printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Standard output, then standard error.
    pub output: Vec<u8>,
    /// Its exit code; `None` if it was ended.
    pub code: Option<i32>,
    /// It was ended because it took too long.
    pub is_late: bool,
    /// It was ended because it printed too much.
    pub is_cut: bool,
}

/// A service or a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// When it starts: `boot`, `system`, `automatic`, `manual` or `disabled`.
    pub start: String,
    /// What it does: `running`, `stopped` and so on.
    pub state: String,
}

/// The end of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// There are bytes before these.
    pub is_cut: bool,
}

/// A crash dump. Its contents are not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dump {
    /// Its file name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, in UTC.
    pub written: String,
}

/// What the report needs of Windows.
pub trait Evidence {
    /// The names that may not occur in a report.
    ///
    /// # Errors
    /// If Windows does not return them; no report is made then.
    fn names(&self) -> Called<Names>;

    /// Returns a text in the registry of the machine, if it is there.
    ///
    /// # Errors
    /// If it can't be read.
    fn text(&self, key: &str, value: &str) -> Called<Option<String>>;

    /// Returns a number in the registry of the machine, if it is there.
    fn number(&self, key: &str, value: &str) -> Option<u32>;

    /// Returns the session that this program runs in; 0 is that of services.
    ///
    /// # Errors
    /// If Windows does not return it.
    fn session(&self) -> Called<u32>;

    /// Returns how a service is, if there is one of that name.
    ///
    /// # Errors
    /// If services can't be queried.
    fn service(&self, name: &str) -> Called<Option<Service>>;

    /// Runs a program.
    ///
    /// # Errors
    /// Why it can't be run.
    fn run(&self, program: Program, arguments: &[&str], limits: Limits) -> Result<Ran, String>;

    /// Returns the end of a file below the folder of Windows: at most `limit` bytes.
    ///
    /// # Errors
    /// Why it can't be read.
    fn tail(&self, path: &[&str], limit: usize) -> Result<Tail, String>;

    /// Returns the crash dumps.
    ///
    /// # Errors
    /// Why they can't be listed.
    fn dumps(&self) -> Result<Vec<Dump>, String>;

    /// Returns a variable of this program's environment.
    fn variable(&self, name: &str) -> Option<String>;
}
