//! What a preparation changed, and what was there before.

use serde::{Deserialize, Serialize};

/// `REG_DWORD` of winnt.h.
const DWORD: u32 = 4;

/// A value of the registry as it is, whatever its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawValue {
    /// Its type (`REG_…` of winnt.h).
    pub kind: u32,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl RawValue {
    /// A number.
    #[must_use]
    pub fn number(number: u32) -> Self {
        Self {
            kind: DWORD,
            data: number.to_le_bytes().to_vec(),
        }
    }

    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        match (self.kind, self.data.as_slice()) {
            (DWORD, &[a, b, c, d]) => format!("{:#x}", u32::from_le_bytes([a, b, c, d])),
            (kind, data) => format!("{} bytes of type {kind}", data.len()),
        }
    }
}

/// A change of Windows, with what it takes to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The detail of setupapi's log was set.
    LogLevel {
        /// What was there before; `None` if the value did not exist.
        before: Option<RawValue>,
    },
    /// A service was started that did not run.
    Started {
        /// Its name.
        service: String,
    },
}

impl Change {
    /// Whether both change the same thing.
    #[must_use]
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::LogLevel { .. }, Self::LogLevel { .. }) => true,
            (Self::Started { service: one }, Self::Started { service: other }) => one == other,
            _ => false,
        }
    }

    /// What undoing it does, for people.
    #[must_use]
    pub fn describe_undoing(&self) -> String {
        match self {
            Self::LogLevel { before: None } => "delete setupapi's LogLevel".into(),
            Self::LogLevel {
                before: Some(value),
            } => format!("set setupapi's LogLevel back to {}", value.describe()),
            Self::Started { service } => format!("stop service {service}"),
        }
    }
}

/// All changes that are in force, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared(pub Vec<Change>);
