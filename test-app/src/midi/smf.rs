//! Reads Standard MIDI Files into what a wire carries.

use std::fs;
use std::path::Path;
use std::time::Duration;

use midly::{Format, Fps, MetaMessage, Smf, Timing, TrackEventKind};

use super::message::SYSEX_BEGIN;
use crate::failure::Failure;

/// Tempo until the file sets one, in microseconds per quarter note: 120 beats per minute.
const DEFAULT_TEMPO: u32 = 500_000;

/// Bytes to send, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedMessage {
    /// Time since the beginning of the song.
    pub at: Duration,
    /// The message with its status; or what an escape packet of the file says, as it stands.
    pub bytes: Vec<u8>,
}

/// Reads the channel and System Exclusive events of the file `path`, those of all tracks together
/// in the order of time; at equal times in the order of the tracks.
///
/// # Errors
/// [`Failure::Usage`] with the file's name if it cannot be read, is no Standard MIDI File, is cut
/// off, or is of format 2.
pub fn read(path: &Path) -> Result<Vec<TimedMessage>, Failure> {
    fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| parse(&bytes))
        .map_err(|fault| {
            Failure::Usage(format!(
                "{}: {fault}; accepted are Standard MIDI Files of format 0 and 1",
                path.display()
            ))
        })
}

/// As [`read`], from the contents of a file.
///
/// # Errors
/// What is wrong with the file.
pub fn parse(file: &[u8]) -> Result<Vec<TimedMessage>, String> {
    if !file.starts_with(b"MThd") && !file.starts_with(b"RIFF") {
        return Err("not a MIDI file".into());
    }
    if names_frame_rate_128(file) {
        return Err("damaged MIDI file (no such frame rate)".into());
    }
    let smf = Smf::parse(file).map_err(|error| {
        let fault = error.kind().message();
        if cut_off(file) {
            "truncated MIDI file".into()
        } else {
            format!("damaged MIDI file ({fault})")
        }
    })?;
    if smf.header.format == Format::Sequential {
        return Err("MIDI file of format 2".into());
    }
    Ok(timed(&smf))
}

/// Whether a header has a division of -128 frames per second, on which midly 0.5.3 overflows.
fn names_frame_rate_128(file: &[u8]) -> bool {
    const DIVISION: usize = 12;
    file.windows(DIVISION + 1)
        .any(|header| header.starts_with(b"MThd") && header[DIVISION] == 0x80)
}

/// Whether the last chunk, or its header, reaches beyond the end of the file.
fn cut_off(file: &[u8]) -> bool {
    const HEADER: usize = 8;
    let mut rest = file;
    while !rest.is_empty() {
        let Some(&[a, b, c, d]) = rest.get(4..HEADER) else {
            return true;
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let Some(next) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.get(HEADER..)?.get(length..))
        else {
            return true;
        };
        rest = next;
    }
    declared_tracks(file) > tracks(file)
}

fn declared_tracks(file: &[u8]) -> usize {
    file.get(10..12).map_or(0, |field| {
        usize::from(field[0]) << 8 | usize::from(field[1])
    })
}

/// Tracks of a file whose chunks are all complete.
fn tracks(file: &[u8]) -> usize {
    let mut rest = file;
    let mut count = 0;
    while let Some((header, body)) = rest.split_at_checked(8) {
        count += usize::from(header.starts_with(b"MTrk"));
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        rest = body.get(length as usize..).unwrap_or_default();
    }
    count
}

fn timed(smf: &Smf<'_>) -> Vec<TimedMessage> {
    let mut events = Vec::new();
    for track in &smf.tracks {
        let mut tick = 0_u64;
        for event in track {
            tick += u64::from(event.delta.as_int());
            events.push((tick, event.kind));
        }
    }
    // A stable sort: at equal times the order of the tracks, and within each its own.
    events.sort_by_key(|&(tick, _)| tick);

    let mut clock = Clock::new(smf.header.timing);
    let mut messages = Vec::new();
    for (tick, kind) in events {
        let at = clock.advance(tick);
        let bytes = match kind {
            TrackEventKind::Meta(MetaMessage::Tempo(tempo)) => {
                clock.set_tempo(tempo.as_int());
                continue;
            }
            TrackEventKind::Meta(_) => continue,
            TrackEventKind::Midi { channel, message } => {
                let mut bytes = Vec::with_capacity(3);
                midly::live::LiveEvent::Midi { channel, message }
                    .write_std(&mut bytes)
                    .expect("a vector takes every byte");
                bytes
            }
            TrackEventKind::SysEx(rest) => [&[SYSEX_BEGIN], rest].concat(),
            TrackEventKind::Escape(bytes) => bytes.to_vec(),
        };
        if !bytes.is_empty() {
            messages.push(TimedMessage { at, bytes });
        }
    }
    messages
}

/// Turns ticks into time, without rounding before the end.
struct Clock {
    tick: u64,
    /// Time so far in units of 1 ns / `divisor`.
    elapsed: u128,
    per_tick: u128,
    divisor: u128,
    follows_tempo: bool,
}

impl Clock {
    fn new(timing: Timing) -> Self {
        let (per_tick, divisor, follows_tempo) = match timing {
            // A file may say 0 ticks per quarter note; every moment is then the first.
            Timing::Metrical(per_quarter) => (
                u128::from(DEFAULT_TEMPO) * 1000,
                u128::from(per_quarter.as_int().max(1)),
                true,
            ),
            Timing::Timecode(frames, per_frame) => {
                let (numerator, denominator) = seconds_per_frame(frames);
                (
                    numerator * 1_000_000_000,
                    denominator * u128::from(per_frame.max(1)),
                    false,
                )
            }
        };
        Self {
            tick: 0,
            elapsed: 0,
            per_tick,
            divisor,
            follows_tempo,
        }
    }

