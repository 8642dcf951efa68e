//! The power goes before or after any change, and the machine is used again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::fake::{Cut, FakeWindows, PowerCut, State};
use super::super::record::Record;
use super::{install, plan, remove, states, windows_with, without_drivers};

/// Runs `work` on a machine in that state, and cuts it off; returns what the machine is in then, or `None`
/// if `work` ended before.
fn cut_off(state: &State, cut: Cut, work: impl FnOnce(&mut FakeWindows)) -> Option<State> {
    let mut windows = windows_with(state);
    windows.cut = Some(cut);
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut windows)));
    let cut = outcome.err()?;
    assert!(cut.is::<PowerCut>(), "another panic");
    Some(windows.state)
}

/// Each state that a power cut leaves a machine in.
fn cuts(state: &State, work: fn(&mut FakeWindows)) -> Vec<(Cut, State)> {
    let mut left = Vec::new();
    for index in 0.. {
        let mut was_cut = false;
        for cut in [Cut::Before(index), Cut::After(index)] {
            if let Some(state) = cut_off(state, cut, work) {
                left.push((cut, state));
                was_cut = true;
            }
        }
        if !was_cut {
            break;
        }
    }
    left
}

fn installs(windows: &mut FakeWindows) {
    install(&plan(), windows).expect("done");
}

fn removes(windows: &mut FakeWindows) {
    remove(windows).expect("done");
}

/// Removes from a machine in that state; returns what is left.
fn removed_from(state: &State) -> State {
    let mut windows = windows_with(state);
    removes(&mut windows);
    without_drivers(&windows.state)
}

#[test]
fn an_installation_that_is_cut_off_is_removed_whole() {
    for state in states() {
        let cuts = cuts(&state, installs);
        assert!(cuts.len() > 2, "at least a copy is made and removed");
        for (cut, left) in cuts {
            assert_eq!(removed_from(&left), state, "{cut:?}: {left:#?}");
        }
    }
}

#[test]
fn an_installation_that_is_cut_off_is_continued_and_removed_whole() {
    for state in states() {
        for (cut, left) in cuts(&state, installs) {
            let mut windows = windows_with(&left);
            installs(&mut windows);
            let is_done = windows.state.devices.values().all(Option::is_some);
            assert!(is_done && !windows.state.devices.is_empty(), "{cut:?}");
            assert_eq!(removed_from(&windows.state), state, "{cut:?}: {left:#?}");
        }
    }
}

#[test]
fn a_removal_that_is_cut_off_is_repeated() {
    for state in states() {
        let mut windows = windows_with(&state);
        installs(&mut windows);
        for (cut, left) in cuts(&windows.state, removes) {
            assert_eq!(removed_from(&left), state, "{cut:?}: {left:#?}");
            let mut windows = windows_with(&left);
            installs(&mut windows);
            assert_eq!(removed_from(&windows.state), state, "{cut:?}: {left:#?}");
        }
    }
}

#[test]
fn taking_back_what_failed_is_cut_off_too() {
    fn fails(windows: &mut FakeWindows) {
        windows.problem = 10;
        install(&plan(), windows).expect_err("a problem");
    }
    for state in states() {
        for (cut, left) in cuts(&state, fails) {
            assert_eq!(removed_from(&left), state, "{cut:?}: {left:#?}");
        }
    }
}

#[test]
fn nothing_is_changed_that_was_not_written_down() {
    // Whatever is there at a cut and was not before, the record has.
    let fresh = State::default();
    for (cut, left) in cuts(&fresh, installs) {
        let windows = windows_with(&left);
        let record = Record::of(&windows).expect("a record");
        let things = left.certificates.len()
            + left.packages.len()
            + left.devices.len()
            + left.copies.len()
            + usize::from(left.service);
        assert!(record.steps.len() >= things, "{cut:?}: {left:#?}");
        assert_eq!(record.steps.is_empty(), left.record.is_none());
    }
}
