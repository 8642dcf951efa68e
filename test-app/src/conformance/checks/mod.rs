//! The checks.

mod buffers;
mod callbacks;
mod delivery;
mod device;
mod odd_bytes;
mod opening;
mod recording;
mod refusals;
mod short_messages;
mod stopping;
mod storms;
mod streams;
mod sysex;
mod volume;

use super::check::Check;

/// All checks, in the order in which they are carried out.
const GROUPS: [&[Check]; 14] = [
    device::CHECKS,
    volume::CHECKS,
    opening::CHECKS,
    refusals::CHECKS,
    buffers::CHECKS,
    short_messages::CHECKS,
    sysex::CHECKS,
    recording::CHECKS,
    stopping::CHECKS,
    odd_bytes::CHECKS,
    callbacks::CHECKS,
    storms::CHECKS,
    streams::CHECKS,
    delivery::CHECKS,
];

/// All checks, in the order in which they are carried out.
pub fn all() -> impl Iterator<Item = &'static Check> {
    GROUPS.iter().flat_map(|group| group.iter())
}
