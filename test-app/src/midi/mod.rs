//! MIDI: its byte stream and its files.

pub mod capture;
pub mod decode;
pub mod message;
pub mod smf;
pub mod sounding;
pub mod words;

use std::time::Duration;

/// A control change on the first channel.
const CONTROL_CHANGE: u8 = 0xB0;
/// The controller that ends all notes of a channel.
pub(crate) const ALL_NOTES_OFF: u8 = 123;

/// How long a byte takes on a MIDI wire: a start bit, eight data bits and a stop bit at 31250 baud.
pub const BYTE_TIME: Duration = Duration::from_micros(320);

/// How long `bytes` bytes take on a MIDI wire.
#[must_use]
pub fn wire_time(bytes: usize) -> Duration {
    u32::try_from(bytes).map_or(Duration::MAX, |bytes| BYTE_TIME.saturating_mul(bytes))
}

/// The messages that end all notes of all channels.
pub fn all_notes_off() -> impl Iterator<Item = [u8; 3]> {
    (0..16).map(|channel| [CONTROL_CHANGE | channel, ALL_NOTES_OFF, 0])
}
