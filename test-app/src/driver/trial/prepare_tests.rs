//! Preparing and undoing it, on a Windows that is made up.

use super::fake::{Cut, FakeTrial, State};
use super::prepare::{LOG_LEVEL, SERVICES, apply, plan, recorded, undo};
use super::prepared::{Change, RawValue};
use crate::failure::{DEVICE_ERROR, Failure};

/// States that a machine can be in before.
fn states() -> Vec<State> {
    let levels = [
        None,
        Some(RawValue::number(0x20)),
        Some(RawValue::number(LOG_LEVEL)),
        Some(RawValue {
            kind: 1,
            data: vec![0x31, 0, 0, 0],
        }),
    ];
    let mut states = Vec::new();
    for level in levels {
        for (builder, audio) in [(false, false), (true, false), (true, true)] {
            let services = [(SERVICES[0], builder), (SERVICES[1], audio)];
            let mut state = FakeTrial::with(&services).state;
            state.log_level.clone_from(&level);
            states.push(state);
        }
    }
    states
}

fn windows_in(state: &State) -> FakeTrial {
    FakeTrial {
        state: state.clone(),
        ..FakeTrial::default()
    }
}

fn prepare(windows: &mut FakeTrial) -> Result<(), Failure> {
    apply(&plan(windows)?, windows)
}

fn assert_prepared(windows: &FakeTrial) {
    assert_eq!(windows.state.log_level, Some(RawValue::number(LOG_LEVEL)));
    assert!(SERVICES.iter().all(|name| windows.state.services[*name]));
}

#[test]
fn undoing_restores_what_was_there() {
    for state in states() {
        let mut windows = windows_in(&state);
        prepare(&mut windows).expect("done");
        assert_prepared(&windows);
        prepare(&mut windows).expect("nothing to do");
        undo(&mut windows).expect("done");
        assert_eq!(windows.state, state);
        assert_eq!(undo(&mut windows), Ok(Vec::new()));
    }
}

#[test]
fn a_second_preparation_does_not_take_its_own_value_for_what_was_there() {
    let before = Some(RawValue::number(7));
    let mut windows = FakeTrial::with(&SERVICES.map(|name| (name, true)));
    windows.state.log_level.clone_from(&before);
    prepare(&mut windows).expect("done");
    windows.state.log_level = Some(RawValue::number(9));
    prepare(&mut windows).expect("done");
    undo(&mut windows).expect("done");
    assert_eq!(windows.state.log_level, before);
}

#[test]
fn whatever_fails_what_was_done_is_undone() {
    for state in states() {
        let mut index = 0;
        loop {
            let mut windows = windows_in(&state);
            windows.failing = Some((index, 5));
            let Err(failure) = prepare(&mut windows) else {
                break;
            };
            assert_eq!(windows.state, state, "change {index}: {failure}");
            assert_eq!(failure.exit_code(), DEVICE_ERROR);
            let line = failure.to_string();
            assert!(line.contains("was undone"), "{line}");
            index += 1;
        }
        let changes = plan(&windows_in(&state)).expect("a plan").changes.len();
        assert_eq!(index, 2 * changes, "each is recorded and made");
    }
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing() {
    for state in states() {
        let mut prepared = windows_in(&state);
        prepare(&mut prepared).expect("done");
        let changes = prepared.tried;
        survives(&state, &state, changes, |windows| {
            let _ = prepare(windows);
        });
        let prepared = prepared.state;
        let mut undone = windows_in(&prepared);
        undo(&mut undone).expect("done");
        survives(&prepared, &state, undone.tried, |windows| {
            let _ = undo(windows);
        });
    }
}

/// Cuts `act` short before and after each of its changes, prepares again, and undoes that.
fn survives(from: &State, before: &State, changes: usize, act: fn(&mut FakeTrial)) {
    let cuts = (0..changes).flat_map(|index| [Cut::Before(index), Cut::After(index)]);
    for cut in cuts {
        // What was started may run again after a start of Windows, or not.
        for forgets_services in [false, true] {
            let mut windows = windows_in(from);
            windows.cut = Some(cut);
            act(&mut windows);
            assert!(windows.is_off, "{cut:?}");
            let mut windows = windows_in(&windows.state);
            if forgets_services {
                windows.state.services.clone_from(&before.services);
            }
            prepare(&mut windows).expect("done");
            assert_prepared(&windows);
            undo(&mut windows).expect("done");
            assert_eq!(windows.state, *before, "{cut:?}");
        }
    }
}

#[test]
fn a_service_that_another_needs_stays_recorded() {
    let mut windows = FakeTrial::with(&[(SERVICES[0], false), (SERVICES[1], false)]);
    prepare(&mut windows).expect("done");
    // Stopping Audiosrv, the newest, fails.
    windows.failing = Some((windows.tried, 1053));
    let failure = undo(&mut windows).expect_err("a service that stays");
    let line = failure.to_string();
    assert!(line.contains("stop service Audiosrv"), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert_eq!(windows.state.log_level, None, "the rest is undone");
    let left = recorded(&windows).expect("a record");
    let services = SERVICES.map(|service| Change::Started {
        service: service.to_owned(),
    });
    assert!(left.iter().rev().eq(&services), "{left:?}");
    undo(&mut windows).expect("done");
    assert!(recorded(&windows).expect("a record").is_empty());
}

#[test]
fn what_is_not_there_is_remarked() {
    let plan = plan(&FakeTrial::default()).expect("a plan");
    assert_eq!(plan.changes.len(), 1);
    let text = plan.to_string();
    assert!(
        text.contains("LogLevel to 0x2000ffff (now: not there)"),
        "{text}"
    );
    assert!(text.contains("no service Audiosrv"), "{text}");
}

#[test]
fn what_can_t_be_asked_changes_nothing() {
    for broken in ["log_level", "service", "prepared"] {
        let mut windows = FakeTrial::with(&SERVICES.map(|name| (name, false)));
        windows.broken = Some(broken);
        let failure = prepare(&mut windows).expect_err("a refusal");
        assert_eq!(failure.exit_code(), DEVICE_ERROR);
        assert!(failure.to_string().contains("administrator"), "{failure}");
        assert_eq!(windows.tried, 0, "{broken}");
    }
}
