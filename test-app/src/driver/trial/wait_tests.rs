//! Waiting for a port, by a clock that is made up.

use std::time::Duration;

use super::clock::Clock;
use super::fake::{FakeClock, FakeTrial};
use super::wait::{Waited, Wanted, World, wait};
use crate::backend::{PortInfo, Ports};
use crate::driver::fake::{FakeWindows, PACKAGE};
use crate::failure::{CLEAN, NO_SUCH_PORT};
use crate::interrupt::Interrupt;

const DEVICE: &str = r"ROOT\MEDIA\0000";

fn ports(outputs: &[&str], inputs: &[&str]) -> Ports {
    let side = |names: &[&str]| {
        let names = names.iter();
        names
            .map(|name| PortInfo {
                name: (*name).to_owned(),
                ..PortInfo::default()
            })
            .collect()
    };
    Ports {
        outputs: side(outputs),
        inputs: side(inputs),
    }
}

fn installed() -> FakeWindows {
    let mut windows = FakeWindows::default();
    let devices = &mut windows.state.devices;
    devices.insert(DEVICE.to_owned(), Some(PACKAGE.to_owned()));
    windows
}

fn trial(midisrv: bool) -> FakeTrial {
    let mut trial = FakeTrial::with(&[
        ("AudioEndpointBuilder", true),
        ("Audiosrv", true),
        ("midisrv", midisrv),
    ]);
    trial.drivers32 = vec![("midi".to_owned(), "wdmaud.drv".to_owned())];
    trial
}

/// Waits a minute at most; returns what came of it and the lines on the way.
fn waited(
    windows: &FakeWindows,
    trial: &mut FakeTrial,
    restart_midisrv: bool,
    listed: impl Fn(Duration, &FakeTrial) -> Ports,
) -> (Waited, String) {
    let wanted = Wanted {
        port: "midiuart".into(),
        limit: Duration::from_mins(1),
        restart_midisrv,
    };
    let mut clock = FakeClock::default();
    let shown = clock.clone();
    let mut lines = String::new();
    // What is listed may depend on what was done to the services by then.
    let restarted = std::cell::Cell::new(false);
    let mut list = || {
        let mut state = FakeTrial::default();
        if restarted.get() {
            state.done.push("start midisrv".into());
        }
        Ok(listed(shown.now(), &state))
    };
    let mut world = World {
        ports: &mut list,
        windows,
        trial,
        clock: &mut clock,
        interrupt: &Interrupt::default(),
    };
    let ended = wait(&wanted, &mut world, &mut |line| {
        restarted.set(line.contains("restarted midisrv"));
        lines.push_str(line);
        Ok(())
    });
    (ended.expect("an end"), lines)
}

#[test]
fn it_ends_when_both_sides_are_listed() {
    let (ended, lines) = waited(&installed(), &mut trial(true), true, |now, _| {
        match now.as_secs() {
            0..3 => ports(&["GS"], &[]),
            3..7 => ports(&["GS", "midiuart"], &[]),
            _ => ports(&["GS", "midiuart"], &["MidiUart (2)"]),
        }
    });
    assert_eq!(ended.exit_code(), CLEAN);
    assert_eq!(
        ended.success(),
        "7.0 s: winmm lists output 'midiuart' and input 'MidiUart (2)'\n"
    );
    assert_eq!(ended.failure(), None);
    assert_eq!(lines, "");
}

#[test]
fn midisrv_is_restarted_once_after_half_the_time() {
    let mut trial = trial(true);
    let (ended, lines) = waited(&installed(), &mut trial, true, |_, state| {
        if state.done.is_empty() {
            ports(&[], &[])
        } else {
            ports(&["midiuart"], &["midiuart"])
        }
    });
    assert_eq!(trial.done, ["stop midisrv", "start midisrv"]);
    assert!(lines.starts_with("30.0 s: restarted midisrv"), "{lines}");
    assert!(ended.found);
    let after = ended.midisrv.expect("a restart").after_s;
    assert!((after - 30.0).abs() < 0.01, "{after}");
}

#[test]
fn midisrv_is_left_alone_unless_asked_for_and_running() {
    for (asked, runs) in [(false, true), (true, false)] {
        let mut trial = trial(runs);
        let (ended, lines) = waited(&installed(), &mut trial, asked, |_, _| Ports::default());
        assert_eq!(trial.done, [""; 0]);
        assert_eq!(lines.contains("midisrv is stopped"), asked, "{lines}");
        assert!((ended.waited_s - 60.0).abs() < 0.01, "{}", ended.waited_s);
    }
}

#[test]
fn a_restart_that_fails_is_told_and_waiting_goes_on() {
    let mut trial = trial(true);
    trial.failing = Some((0, 1053));
    let (ended, lines) = waited(&installed(), &mut trial, true, |_, _| Ports::default());
    assert!(lines.contains("midisrv can't be restarted"), "{lines}");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert_eq!(ended.exit_code(), NO_SUCH_PORT);
}

#[test]
fn the_end_tells_what_was_seen_instead_and_what_to_do() {
    type Spoil = fn(&mut FakeWindows, &mut FakeTrial);
    let cases: &[(Spoil, &[&str])] = &[
        (
            |it, _| it.state.devices.clear(),
            &["devices: none", "run `driver install`"],
        ),
        (|it, _| it.problem = 52, &["problem 52", "test mode"]),
        (
            |_, it| {
                it.state.services.insert("Audiosrv".into(), false);
            },
            &["Audiosrv stopped", "run `driver prepare`"],
        ),
        (
            |_, it| {
                it.state.services.remove("Audiosrv");
            },
            &["Audiosrv not there", "Desktop Experience"],
        ),
        (
            |_, _| {},
            &[
                "midisrv running",
                r"ROOT\MEDIA\0000 runs",
                "midi=wdmaud.drv",
                "--restart-midisrv",
            ],
        ),
        (
            |_, it| {
                it.state.services.remove("midisrv");
            },
            &["midisrv not there", "run `driver restart`"],
        ),
        (
            |_, it| it.broken = Some("drivers32"),
            &["unknown: Drivers32: drivers32 failed with error 5"],
        ),
    ];
    for (spoil, expected) in cases {
        let (mut windows, mut trial) = (installed(), trial(true));
        spoil(&mut windows, &mut trial);
        let (ended, _) = waited(&windows, &mut trial, false, |_, _| {
            ports(&["midiuart"], &["keys"])
        });
        let line = ended.failure().expect("a failure").to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        let begin =
            "winmm lists no input 'midiuart' after 60.0 s; outputs: midiuart; inputs: keys;";
        assert!(line.starts_with(begin), "{line}");
        for expected in *expected {
            assert!(line.contains(expected), "{expected}: {line}");
        }
    }
}

#[test]
fn ctrl_c_ends_it_at_once() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let wanted = Wanted {
        port: "midiuart".into(),
        limit: Duration::from_mins(1),
        restart_midisrv: true,
    };
    let mut clock = FakeClock::default();
    let mut world = World {
        ports: &mut || Ok(Ports::default()),
        windows: &installed(),
        trial: &mut trial(true),
        clock: &mut clock,
        interrupt: &interrupt,
    };
    let ended = wait(&wanted, &mut world, &mut |_| Ok(())).expect("an end");
    assert!(ended.interrupted);
    assert_eq!(clock.now(), Duration::ZERO);
    let line = ended.failure().expect("a failure").to_string();
    assert!(line.contains("interrupted after 0.0 s"), "{line}");
}
