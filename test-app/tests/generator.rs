//! The stress traffic: the same for the same seed, and with everything in it that it should have.

use std::collections::BTreeSet;
use std::time::Duration;

use midiuart_test::backend::Carries;
use midiuart_test::midi::BYTE_TIME;
use midiuart_test::midi::message::{Kind, Splitter};
use midiuart_test::traffic::Action;
use midiuart_test::traffic::generator::{Generator, Phase};
use midiuart_test::traffic::lane::{Lane, Side};
use midiuart_test::traffic::mix::{LONG_SYSEX, LONGEST_SYSEX, ODD_BYTES, REAL_TIME};

const QUARTER_HOUR: Duration = Duration::from_mins(15);

fn mixed(seed: u64) -> Vec<Action> {
    Generator::new(seed, 0, Phase::Mixed, Carries::Bytes, QUARTER_HOUR).collect()
}

fn sent(actions: &[Action]) -> impl Iterator<Item = &[u8]> {
    actions.iter().filter_map(|action| match action {
        Action::Send(bytes) => Some(&bytes[..]),
        Action::Pause(_) | Action::Reopen => None,
    })
}

#[test]
fn the_same_seed_makes_the_same_traffic() {
    assert_eq!(mixed(5), mixed(5));
    assert_ne!(mixed(5), mixed(6));
    let other_stream: Vec<_> =
        Generator::new(5, 1, Phase::Mixed, Carries::Bytes, QUARTER_HOUR).collect();
    assert_ne!(mixed(5), other_stream);
}

#[test]
fn traffic_takes_the_time_that_it_is_given() {
    for phase in [Phase::Saturated, Phase::Mixed] {
        for seconds in [1, 10, 100, 1000] {
            let budget = Duration::from_secs(seconds);
            let cost: Duration = Generator::new(seconds, 0, phase, Carries::Bytes, budget)
                .map(|action| action.cost())
                .sum();
            assert!(cost >= budget, "{cost:?} of {budget:?}");
            assert!(
                cost < budget + Duration::from_secs(1),
                "{cost:?} of {budget:?}"
            );
        }
    }
}

#[test]
fn a_run_of_the_default_length_has_every_length_of_system_exclusive() {
    for seed in 0..20 {
        let actions = mixed(seed);
        let lengths: BTreeSet<usize> = sent(&actions).map(<[u8]>::len).collect();
        for length in [3, 4, LONGEST_SYSEX] {
            assert!(lengths.contains(&length), "seed {seed}: none of {length}");
        }
        let longest = sent(&actions).filter(|bytes| bytes.len() == LONGEST_SYSEX);
        assert_eq!(longest.count(), 1, "seed {seed}");
    }
    let several: BTreeSet<usize> = (0..20)
        .flat_map(|seed| sent(&mixed(seed)).map(<[u8]>::len).collect::<Vec<_>>())
        .collect();
    for (length, _) in LONG_SYSEX {
        assert!(several.contains(length), "none of {length}");
    }
}

#[test]
fn a_run_has_every_kind_of_trouble() {
    let actions = mixed(1);
    assert!(actions.contains(&Action::Reopen));
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Pause(_)))
    );
    for &byte in ODD_BYTES {
        assert!(
            sent(&actions).any(|bytes| bytes == [byte]),
            "no {byte:02X} alone"
        );
    }
    for byte in REAL_TIME {
        let inside_sysex = |bytes: &[u8]| bytes.starts_with(&[0xF0]) && bytes.contains(byte);
        assert!(
            sent(&actions).any(inside_sysex),
            "no {byte:02X} in System Exclusive"
        );
        let inside_note = |bytes: &[u8]| bytes.len() == 4 && bytes[1..3].contains(byte);
        assert!(sent(&actions).any(inside_note), "no {byte:02X} in a note");
    }
    assert!(
        sent(&actions).any(|bytes| matches!(bytes, [0..0x80])),
        "no lone data"
    );
    assert!(
        sent(&actions).any(|bytes| matches!(bytes, [0..0x80, 0..0x80])),
        "no running status"
    );
}

#[test]
fn saturated_traffic_never_lets_the_wire_idle() {
    let mut saturated = Generator::new(1, 0, Phase::Saturated, Carries::Bytes, QUARTER_HOUR);
    assert!(saturated.all(|action| matches!(action, Action::Send(_))));
}

#[test]
fn a_lane_hands_over_ahead_of_the_wire_and_waits_through_pauses() {
    let mut lane = Lane::new(
        3,
        Side::Outward,
        Carries::Bytes,
        Duration::from_mins(1),
        Duration::ZERO,
    );
    let mut now = Duration::ZERO;
    let mut wire_free_at = Duration::ZERO;
    let mut idle_in_mixed_phase = false;
    while let Some(due) = lane.due() {
        now = now.max(due);
        if now > wire_free_at && wire_free_at > Duration::ZERO {
            assert!(!lane.in_saturated_phase(), "idle at {now:?}");
            idle_in_mixed_phase = true;
        }
        let ahead = wire_free_at.saturating_sub(now);
        assert!(ahead <= Duration::from_millis(200), "{ahead:?} ahead");
        if let Some(Action::Send(bytes)) = lane.take(now) {
            let length = u32::try_from(bytes.len()).expect("short");
            wire_free_at = wire_free_at.max(now) + BYTE_TIME * length;
        }
    }
    assert!(idle_in_mixed_phase);
    assert!(lane.spent() >= Duration::from_mins(1));
}

#[test]
fn where_only_messages_are_carried_each_record_is_a_complete_one() {
    for phase in [Phase::Saturated, Phase::Mixed] {
        let actions: Vec<_> =
            Generator::new(5, 0, phase, Carries::Messages, QUARTER_HOUR).collect();
        assert!(sent(&actions).any(|bytes| bytes.len() > 2048));
        for record in sent(&actions) {
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            for &byte in record {
                splitter.push(Duration::ZERO, byte, |message| found.push(message));
            }
            splitter.finish(|message| found.push(message));
            assert_eq!(found.len(), 1, "{record:02X?}");
            assert_eq!(found[0].bytes, record);
            assert_ne!(found[0].kind, Kind::Loose);
        }
    }
}
