//! What to do about what kernel streaming refuses.

use super::probe::Refused;
use crate::failure::Failure;

const IN_USE: &str = "it is in use: close all programs that use MIDI, and Windows MIDI Services gives it \
                      free a moment later";
const GONE: &str =
    "the device is gone, or was stopped meanwhile: see `midiuart-test driver status`";

/// Error code (winerror.h), what it means here, and what to do.
const REFUSALS: &[(u32, &str)] = &[
    (2, GONE),
    (3, GONE),
    (5, "access is denied: run it as administrator"),
    (
        21,
        "the device is asleep or stopped: see `midiuart-test driver status`",
    ),
    (
        22,
        "the driver refused that state: run `midiuart-test driver restart`",
    ),
    (
        31,
        "the driver refuses it, or it is in use: close all programs that use MIDI, then run \
         `midiuart-test driver restart`",
    ),
    (32, IN_USE),
    (
        126,
        "this Windows has no kernel streaming (ksuser.dll): install its media features",
    ),
    (
        127,
        "this Windows has no kernel streaming (KsCreatePin): install its media features",
    ),
    (170, IN_USE),
    (433, GONE),
    (995, GONE),
    (
        1117,
        "the hardware does not answer: see `midiuart-test status`",
    ),
    (1167, GONE),
    (
        1460,
        "the driver takes no bytes: see `midiuart-test status`, then run `midiuart-test driver restart`",
    ),
    (1617, GONE),
];

/// The line about something that was refused.
pub fn refused(device: &str, refused: &Refused) -> Failure {
    let Refused { doing, error } = refused;
    let known = REFUSALS.iter().find(|(code, _)| *code == error.code);
    let advice = known.map_or(
        "see `midiuart-test driver status`, then run `midiuart-test driver restart`",
        |(_, advice)| advice,
    );
    Failure::Device(format!("{device}: {doing}: {error}; {advice}"))
}
