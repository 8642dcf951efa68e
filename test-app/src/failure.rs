//! What can go wrong, and the exit code of each.

use std::fmt;
use std::io::Write;

use crate::visible;

/// Exit code: everything arrived as it was sent.
pub const CLEAN: u8 = 0;
/// Exit code: bytes were lost, duplicated, reordered or corrupted, or the driver crashed.
pub const DATA_WRONG: u8 = 1;
/// Exit code: the command line or a named file cannot be used.
pub const USAGE: u8 = 2;
/// Exit code: the device, or the place where the output goes, failed.
pub const DEVICE_ERROR: u8 = 3;
/// Exit code: there is no port of the given name, or several.
pub const NO_SUCH_PORT: u8 = 4;
/// Exit code: nothing that was sent came back.
pub const NO_LOOP: u8 = 5;

/// Why a command could not be carried out; each says so in one line, but for a crash, which tells the
/// driver's stack below. As text it has nothing that acts on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line or a file it names cannot be used; exit code [`USAGE`].
    Usage(String),
    /// The driver crashed; exit code [`DATA_WRONG`].
    Crash(String),
    /// The device failed, or an output could not be written; exit code [`DEVICE_ERROR`].
    Device(String),
    /// No port has the given name, or several; exit code [`NO_SUCH_PORT`].
    NoSuchPort(String),
    /// Nothing that was sent came back; exit code [`NO_LOOP`].
    NoLoop(String),
}

impl Failure {
    /// The exit code of the program after this failure.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Crash(_) => DATA_WRONG,
            Self::Usage(_) => USAGE,
            Self::Device(_) => DEVICE_ERROR,
            Self::NoSuchPort(_) => NO_SUCH_PORT,
            Self::NoLoop(_) => NO_LOOP,
        }
    }

    /// Writes the failure to `errors` and returns its exit code.
    pub fn tell(&self, errors: &mut dyn Write) -> u8 {
        // Nobody is left to be told when the error stream itself is gone.
        let _ = writeln!(errors, "midiuart-test: {self}");
        self.exit_code()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Crash(text) => return formatter.write_str(&visible::lines(text)),
            Self::Usage(text)
            | Self::Device(text)
            | Self::NoSuchPort(text)
            | Self::NoLoop(text) => text,
        };
        let mut words = text.split_whitespace();
        if let Some(first) = words.next() {
            formatter.write_str(&visible::line(first))?;
        }
        words.try_for_each(|word| write!(formatter, " {}", visible::line(word)))
    }
}

impl std::error::Error for Failure {}
