//! What can go wrong, under the original's names.

use std::path::PathBuf;
use std::{error, fmt, io};

use crate::ApiSubset;

/// A file that can't be read or written.
#[derive(Debug)]
pub struct IoError {
    path: PathBuf,
    source: io::Error,
}

impl IoError {
    /// An error with the file that it is about.
    pub fn with_path(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self {
            path: path.into(),
            source,
        }
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl error::Error for IoError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Why a driver can't be built.
#[derive(Debug)]
pub enum ConfigError {
    /// A file that can't be read or written.
    Io(IoError),
    /// A part of mingw-w64 is not installed.
    DirectoryNotFound(PathBuf),
    /// Windows has no drivers for this target.
    UnsupportedTarget(String),
    /// A part of the interface that no plain WDM driver uses.
    UnsupportedApiSubset(ApiSubset),
    /// `-C target-feature=+crt-static` is not set.
    StaticCrtNotEnabled,
    /// The assembler did not like this file.
    Assembler(PathBuf),
}

impl From<IoError> for ConfigError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::DirectoryNotFound(path) => write!(f, "no directory {}", path.display()),
            Self::UnsupportedTarget(target) => write!(f, "no Windows drivers for {target}"),
            Self::UnsupportedApiSubset(subset) => write!(f, "no headers for {subset:?}"),
            Self::StaticCrtNotEnabled => write!(f, "-C target-feature=+crt-static is not set"),
            Self::Assembler(path) => write!(f, "{} can't be assembled", path.display()),
        }
    }
}

impl error::Error for ConfigError {}
