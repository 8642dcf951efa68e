//! What stress traffic is made of, and how much of each.

use std::ops::RangeInclusive;

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Notes as fast as the wire takes them.
    NoteFlood,
    /// Notes of which only the first has its status byte.
    RunningStatus,
    /// Notes of many channels together.
    Chord,
    /// Controllers, pitch bends, program changes, aftertouch.
    Controllers,
    /// A System Exclusive message of a few bytes.
    ShortSysEx,
    /// A System Exclusive message of one of [`LONG_SYSEX`].
    LongSysEx,
    /// Real-time bytes between the bytes of channel messages.
    RealTimeInMessages,
    /// Real-time bytes inside a System Exclusive message.
    RealTimeInSysEx,
    /// Data bytes that belong to no status.
    LoneData,
    /// Status bytes that few expect.
    OddBytes,
    /// Active sensing.
    ActiveSensing,
    /// An idle wire.
    Pause,
    /// Closing and opening again in the middle.
    Reopen,
}

/// The kinds and their weights while the wire is to be saturated: nothing that leaves it idle.
pub const SATURATED: &[(Kind, u32)] = &[
    (Kind::NoteFlood, 30),
    (Kind::RunningStatus, 20),
    (Kind::Chord, 15),
    (Kind::Controllers, 15),
    (Kind::ShortSysEx, 10),
    (Kind::LongSysEx, 1),
    (Kind::RealTimeInMessages, 8),
    (Kind::RealTimeInSysEx, 4),
    (Kind::LoneData, 3),
    (Kind::OddBytes, 4),
    (Kind::ActiveSensing, 4),
];

/// The kinds and their weights in the rest of a run.
pub const MIXED: &[(Kind, u32)] = &[
    (Kind::NoteFlood, 30),
    (Kind::RunningStatus, 20),
    (Kind::Chord, 15),
    (Kind::Controllers, 15),
    (Kind::ShortSysEx, 10),
    (Kind::LongSysEx, 1),
    (Kind::RealTimeInMessages, 8),
    (Kind::RealTimeInSysEx, 4),
    (Kind::LoneData, 3),
    (Kind::OddBytes, 4),
    (Kind::ActiveSensing, 8),
    (Kind::Pause, 12),
    (Kind::Reopen, 3),
];

/// The kinds that are no complete messages, one by one.
pub const BYTES_ONLY: &[Kind] = &[
    Kind::RunningStatus,
    Kind::RealTimeInMessages,
    Kind::RealTimeInSysEx,
    Kind::LoneData,
    Kind::OddBytes,
];

/// Lengths of long System Exclusive messages in bytes, F0 and F7 included, and their weights:
/// those that users' reports name as failing, the longer the rarer.
pub const LONG_SYSEX: &[(usize, u32)] = &[
    (2048, 16),
    (2049, 16),
    (4096, 8),
    (8192, 4),
    (18_108, 2),
    (65_535, 1),
    (65_536, 1),
];

/// The length of the longest System Exclusive message, which comes once in a run that is long
/// enough.
pub const LONGEST_SYSEX: usize = 1 << 20;

/// How many data bytes a short System Exclusive message has.
pub const SHORT_SYSEX_DATA: RangeInclusive<usize> = 1..=64;

/// Status bytes that few expect: undefined ones, MIDI time code, and an end without a beginning.
pub const ODD_BYTES: &[u8] = &[
    0xF1, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF,
];

/// Real-time bytes that stand inside other messages.
pub const REAL_TIME: &[u8] = &[0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF];

/// Milliseconds of a pause.
pub const PAUSE_MS: RangeInclusive<u64> = 1..=120;
