//! What to do about what Windows refuses.

use super::windows::SystemError;
use crate::failure::Failure;

/// Error code (winerror.h, setupapi.h), what it means here, and what to do.
const REFUSALS: &[(u32, &str)] = &[
    (5, "access is denied: run it as administrator"),
    (
        32,
        "a program has a file open: close all programs that use MIDI",
    ),
    (120, "this Windows does not have that function"),
    (
        577,
        "the driver's signature is not trusted: is test mode on?",
    ),
    (
        1072,
        "the service goes when Windows is restarted: restart it",
    ),
    (
        0x800B_0109,
        "the certificate is not trusted: is it in Root?",
    ),
    (0xE000_020B, "there is no such device"),
    (
        0xE000_022F,
        "the catalog does not have the INF file: unpack the package again",
    ),
    (0xE000_0235, "this program was built for another processor"),
    (
        0xE000_023D,
        "a device still uses the package: remove that first, in Device Manager",
    ),
    (
        0xE000_0242,
        "the catalog's signature is not trusted: is the certificate in Root?",
    ),
    (
        0xE000_0243,
        "the publisher is not trusted: is the certificate in TrustedPublisher?",
    ),
    (0xE000_0240, "the publisher is disallowed on this machine"),
    (
        0xE000_0244,
        "the catalog is not for this version of Windows",
    ),
    (
        0xE000_0247,
        "the driver store refused the package: the end of %windir%\\inf\\setupapi.dev.log tells why",
    ),
    (
        0xE000_0248,
        "a policy of this machine forbids to install drivers: ask whoever manages it",
    ),
    (
        0xE000_024B,
        "the catalog does not have a file of the package: unpack the package again",
    ),
];

/// The line about something that Windows refused while `doing`.
#[must_use]
pub fn refused(doing: &str, error: &SystemError) -> Failure {
    let otherwise = "the end of %windir%\\inf\\setupapi.dev.log may tell more";
    Failure::Device(format!(
        "{doing}: {}",
        explained(error, REFUSALS, otherwise)
    ))
}

/// The error with what to do: the advice of a table of error codes, or `otherwise`.
#[must_use]
pub fn explained(error: &SystemError, refusals: &[(u32, &'static str)], otherwise: &str) -> String {
    let known = refusals.iter().find(|(code, _)| *code == error.code);
    let advice = known.map_or(otherwise, |(_, advice)| advice);
    format!("{error}; {advice}")
}