    /// The time of `tick`, which is not before that of the last call.
    fn advance(&mut self, tick: u64) -> Duration {
        self.elapsed += u128::from(tick - self.tick) * self.per_tick;
        self.tick = tick;
        Duration::from_nanos(u64::try_from(self.elapsed / self.divisor).unwrap_or(u64::MAX))
    }

    fn set_tempo(&mut self, microseconds_per_quarter: u32) {
        if self.follows_tempo {
            self.per_tick = u128::from(microseconds_per_quarter) * 1000;
        }
    }
}

/// The length of an SMPTE frame as a fraction of a second.
const fn seconds_per_frame(frames: Fps) -> (u128, u128) {
    match frames {
        Fps::Fps24 => (1, 24),
        Fps::Fps25 => (1, 25),
        // Drop frame: 30 frames are numbered while 1.001 s go by.
        Fps::Fps29 => (1001, 30_000),
        Fps::Fps30 => (1, 30),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(format: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
        let count = u8::try_from(tracks.len()).expect("few tracks");
        let mut file = b"MThd\0\0\0\x06\0".to_vec();
        file.extend([format, 0, count, division[0], division[1]]);
        for track in tracks {
            file.extend(b"MTrk");
            let length = u32::try_from(track.len()).expect("short track");
            file.extend(length.to_be_bytes());
            file.extend(*track);
        }
        file
    }

    const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

    fn times(file: &[u8]) -> Vec<(u128, Vec<u8>)> {
        parse(file)
            .expect("a good file")
            .into_iter()
            .map(|message| (message.at.as_micros(), message.bytes))
            .collect()
    }

    #[test]
    fn tempo_map_of_one_track_holds_for_all() {
        let tempo = [
            &[0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40][..], // 1 000 000 µs per quarter
            &[96, 0xFF, 0x51, 3, 0x03, 0xD0, 0x90],    // 250 000 µs after one quarter
            &END,
        ]
        .concat();
        let notes = [&[0, 0x90, 60, 64][..], &[96, 61, 64], &[96, 62, 64], &END].concat();
        assert_eq!(
            times(&file(1, [0, 96], &[&tempo, &notes])),
            [
                (0, vec![0x90, 60, 64]),
                (1_000_000, vec![0x90, 61, 64]),
                (1_250_000, vec![0x90, 62, 64]),
            ]
        );
    }

    #[test]
    fn smpte_time_ignores_the_tempo() {
        let track = [
            &[0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40][..],
            &[100, 0xC3, 7],
            &END,
        ]
        .concat();
        // 25 frames of 40 ticks: a tick is 1 ms.
        assert_eq!(
            times(&file(0, [0xE7, 40], &[&track])),
            [(100_000, vec![0xC3, 7])]
        );
        // 29.97 frames of 100 ticks.
        assert_eq!(
            times(&file(0, [0xE3, 100], &[&track])),
            [(33_366, vec![0xC3, 7])]
        );
    }

    #[test]
    fn equal_times_keep_the_order_of_tracks() {
        let first = [&[10, 0x90, 1, 1][..], &[0, 2, 2], &END].concat();
        let second = [&[10, 0x91, 3, 3][..], &END].concat();
        let bytes: Vec<_> = times(&file(1, [0, 96], &[&first, &second]))
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect();
        assert_eq!(bytes, [[0x90, 1, 1], [0x90, 2, 2], [0x91, 3, 3]]);
    }

    #[test]
    fn packets_of_a_system_exclusive_message_go_out_as_they_stand() {
        let track = [
            &[0, 0xF0, 3, 0x43, 1, 2][..],
            &[10, 0xF7, 2, 3, 0xF7],
            &[0, 0xF7, 1, 0xF8],
            &[0, 0xF7, 0],
            &END,
        ]
        .concat();
        let bytes: Vec<_> = times(&file(0, [0, 96], &[&track]))
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect();
        assert_eq!(bytes, [vec![0xF0, 0x43, 1, 2], vec![3, 0xF7], vec![0xF8]]);
    }

    #[test]
    fn every_truncation_is_refused_as_such() {
        let track = [&[0, 0x90, 60, 64][..], &[10, 0xF0, 2, 1, 0xF7], &END].concat();
        let whole = file(1, [0, 96], &[&track, &track]);
        for length in 4..whole.len() {
            assert_eq!(
                parse(&whole[..length]),
                Err("truncated MIDI file".into()),
                "{length} of {} bytes",
                whole.len()
            );
        }
    }

    #[test]
    fn other_faults_are_named() {
        assert_eq!(parse(b"not music"), Err("not a MIDI file".into()));
        assert_eq!(parse(b""), Err("not a MIDI file".into()));
        assert_eq!(
            parse(&file(2, [0, 96], &[&END])),
            Err("MIDI file of format 2".into())
        );
        assert_eq!(
            parse(&file(0, [0x80, 40], &[&END])),
            Err("damaged MIDI file (no such frame rate)".into())
        );
        let damaged = parse(&file(0, [0, 96], &[&[0, 0x90, 0x90, 1, 0, 0xFF, 0x2F, 0]]));
        assert!(
            matches!(&damaged, Err(fault) if fault.starts_with("damaged")),
            "{damaged:?}"
        );
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(
            body in prop::collection::vec(any::<u8>(), 0..200),
            format in 0_u8..4,
            division in any::<[u8; 2]>(),
        ) {
            let _ = parse(&file(format, division, &[&body]));
            let _ = parse(&[b"MThd", &body[..]].concat());
            let _ = parse(&[b"RIFF", &body[..]].concat());
        }
    }
}
