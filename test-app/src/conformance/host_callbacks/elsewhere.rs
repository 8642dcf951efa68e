//! Other hosts have no events, no threads' messages and no windows of Windows'.

use crate::conformance::bench::Bench;
use crate::conformance::verdict::{Checked, Objection};

fn not_here() -> Checked {
    Err(Objection::Impossible("only Windows has it".to_owned()))
}

/// `CALLBACK_EVENT`.
///
/// # Errors
/// Always.
pub fn event(_bench: &Bench) -> Checked {
    not_here()
}

/// `CALLBACK_THREAD`.
///
/// # Errors
/// Always.
pub fn thread(_bench: &Bench) -> Checked {
    not_here()
}

/// `CALLBACK_WINDOW`.
///
/// # Errors
/// Always.
pub fn window(_bench: &Bench) -> Checked {
    not_here()
}
