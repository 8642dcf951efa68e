//! Splits a byte stream into messages, for counting and for files.

use std::time::Duration;

/// The first real-time status.
const FIRST_REAL_TIME: u8 = 0xF8;
/// Begins a System Exclusive message.
pub const SYSEX_BEGIN: u8 = 0xF0;
/// Ends a System Exclusive message.
pub const SYSEX_END: u8 = 0xF7;

/// A message in a byte stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When its first byte came.
    pub at: Duration,
    /// Its bytes; a status that was left out because it is running is put in.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: Kind,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A complete channel message.
    Channel,
    /// A System Exclusive message; without its last byte F7 if a status byte broke it off.
    SysEx,
    /// A complete system common or a real-time message, defined or not.
    System,
    /// Bytes that are no message: data without a status, or a message that was broken off.
    Loose,
}

/// Splits a byte stream into messages: knows running status, real-time bytes anywhere, and System
/// Exclusive.
///
/// Messages come out when they are complete, so one that was interrupted by a real-time byte
/// comes out after that byte's.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    running: Option<u8>,
    open: Option<Message>,
}

impl Splitter {
    /// Takes the byte that came at `at`; hands each message that it completes or breaks off to
    /// `message`.
    pub fn push(&mut self, at: Duration, byte: u8, mut message: impl FnMut(Message)) {
        match byte {
            FIRST_REAL_TIME.. => message(Message {
                at,
                bytes: vec![byte],
                kind: Kind::System,
            }),
            SYSEX_END if self.in_sysex() => {
                if let Some(mut sysex) = self.open.take() {
                    sysex.bytes.push(byte);
                    message(sysex);
                }
            }
            0x80.. => {
                self.finish(&mut message);
                self.running = (byte < SYSEX_BEGIN).then_some(byte);
                self.begin(at, byte, &mut message);
            }
            _ => self.data(at, byte, &mut message),
        }
    }

    /// Hands out what is still incomplete.
    pub fn finish(&mut self, mut message: impl FnMut(Message)) {
        if let Some(mut open) = self.open.take() {
            if open.kind != Kind::SysEx {
                open.kind = Kind::Loose;
            }
            message(open);
        }
    }

    fn in_sysex(&self) -> bool {
        matches!(&self.open, Some(open) if open.kind == Kind::SysEx)
    }

    fn begin(&mut self, at: Duration, status: u8, message: &mut impl FnMut(Message)) {
        let begun = Message {
            at,
            bytes: vec![status],
            kind: match status {
                SYSEX_BEGIN => Kind::SysEx,
                ..SYSEX_BEGIN => Kind::Channel,
                _ => Kind::System,
            },
        };
        if begun.kind != Kind::SysEx && data_bytes(status) == 0 {
            message(begun);
        } else {
            self.open = Some(begun);
        }
    }

    fn data(&mut self, at: Duration, byte: u8, message: &mut impl FnMut(Message)) {
        if self.open.is_none()
            && let Some(status) = self.running
        {
            self.begin(at, status, message);
        }
        let Some(open) = &mut self.open else {
            return message(Message {
                at,
                bytes: vec![byte],
                kind: Kind::Loose,
            });
        };
        open.bytes.push(byte);
        if open.kind != Kind::SysEx
            && open.bytes.len() > data_bytes(open.bytes[0])
            && let Some(complete) = self.open.take()
        {
            message(complete);
        }
    }
}

/// How many data bytes follow `status`, which does not begin a System Exclusive message.
#[must_use]
pub const fn data_bytes(status: u8) -> usize {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 2,
        0xC0..=0xDF | 0xF1 | 0xF3 => 1,
        _ => 0,
    }
}

/// How long the message is that begins with these bytes, if it is none that is System Exclusive, and all
/// of it is there.
#[must_use]
pub fn short_length(bytes: &[u8]) -> Option<usize> {
    let (&status, rest) = bytes.split_first()?;
    if status < 0x80 || status == SYSEX_BEGIN || status == SYSEX_END {
        return None;
    }
    let data = rest.get(..data_bytes(status))?;
    data.is_ascii().then_some(1 + data.len())
}

/// Counts the messages in a byte stream.
#[derive(Clone, Debug, Default)]
pub struct MessageCount {
    splitter: CountingState,
    messages: u64,
}

