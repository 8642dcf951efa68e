//! What messages mean, in words.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::message::{SYSEX_BEGIN, SYSEX_END, short_length};
use super::words::note_name;

/// Kinds of messages that are shown or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Note on and note off
    Notes,
    /// Pressure of keys and channels
    Pressure,
    /// Control changes
    Cc,
    /// Program changes
    Program,
    /// The bender
    Bend,
    /// System Exclusive
    Sysex,
    /// MIDI time code
    Mtc,
    /// Song position, song select, tune request
    Song,
    /// Timing clock
    Clock,
    /// Start, continue, stop
    Transport,
    /// Active sensing
    Sensing,
    /// Reset
    Reset,
    /// What is no message
    Errors,
}

/// A message in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What it belongs to.
    pub group: Group,
    /// What it is.
    pub name: &'static str,
    /// Its channel, from 1.
    pub channel: Option<u8>,
    /// Its values.
    pub values: String,
}

/// What the messages with a status byte below F0 are.
const CHANNEL_MESSAGES: [(Group, &str); 7] = [
    (Group::Notes, "note off"),
    (Group::Notes, "note on"),
    (Group::Pressure, "key pressure"),
    (Group::Cc, "control change"),
    (Group::Program, "program change"),
    (Group::Pressure, "channel pressure"),
    (Group::Bend, "pitch bend"),
];

/// What the messages with a status byte from F0 are.
const SYSTEM_MESSAGES: [(Group, &str); 16] = [
    (Group::Sysex, "System Exclusive"),
    (Group::Mtc, "MTC quarter frame"),
    (Group::Song, "song position"),
    (Group::Song, "song select"),
    (Group::Errors, "undefined"),
    (Group::Errors, "undefined"),
    (Group::Song, "tune request"),
    (Group::Errors, "end of System Exclusive"),
    (Group::Clock, "clock"),
    (Group::Errors, "undefined"),
    (Group::Transport, "start"),
    (Group::Transport, "continue"),
    (Group::Transport, "stop"),
    (Group::Errors, "undefined"),
    (Group::Sensing, "active sensing"),
    (Group::Reset, "reset"),
];

/// Controllers that have a name of their own in the MIDI 1.0 specification's table.
const CONTROLLERS: &[(u8, &str)] = &[
    (0, "bank"),
    (1, "modulation"),
    (2, "breath"),
    (4, "foot"),
    (5, "portamento time"),
    (6, "data entry"),
    (7, "volume"),
    (8, "balance"),
    (10, "pan"),
    (11, "expression"),
    (32, "bank, low"),
    (38, "data entry, low"),
    (64, "sustain"),
    (65, "portamento"),
    (66, "sostenuto"),
    (67, "soft"),
    (91, "reverb"),
    (93, "chorus"),
    (98, "NRPN, low"),
    (99, "NRPN, high"),
    (100, "RPN, low"),
    (101, "RPN, high"),
    (120, "all sound off"),
    (121, "reset controllers"),
    (122, "local control"),
    (123, "all notes off"),
    (124, "omni off"),
    (125, "omni on"),
    (126, "mono on"),
    (127, "poly on"),
];

/// What a message means; of a System Exclusive one `shown` bytes at most.
#[must_use]
pub fn meaning(bytes: &[u8], shown: usize) -> Meaning {
    let is_exclusive = matches!(bytes, [SYSEX_BEGIN, .., SYSEX_END]);
    if !is_exclusive && short_length(bytes) != Some(bytes.len()) {
        return broken(bytes, shown);
    }
    let status = bytes[0];
    let (group, name) = match status {
        ..SYSEX_BEGIN => CHANNEL_MESSAGES[usize::from(status >> 4) - 8],
        SYSEX_BEGIN.. => SYSTEM_MESSAGES[usize::from(status & 0x0F)],
    };
    let channel = (status < SYSEX_BEGIN).then_some((status & 0x0F) + 1);
    let values = match (name, bytes) {
        ("note off" | "note on", [_, note, velocity]) => {
            format!("{} ({note})  velocity {velocity}", note_name(*note))
        }
        ("key pressure", [_, note, pressure]) => {
            format!("{} ({note})  {pressure}", note_name(*note))
        }
        ("control change", [_, controller, value]) => match controller_name(*controller) {
            Some(name) => format!("{controller} ({name})  {value}"),
            None => format!("{controller}  {value}"),
        },
        ("pitch bend" | "song position", [_, low, high]) => {
            (u16::from(*low) | u16::from(*high) << 7).to_string()
        }
        ("System Exclusive", _) => exclusive(bytes, shown),
        ("undefined", _) => hex(bytes),
        (_, [_, value]) => value.to_string(),
        _ => String::new(),
    };
    Meaning {
        group,
        name,
        channel,
        values,
    }
}

/// What bytes are that are no message.
#[must_use]
pub fn broken(bytes: &[u8], shown: usize) -> Meaning {
    let name = match bytes {
        [SYSEX_BEGIN, ..] => "unfinished System Exclusive",
        _ => "no message",
    };
    Meaning {
        group: Group::Errors,
        name,
        channel: None,
        values: exclusive(bytes, shown),
    }
}

/// Bytes as two hexadecimal digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(3 * bytes.len());
    for (number, byte) in bytes.iter().enumerate() {
        let space = if number == 0 { "" } else { " " };
        // A string takes everything.
        let _ = write!(text, "{space}{byte:02x}");
    }
    text
}

fn exclusive(bytes: &[u8], shown: usize) -> String {
    if bytes.len() <= shown {
        return hex(bytes);
    }
    let (begin, end) = (&bytes[..shown - 1], &bytes[bytes.len() - 1..]);
    format!("{} … {} ({} bytes)", hex(begin), hex(end), bytes.len())
}

fn controller_name(controller: u8) -> Option<&'static str> {
    let found = CONTROLLERS.iter().find(|(number, _)| *number == controller);
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let Meaning {
            name,
            channel,
            values,
            ..
        } = meaning(bytes, 6);
        let channel = channel.map(|channel| format!("{channel}: "));
        format!("{}{name} {values}", channel.unwrap_or_default())
    }

    #[test]
    fn messages_are_put_into_words() {
        for (bytes, words) in [
            (&[0x90, 60, 100][..], "1: note on C4 (60)  velocity 100"),
            (&[0x8F, 61, 0], "16: note off C#4 (61)  velocity 0"),
            (&[0xA1, 60, 5], "2: key pressure C4 (60)  5"),
            (&[0xB0, 7, 127], "1: control change 7 (volume)  127"),
            (&[0xB0, 3, 127], "1: control change 3  127"),
            (&[0xC4, 5], "5: program change 5"),
            (&[0xD4, 6], "5: channel pressure 6"),
            (&[0xE0, 0, 64], "1: pitch bend 8192"),
            (&[0xF0, 1, 0xF7], "System Exclusive f0 01 f7"),
            (
                &[0xF0, 1, 2, 3, 4, 5, 0xF7],
                "System Exclusive f0 01 02 03 04 … f7 (7 bytes)",
            ),
            (&[0xF1, 3], "MTC quarter frame 3"),
            (&[0xF2, 44, 2], "song position 300"),
            (&[0xF8], "clock "),
            (&[0xF4], "undefined f4"),
            (&[0xF0, 1], "unfinished System Exclusive f0 01"),
            (&[0x90, 1], "no message 90 01"),
            (&[1], "no message 01"),
            (&[], "no message "),
        ] {
            assert_eq!(text(bytes), words);
        }
    }
}
