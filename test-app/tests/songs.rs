//! Real songs through the built program: the events that are captured are those of the file.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use midly::{Smf, TrackEventKind};
use tempfile::TempDir;

/// Names the folder with the songs, such as that of Debian's package `openttd-openmsx`.
const SONGS: &str = "MIDI_SONGS";
/// The image to play through instead of the driver that is linked in, if it is set.
const DRIVER: &str = "MIDIUART_DRIVER";

/// The channel and System Exclusive events of a file in the order of time.
fn events(contents: &[u8]) -> Vec<TrackEventKind<'_>> {
    let smf = Smf::parse(contents).expect("a song");
    let mut events = Vec::new();
    for track in smf.tracks {
        let mut tick = 0_u64;
        for event in track {
            tick += u64::from(event.delta.as_int());
            events.push((tick, event.kind));
        }
    }
    events.sort_by_key(|&(tick, _)| tick);
    events
        .into_iter()
        .map(|(_, kind)| kind)
        .filter(|kind| matches!(kind, TrackEventKind::Midi { .. } | TrackEventKind::SysEx(_)))
        .collect()
}

fn plays(song: &Path, capture: &Path) {
    let driver = env::var_os(DRIVER);
    let driver = driver.map(|path| ["--driver".into(), path]);
    let output = Command::new(env!("CARGO_BIN_EXE_midiuart-test"))
        .args(["play", "--fast", "--capture"])
        .args([capture, song])
        .args(driver.into_iter().flatten())
        .output()
        .expect("the program");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", song.display());
    let written = fs::read(song).expect("the song");
    let captured = fs::read(capture).expect("the capture");
    let expected = events(&written);
    assert!(!expected.is_empty(), "{} is silent", song.display());
    assert!(
        events(&captured) == expected,
        "{}: other events were captured",
        song.display()
    );
}

#[test]
#[ignore = "needs songs: MIDI_SONGS=FOLDER cargo test -p midiuart-test -- --ignored"]
fn captured_events_of_real_songs_equal_those_of_the_files() {
    let folder = env::var_os(SONGS).expect("MIDI_SONGS names a folder with songs");
    let place = TempDir::new().expect("a folder");
    let capture = place.path().join("captured.mid");
    let songs: Vec<_> = fs::read_dir(folder)
        .expect("the folder of MIDI_SONGS")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "mid"))
        .collect();
    assert!(!songs.is_empty(), "no songs in the folder");
    for song in &songs {
        plays(song, &capture);
    }
    println!("{} songs played", songs.len());
}