/// What [`MessageCount`] remembers of the bytes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CountingState {
    /// Data bytes belong to no message.
    #[default]
    Loose,
    /// In a System Exclusive message.
    SysEx,
    /// `missing` data bytes are missing; when they are there, `each` more make the next message,
    /// or none if that is 0.
    Data { missing: usize, each: usize },
}

impl MessageCount {
    /// Takes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.take(byte);
        }
    }

    /// Complete messages so far; a System Exclusive message counts when it ends.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    fn take(&mut self, byte: u8) {
        match byte {
            FIRST_REAL_TIME.. => self.messages += 1,
            SYSEX_BEGIN => self.splitter = CountingState::SysEx,
            0x80.. => {
                let length = data_bytes(byte);
                let running = if byte < SYSEX_BEGIN { length } else { 0 };
                let ends_sysex = byte == SYSEX_END && self.splitter == CountingState::SysEx;
                if length == 0 || ends_sysex {
                    self.messages += 1;
                    self.splitter = CountingState::Loose;
                } else {
                    self.splitter = CountingState::Data {
                        missing: length,
                        each: running,
                    };
                }
            }
            _ => {
                if let CountingState::Data { missing, each } = self.splitter {
                    self.splitter = match (missing, each) {
                        (1, 0) => CountingState::Loose,
                        (1, each) => CountingState::Data {
                            missing: each,
                            each,
                        },
                        (missing, each) => CountingState::Data {
                            missing: missing - 1,
                            each,
                        },
                    };
                    self.messages += u64::from(missing == 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(bytes: &[u8]) -> Vec<(Kind, Vec<u8>)> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        for (at, &byte) in (0..).zip(bytes) {
            splitter.push(Duration::from_millis(at), byte, |message| {
                found.push((message.kind, message.bytes));
            });
        }
        splitter.finish(|message| found.push((message.kind, message.bytes)));
        found
    }

    #[test]
    fn running_status_is_put_in() {
        assert_eq!(
            split(&[0x90, 60, 64, 61, 64, 0xC1, 5, 6]),
            [
                (Kind::Channel, vec![0x90, 60, 64]),
                (Kind::Channel, vec![0x90, 61, 64]),
                (Kind::Channel, vec![0xC1, 5]),
                (Kind::Channel, vec![0xC1, 6]),
            ]
        );
    }

    #[test]
    fn real_time_bytes_stand_anywhere() {
        assert_eq!(
            split(&[0x90, 0xF8, 60, 0xFE, 64, 0xF0, 1, 0xFA, 2, 0xF7]),
            [
                (Kind::System, vec![0xF8]),
                (Kind::System, vec![0xFE]),
                (Kind::Channel, vec![0x90, 60, 64]),
                (Kind::System, vec![0xFA]),
                (Kind::SysEx, vec![0xF0, 1, 2, 0xF7]),
            ]
        );
    }

    #[test]
    fn a_status_breaks_off_and_system_common_ends_running_status() {
        assert_eq!(
            split(&[0xF0, 1, 0x90, 60, 0xF6, 7, 0xF7]),
            [
                (Kind::SysEx, vec![0xF0, 1]),
                (Kind::Loose, vec![0x90, 60]),
                (Kind::System, vec![0xF6]),
                (Kind::Loose, vec![7]),
                (Kind::System, vec![0xF7]),
            ]
        );
    }

    proptest! {
        /// Both ways of splitting count the same messages, and no byte is forgotten.
        #[test]
        fn counting_agrees_with_splitting(
            bytes in prop::collection::vec(
                prop_oneof![0_u8..0x80, 0x80_u8..=0xFF, Just(0xF0), Just(0xF7)], 0..200,
            ),
        ) {
            let mut count = MessageCount::default();
            count.push(&bytes);
            let found = split(&bytes);
            let complete = found
                .iter()
                .filter(|(kind, bytes)| match kind {
                    Kind::SysEx => bytes.ends_with(&[SYSEX_END]),
                    Kind::Channel | Kind::System => true,
                    Kind::Loose => false,
                })
                .count() as u64;
            prop_assert_eq!(count.messages(), complete);
            let data = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte < 0x80).count();
            let kept: usize = found.iter().map(|(_, bytes)| data(bytes)).sum();
            prop_assert_eq!(kept, data(&bytes));
        }
    }
}
