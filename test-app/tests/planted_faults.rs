//! The whole tool on a cable in memory, with and without a fault planted in it.

mod common;

use common::{Ran, run, run_with};
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{Cable, Carries, FarEnd};
use midiuart_test::interrupt::Interrupt;
use serde_json::Value;

const STRESS: [&str; 6] = ["stress", "--json", "--duration", "30s", "--seed", "7"];

/// A byte in the middle of a run of 30 s.
const SOMEWHERE: u64 = 31_416;

const NOTHING: Cable = Cable {
    wire_visible: false,
    far_end: FarEnd::Others,
    carries: Carries::Bytes,
};

const VISIBLE: Cable = Cable {
    wire_visible: true,
    far_end: FarEnd::Ours,
    ..NOTHING
};

const LOOP_CABLE: Cable = Cable {
    wire_visible: true,
    far_end: FarEnd::Loop,
    ..NOTHING
};

const LOOPBACK_DEVICE: Cable = Cable {
    far_end: FarEnd::Loop,
    ..NOTHING
};

fn memory(cable: Cable) -> Memory {
    Memory {
        cable,
        ..Memory::default()
    }
}

fn direction<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["directions"]
        .as_array()
        .expect("directions")
        .iter()
        .find(|direction| direction["direction"] == name)
        .unwrap_or_else(|| panic!("no direction {name}"))
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.output).expect("JSON")
}

#[test]
fn a_good_cable_is_clean_both_ways() {
    let ran = run(&memory(VISIBLE), &STRESS);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = report(&ran);
    assert_eq!(report["clean"], true);
    assert_eq!(report["saturated_utilisation"], 1.0);
    for name in ["out", "in"] {
        let direction = direction(&report, name);
        assert!(direction["bytes"].as_u64() > Some(70_000), "{direction}");
        assert_eq!(direction["bytes"], direction["bytes_arrived"]);
        assert!(direction["latency"]["samples"].as_u64() > Some(1000));
    }
    let out = direction(&report, "out");
    assert!(out["latency"]["max_us"].as_f64() < Some(6.0), "{out}");
    let inward = direction(&report, "in");
    assert!(
        inward["latency"]["max_us"].as_f64() < Some(11.0),
        "{inward}"
    );
}

#[test]
fn loops_are_clean_too() {
    for (cable, names) in [
        (LOOP_CABLE, &["out", "in"][..]),
        (LOOPBACK_DEVICE, &["round trip"]),
    ] {
        let ran = run(&memory(cable), &STRESS);
        assert_eq!(ran.code, 0, "{cable:?}: {ran:?}");
        let report = report(&ran);
        for name in names {
            let direction = direction(&report, name);
            assert!(direction["bytes"].as_u64() > Some(70_000), "{direction}");
            assert_eq!(direction["bytes"], direction["bytes_arrived"]);
        }
    }
}

#[test]
fn each_fault_is_found_and_named_in_each_direction() {
    for (fault, count) in [
        (Fault::Lose(SOMEWHERE), "lost"),
        (Fault::Duplicate(SOMEWHERE), "duplicated"),
        (Fault::Swap(SOMEWHERE), "reordered"),
        (Fault::Corrupt(SOMEWHERE), "corrupted"),
    ] {
        for (cable, name, is_outward) in [
            (VISIBLE, "out", true),
            (VISIBLE, "in", false),
            (LOOPBACK_DEVICE, "round trip", true),
        ] {
            let backend = Memory {
                cable,
                outward: is_outward.then_some(fault),
                inward: (!is_outward).then_some(fault),
            };
            let ran = run(&backend, &STRESS);
            assert_eq!(ran.code, 1, "{fault:?} {name}: {ran:?}");
            let report = report(&ran);
            assert_eq!(report["clean"], false);
            let direction = direction(&report, name);
            assert_eq!(direction[count], 1, "{fault:?} {name}: {direction}");
            let offset = direction["first_difference"]["offset"].as_u64();
            let offset = offset.expect("an offset");
            assert!(
                offset.abs_diff(SOMEWHERE) <= 16,
                "{fault:?} {name}: {offset}"
            );
            let all = report["directions"].as_array().expect("directions");
            let clean = all
                .iter()
                .filter(|other| other["first_difference"].is_null());
            assert_eq!(clean.count(), all.len() - 1, "{fault:?} {name}");
        }
    }
}

#[test]
fn a_loop_cable_tells_the_ways_apart() {
    let backend = Memory {
        outward: Some(Fault::Lose(SOMEWHERE)),
        ..memory(LOOP_CABLE)
    };
    let ran = run(&backend, &STRESS);
    assert_eq!(ran.code, 1);
    let report = report(&ran);
    assert_eq!(direction(&report, "out")["lost"], 1);
    assert_eq!(direction(&report, "in")["lost"], 0);
}

#[test]
fn a_failing_run_names_its_seed_and_the_command_that_repeats_it() {
    let backend = Memory {
        outward: Some(Fault::Lose(100)),
        ..Memory::default()
    };
    let ran = run(
        &backend,
        &[
            "stress",
            "--duration",
            "90s",
            "--uart",
            "mpu401",
            "--quirk",
            "no-ack",
            "--seed",
            "9",
        ],
    );
    assert_eq!(ran.code, 1);
    let repeat = "repeat with: midiuart-test stress --uart mpu401 --quirk no-ack --seed 9 \
                  --client midisrv --duration 1m30s\n";
    assert!(ran.output.ends_with(repeat), "{}", ran.output);
    assert!(
        ran.output.contains("out: first difference at byte "),
        "{}",
        ran.output
    );

    let (_, command) = ran.output.rsplit_once("midiuart-test ").expect("a command");
    let again: Vec<_> = command.split_whitespace().collect();
    assert_eq!(run(&backend, &again).output, ran.output);
}

#[test]
fn a_device_that_fails_ends_the_run_with_one_line() {
    let backend = Memory {
        outward: Some(Fault::Fail(5000)),
        ..Memory::default()
    };
    let ran = run(&backend, &STRESS);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.output, "");
    assert_eq!(
        ran.errors,
        "midiuart-test: STATUS_IO_DEVICE_ERROR; seed 7; repeat with: midiuart-test stress \
         --uart 16550 --seed 7 --client midisrv --duration 30s\n"
    );
}

#[test]
fn a_port_that_shows_nothing_cannot_be_stressed() {
    let ran = run(&memory(NOTHING), &STRESS);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.errors.lines().count(), 1);
}

#[test]
fn the_table_has_every_row() {
    let ran = run(&Memory::default(), &["stress", "--duration", "10s"]);
    assert_eq!(ran.code, 0);
    assert!(ran.output.contains("seed 1"), "{}", ran.output);
    for row in [
        "bytes",
        "messages",
        "lost",
        "duplicated",
        "reordered",
        "corrupted",
        "latency p50",
        "latency p99.9",
        "latency max",
        "utilisation, saturated phase",
        "partial writes",
        "zero writes",
        "longest at raised IRQL",
        "longest interrupt routine",
        "longest DPC",
        "longest Write",
        "longest spin lock",
    ] {
        let found = ran.output.lines().any(|line| line.starts_with(row));
        assert!(found, "no row {row} in:\n{}", ran.output);
    }
}

#[test]
fn an_interrupted_run_ends_with_its_table() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let ran = run_with(&Memory::default(), &["stress"], &interrupt);
    assert_eq!(ran.code, 0);
    assert!(ran.output.contains("ended by Ctrl-C"), "{}", ran.output);
}
