//! Writes what came over a wire as a Standard MIDI File.

use std::time::Duration;

use midly::num::{u15, u28};
use midly::{Format, Header, MetaMessage, Smf, Timing, TrackEvent, TrackEventKind};

use super::message::{Kind, Message, Splitter};
use crate::failure::Failure;

/// Ticks per quarter note of [`TEMPO`]: a tick is [`TICK`].
const DIVISION: u16 = 12_500;
/// Microseconds per quarter note.
const TEMPO: u32 = 500_000;
/// The precision of the time stamps.
const TICK: Duration = Duration::from_micros(TEMPO as u64 / DIVISION as u64);

/// Collects the bytes of a wire for a file.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    splitter: Splitter,
    messages: Vec<Message>,
}

impl Capture {
    /// Takes the byte that came at `at`.
    pub fn push(&mut self, at: Duration, byte: u8) {
        let messages = &mut self.messages;
        self.splitter
            .push(at, byte, |message| messages.push(message));
    }

    /// The file: format 0, times counted from `origin`.
    ///
    /// A real-time byte inside a message stands after it, with its own time; bytes that are no
    /// channel or System Exclusive message are escape packets.
    ///
    /// # Errors
    /// [`Failure::Device`] for what a file cannot hold: a message of 256 MiB, or 4 GiB in all.
    pub fn into_file(mut self, origin: Duration) -> Result<Vec<u8>, Failure> {
        let messages = &mut self.messages;
        self.splitter.finish(|message| messages.push(message));
        // A stable sort: messages come out when they end, the file wants them where they begin.
        self.messages.sort_by_key(|message| message.at);

        let mut track = vec![event(
            0,
            TrackEventKind::Meta(MetaMessage::Tempo(TEMPO.into())),
        )];
        let mut written = 0;
        for message in &self.messages {
            let tick = ticks(message.at.saturating_sub(origin));
            // A pause longer than a delta time can be is divided by empty texts.
            while tick - written > u64::from(u28::max_value().as_int()) {
                written += u64::from(u28::max_value().as_int());
                track.push(event(
                    u28::max_value().as_int(),
                    TrackEventKind::Meta(MetaMessage::Text(b"")),
                ));
            }
            let delta = u32::try_from(tick - written).unwrap_or_default();
            written = tick;
            track.push(event(delta, event_kind(message)));
        }
        track.push(event(0, TrackEventKind::Meta(MetaMessage::EndOfTrack)));

        let mut file = Vec::new();
        Smf {
            header: Header::new(Format::SingleTrack, Timing::Metrical(u15::new(DIVISION))),
            tracks: vec![track],
        }
        .write_std(&mut file)
        .map_err(|error| Failure::Device(format!("cannot write the capture: {error}")))?;
        Ok(file)
    }
}

fn event(delta: u32, kind: TrackEventKind<'_>) -> TrackEvent<'_> {
    TrackEvent {
        delta: u28::new(delta),
        kind,
    }
}

fn ticks(time: Duration) -> u64 {
    let ticks = (time + TICK / 2).as_nanos() / TICK.as_nanos();
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

fn event_kind(message: &Message) -> TrackEventKind<'_> {
    match message.kind {
        Kind::SysEx => TrackEventKind::SysEx(&message.bytes[1..]),
        Kind::Channel => match midly::live::LiveEvent::parse(&message.bytes) {
            Ok(midly::live::LiveEvent::Midi { channel, message }) => {
                TrackEventKind::Midi { channel, message }
            }
            _ => TrackEventKind::Escape(&message.bytes),
        },
        Kind::System | Kind::Loose => TrackEventKind::Escape(&message.bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::midi::{BYTE_TIME, smf};

    fn parse(capture: Capture) -> Vec<smf::TimedMessage> {
        let file = capture.into_file(Duration::ZERO).expect("a short file");
        smf::parse(&file).expect("a good file")
    }

    fn capture(bytes: &[u8]) -> Vec<smf::TimedMessage> {
        let mut capture = Capture::default();
        for (number, &byte) in (0..).zip(bytes) {
            capture.push(BYTE_TIME * number, byte);
        }
        parse(capture)
    }

    #[test]
    fn a_real_time_byte_inside_a_system_exclusive_message_follows_it() {
        let found = capture(&[0xF0, 1, 0xF8, 2, 0xF7, 0x90, 60, 64]);
        let bytes: Vec<_> = found.iter().map(|message| &message.bytes[..]).collect();
        assert_eq!(bytes, [&[0xF0, 1, 2, 0xF7][..], &[0xF8], &[0x90, 60, 64]]);
        assert_eq!(found[1].at, BYTE_TIME * 2);
        assert_eq!(found[2].at, BYTE_TIME * 5);
    }

    #[test]
    fn a_pause_longer_than_a_delta_time_keeps_its_length() {
        let mut capture = Capture::default();
        let late = Duration::from_secs(100_000);
        capture.push(Duration::ZERO, 0xFE);
        capture.push(late, 0xFE);
        let found = parse(capture);
        assert_eq!(found[1].at, late);
    }

    proptest! {
        /// What a file keeps of a stream is every byte of it, except that running status is
        /// spelled out, and the times of its messages to half a tick.
        #[test]
        fn every_byte_is_in_the_file(
            bytes in prop::collection::vec(
                prop_oneof![0_u8..0x80, any::<u8>(), Just(0xF0), Just(0xF7)], 0..300,
            ),
            gap in 1_u32..100_000,
        ) {
            let mut capture = Capture::default();
            let mut splitter = Splitter::default();
            let mut expected = Vec::new();
            for (number, &byte) in (0..).zip(&bytes) {
                let at = Duration::from_micros(10) * gap * number;
                capture.push(at, byte);
                splitter.push(at, byte, |message| expected.push(message));
            }
            splitter.finish(|message| expected.push(message));
            expected.sort_by_key(|message| message.at);
            let found = parse(capture);
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert_eq!(&found.bytes, &expected.bytes);
                prop_assert!(found.at.abs_diff(expected.at) <= TICK / 2);
            }
        }
    }
}
