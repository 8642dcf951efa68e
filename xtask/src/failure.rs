//! How chores fail.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Why a chore did not end well.
#[derive(Debug)]
pub struct Failure {
    message: String,
    exit_code: u8,
}

impl Failure {
    /// The chore was done, and what it is about is not well.
    pub fn found(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    /// The chore can't be done.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 3,
        }
    }

    /// A file or program that can't be used.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::about(path, &error)
    }

    /// A file with something wrong in it.
    pub fn about(path: &Path, error: &impl Display) -> Self {
        Self::unusable(format!("{}: {error}", path.display()))
    }

    /// The same with what to do.
    pub fn with_advice(self, advice: &str) -> Self {
        Self {
            message: format!("{}; {advice}", self.message),
            ..self
        }
    }

    /// The code to end with.
    #[cfg(test)]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Says why, and with which code to end.
    pub fn report(&self) -> ExitCode {
        eprintln!("{}", self.message);
        ExitCode::from(self.exit_code)
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
