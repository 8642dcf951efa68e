//! What comes of a check.

use std::fmt;

use serde::Serialize;

/// Why a check did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The port did something else than it should.
    Wrong {
        /// What it should have done.
        expected: String,
        /// What it did.
        got: String,
    },
    /// The host or the port can't do what is to be checked.
    Impossible(String),
}

impl Objection {
    /// The port did something else than it should.
    pub fn wrong(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Wrong {
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// What a step of a check gives.
pub type Checked<T = ()> = Result<T, Objection>;

/// Objects unless `holds`.
///
/// # Errors
/// [`Objection::Wrong`].
pub fn ensure(holds: bool, expected: impl Into<String>, got: impl Into<String>) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Objection::wrong(expected, got))
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "UPPERCASE")]
pub enum Verdict {
    /// All is as it should be.
    Pass {
        /// What was found out besides.
        remark: Option<String>,
    },
    /// The port did something else than it should.
    Fail {
        /// What it should have done.
        expected: String,
        /// What it did.
        got: String,
    },
    /// It could not be checked.
    Skip {
        /// Why.
        reason: String,
    },
}

/// One check's outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The check's name.
    pub name: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took, in seconds.
    pub elapsed_s: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.verdict {
            Verdict::Pass { remark: None } => write!(formatter, "PASS {name}"),
            Verdict::Pass {
                remark: Some(remark),
            } => write!(formatter, "PASS {name} ({remark})"),
            Verdict::Fail { expected, got } => {
                write!(formatter, "FAIL {name}: expected {expected}, got {got}")
            }
            Verdict::Skip { reason } => write!(formatter, "SKIP {name}: {reason}"),
        }
    }
}
