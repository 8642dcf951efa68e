//! What to do about what Windows refuses while a test is driven.

use crate::driver::advice;
use crate::driver::windows::SystemError;
use crate::failure::Failure;

/// Error code of winerror.h, what it means here, and what to do.
const REFUSALS: &[(u32, &str)] = &[
    (
        2,
        "this Windows does not have it: take one with Desktop Experience",
    ),
    (5, "access is denied: run it as administrator"),
    (
        13,
        "the registry's SOFTWARE\\midiuart-test-prepared is damaged: set back by hand what `reg query` shows there, and delete that key",
    ),
    (
        1051,
        "another service needs it and runs: stop that first, or restart Windows",
    ),
    (
        1053,
        "the service does not answer: restart Windows and repeat the command",
    ),
    (
        1058,
        "the service is disabled: run `sc config NAME start= demand` with its name and repeat the command",
    ),
    (1060, "this Windows does not have that service"),
    (
        1068,
        "a service that it needs does not start: the System event log tells which",
    ),
];

/// The line about something that Windows refused while `doing`.
#[must_use]
pub fn refused(doing: &str, error: &SystemError) -> Failure {
    Failure::Device(format!("{doing}: {}", explained(error)))
}

/// The error with what to do.
#[must_use]
pub fn explained(error: &SystemError) -> String {
    advice::explained(error, REFUSALS, "the System event log may tell more")
}
