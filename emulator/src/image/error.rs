//! Why a file can't be run as a driver.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a file can't be run as a driver. Displayed as one line.
#[derive(Debug)]
pub struct ImageError {
    pub(super) path: PathBuf,
    pub(super) reason: Reason,
}

#[derive(Debug)]
pub(super) enum Reason {
    Unreadable(io::Error),
    NoImage(String),
    OtherMachine(&'static str),
    NotNative(u16),
    NoEntryPoint,
    /// The file is an image, but something in it is wrong.
    Damaged(&'static str),
    UnknownImport {
        image: String,
        function: String,
        known: String,
    },
    Host,
}

impl fmt::Display for ImageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Unreadable(error) => write!(formatter, "{path} can't be read: {error}"),
            Reason::NoImage(why) => write!(formatter, "{path} is no Windows image: {why}"),
            Reason::OtherMachine(machine) => write!(
                formatter,
                "{path} is an image for {machine}; the emulated PC runs those for x64"
            ),
            Reason::NotNative(subsystem) => write!(
                formatter,
                "{path} is no driver: its subsystem is {subsystem} instead of 1 (native)"
            ),
            Reason::NoEntryPoint => write!(formatter, "{path} is no driver: it has no entry point"),
            Reason::Damaged(what) => write!(formatter, "{path} is damaged: {what}"),
            Reason::UnknownImport {
                image,
                function,
                known,
            } => write!(
                formatter,
                "{path} imports {function} from {image}, which the emulated PC lacks; {known}"
            ),
            Reason::Host => write!(
                formatter,
                "{path} can't be run here: driver images run on x86-64 Linux"
            ),
        }
    }
}

impl std::error::Error for ImageError {}
