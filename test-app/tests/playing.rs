//! `play`: what is in the file is what is captured, and files that are refused leave no trace.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{run, run_with};
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{Cable, FarEnd};
use midiuart_test::interrupt::Interrupt;
use midiuart_test::midi::smf::{self, TimedMessage};
use midiuart_test::midi::wire_time;
use midly::num::{u7, u15, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind,
};
use tempfile::TempDir;

fn event(delta: u32, kind: TrackEventKind<'_>) -> TrackEvent<'_> {
    TrackEvent {
        delta: u28::new(delta),
        kind,
    }
}

fn note(delta: u32, channel: u8, key: u8) -> TrackEvent<'static> {
    event(
        delta,
        TrackEventKind::Midi {
            channel: channel.into(),
            message: MidiMessage::NoteOn {
                key: u7::new(key),
                vel: u7::new(64),
            },
        },
    )
}

/// A song with a tempo change, chords over two tracks and a System Exclusive message.
fn song() -> Vec<u8> {
    let meta = |delta, meta| event(delta, TrackEventKind::Meta(meta));
    let end = || meta(0, MetaMessage::EndOfTrack);
    let first: Track<'_> = vec![
        meta(0, MetaMessage::TrackName(b"tempo")),
        meta(0, MetaMessage::Tempo(400_000.into())),
        event(0, TrackEventKind::SysEx(&[0x7E, 0x7F, 9, 1, 0xF7])),
        meta(960, MetaMessage::Tempo(600_000.into())),
        end(),
    ];
    let mut second: Track<'_> = (0..200)
        .map(|number| note(u32::from(number % 4) * 24, 3, number % 128))
        .collect();
    second.push(end());
    let mut third: Track<'_> = (0..100).map(|number| note(60, 9, number)).collect();
    third.push(end());
    let mut file = Vec::new();
    Smf {
        header: Header::new(Format::Parallel, Timing::Metrical(u15::new(96))),
        tracks: vec![first, second, third],
    }
    .write_std(&mut file)
    .expect("a song");
    file
}

struct Folder {
    place: TempDir,
    song: PathBuf,
    capture: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let song = folder.path().join("song.mid");
        fs::write(&song, self::song()).expect("a file");
        let capture = folder.path().join("captured.mid");
        Self {
            place: folder,
            song,
            capture,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.place.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("a name"))
            .collect();
        names.sort();
        names
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Where the wire would have each message if it carried them one after the other.
fn on_the_wire(messages: &[TimedMessage]) -> impl Iterator<Item = Duration> {
    let mut free_at = Duration::ZERO;
    messages.iter().map(move |message| {
        let start = free_at.max(message.at);
        free_at = start + wire_time(message.bytes.len());
        start
    })
}

#[test]
fn what_is_captured_is_what_is_in_the_file() {
    for cable in [
        Memory::default().cable,
        Cable {
            far_end: FarEnd::Loop,
            ..Cable::default()
        },
    ] {
        let folder = Folder::new();
        let backend = Memory {
            cable,
            ..Memory::default()
        };
        let ran = run(
            &backend,
            &[
                "play",
                "--fast",
                "--capture",
                text(&folder.capture),
                text(&folder.song),
            ],
        );
        assert_eq!(ran.code, 0, "{ran:?}");
        let played = smf::read(&folder.song).expect("the song");
        let captured = smf::read(&folder.capture).expect("the capture");
        assert_eq!(played.len(), 301);
        let bytes = |messages: &[TimedMessage]| -> Vec<Vec<u8>> {
            messages
                .iter()
                .map(|message| message.bytes.clone())
                .collect()
        };
        assert_eq!(bytes(&captured), bytes(&played));
        for (captured, start) in captured.iter().zip(on_the_wire(&played)) {
            let error = captured.at.abs_diff(start);
            assert!(
                error <= Duration::from_millis(1),
                "{captured:?} is {error:?} off"
            );
        }
        assert_eq!(folder.names(), ["captured.mid", "song.mid"]);
    }
}

#[test]
fn several_files_follow_each_other() {
    let folder = Folder::new();
    let song = text(&folder.song);
    let ran = run(
        &Memory::default(),
        &[
            "play",
            "--fast",
            song,
            song,
            "--capture",
            text(&folder.capture),
        ],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let captured = smf::read(&folder.capture).expect("the capture");
    assert_eq!(captured.len(), 602);
    assert!(captured[301].at > captured[300].at + Duration::from_millis(400));
}

#[test]
fn a_fault_of_the_wire_is_data_wrong() {
    let folder = Folder::new();
    for fault in [
        Fault::Lose(300),
        Fault::Duplicate(300),
        Fault::Swap(300),
        Fault::Corrupt(300),
    ] {
        let backend = Memory {
            outward: Some(fault),
            ..Memory::default()
        };
        let ran = run(&backend, &["play", "--fast", text(&folder.song)]);
        assert_eq!(ran.code, 1, "{fault:?}: {ran:?}");
        assert!(ran.output.contains("first difference at byte"), "{ran:?}");
    }
}

#[test]
fn a_device_that_fails_leaves_the_old_capture() {
    let folder = Folder::new();
    fs::write(&folder.capture, b"old").expect("a file");
    let backend = Memory {
        outward: Some(Fault::Fail(300)),
        ..Memory::default()
    };
    let ran = run(
        &backend,
        &[
            "play",
            "--fast",
            "--capture",
            text(&folder.capture),
            text(&folder.song),
        ],
    );
    assert_eq!(ran.code, 3);
    assert_eq!(ran.errors, "midiuart-test: STATUS_IO_DEVICE_ERROR\n");
    assert_eq!(fs::read(&folder.capture).expect("the file"), b"old");
    assert_eq!(folder.names(), ["captured.mid", "song.mid"]);
}

#[test]
fn an_interrupted_song_ends_its_notes() {
    let folder = Folder::new();
    let interrupt = Interrupt::default();
    interrupt.raise();
    let ran = run_with(
        &Memory::default(),
        &[
            "play",
            "--capture",
            text(&folder.capture),
            text(&folder.song),
        ],
        &interrupt,
    );
    assert_eq!(ran.code, 0);
    assert!(ran.output.contains("ended by Ctrl-C"), "{ran:?}");
    let captured = smf::read(&folder.capture).expect("the capture");
    assert_eq!(captured.len(), 16);
    assert_eq!(captured[15].bytes, [0xBF, 123, 0]);
}

#[test]
fn a_port_is_chosen_by_its_name() {
    let folder = Folder::new();
    let song = text(&folder.song);
    let ran = run(
        &Memory::default(),
        &["play", "--fast", "--port", "memory", song],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(
        &Memory::default(),
        &["play", "--fast", "--port", "other", song],
    );
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.errors,
        "midiuart-test: no output port 'other'; there are: 0 'memory'\n"
    );
}
