//! What can go wrong on such a PC.

use std::error::Error;
use std::fmt;

use emulated_pc::Stop;
use portcls::status::status_name;
use portcls::types::NTSTATUS;

/// What can go wrong on such a PC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// What was asked for can't be had.
    Unusable(String),
    /// The driver, its image or the device refuses.
    Refused(String),
    /// The driver crashed; below the first line is its stack.
    Crashed(String),
}

impl Trouble {
    /// A refusal with its status.
    #[must_use]
    pub fn refused(what: &str, status: NTSTATUS) -> Self {
        let name = status_name(status).unwrap_or("unknown status");
        Self::Refused(format!("{what}: {name} (0x{:08X})", status.cast_unsigned()))
    }

    pub(crate) fn crashed(stop: &Stop) -> Self {
        Self::Crashed(format!("the driver crashed: {stop}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(text) | Self::Refused(text) | Self::Crashed(text) => {
                formatter.write_str(text)
            }
        }
    }
}

impl Error for Trouble {}
