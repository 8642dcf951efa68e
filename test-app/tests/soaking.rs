//! `soak` and `status` on a cable in memory, with and without a fault planted in it, and on an emulated PC.

mod common;

use common::{Ran, run, run_with};
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{Cable, Carries, FarEnd};
use midiuart_test::interrupt::Interrupt;
use serde_json::Value;

/// Three periods, of which the last is shorter.
const SOAK: [&str; 6] = ["soak", "--json", "--duration", "25s", "--every", "10s"];
/// A byte in the second period.
const SECOND_PERIOD: u64 = 40_000;

fn looped(carries: Carries, outward: Option<Fault>) -> Memory {
    Memory {
        cable: Cable {
            wire_visible: false,
            far_end: FarEnd::Loop,
            carries,
        },
        outward,
        inward: None,
    }
}

/// The documents, a line each.
fn documents(ran: &Ran) -> Vec<Value> {
    let lines = ran.output.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a document"))
        .collect()
}

#[test]
fn a_line_tells_of_each_period_and_the_last_sums_them_up() {
    for carries in [Carries::Bytes, Carries::Messages] {
        let ran = run(&looped(carries, None), &SOAK);
        assert_eq!(ran.code, 0, "{}", ran.errors);
        let documents = documents(&ran);
        let kinds: Vec<_> = documents.iter().map(|it| it["kind"].as_str()).collect();
        let period = Some("period");
        assert_eq!(kinds, [period, period, period, Some("summary")]);
        let bytes = |document: &Value, of: &str| document[of]["bytes"].as_u64().expect("bytes");
        let sum: u64 = documents[..3].iter().map(|it| bytes(it, "period")).sum();
        assert_eq!(sum, bytes(&documents[3], "total"));
        assert_eq!(sum, bytes(&documents[2], "total"));
        assert!(sum > SECOND_PERIOD, "{sum}");
        assert_eq!(documents[3]["clean"], true);
        assert_eq!(documents[3]["wrong_periods"], 0);
    }
}

#[test]
fn a_lost_byte_is_told_in_its_period_and_the_run_goes_on() {
    let ran = run(
        &looped(Carries::Bytes, Some(Fault::Lose(SECOND_PERIOD))),
        &SOAK,
    );
    assert_eq!(ran.code, 1);
    let documents = documents(&ran);
    let lost: Vec<_> = documents[..3]
        .iter()
        .map(|it| it["period"]["lost"].as_u64())
        .collect();
    assert_eq!(lost, [Some(0), Some(1), Some(0)]);
    assert_eq!(documents[3]["total"]["lost"], 1);
    assert_eq!(documents[3]["wrong_periods"], 1);
    assert!(documents[1]["first_difference"].is_object());
}

#[test]
fn the_first_wrong_period_can_be_the_last() {
    let memory = looped(Carries::Bytes, Some(Fault::Corrupt(SECOND_PERIOD)));
    let ran = run(&memory, &[&SOAK[..], &["--stop-at-first"]].concat());
    assert_eq!(ran.code, 1);
    let documents = documents(&ran);
    assert_eq!(documents.len(), 3);
    assert_eq!(documents[2]["total"]["corrupted"], 1);
}

#[test]
fn ctrl_c_ends_it_with_its_summary() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let ran = run_with(&looped(Carries::Messages, None), &SOAK, &interrupt);
    assert_eq!(ran.code, 0, "{}", ran.errors);
    let documents = documents(&ran);
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["interrupted"], true);
}

#[test]
fn a_port_without_a_loop_is_refused() {
    let memory = Memory {
        cable: Cable::default(),
        ..Memory::default()
    };
    let ran = run(&memory, &SOAK);
    assert_eq!(ran.code, 5);
    assert!(ran.errors.contains("--out and --in"), "{}", ran.errors);
}

#[test]
fn status_names_the_one_device_there_is() {
    let ran = run(
        &Memory::default(),
        &["status", "--on", "emulated", "--port", "PCI"],
    );
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.errors,
        "midiuart-test: no device 'PCI'; there are: none\n"
    );
}
