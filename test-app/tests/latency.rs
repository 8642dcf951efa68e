//! `latency`: on a cable in memory with faults planted in it, and on emulated PCs.

mod common;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use common::{Ran, run, run_with};
use midiuart_test::Host;
use midiuart_test::backend::emulated::EmulatedPc;
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{Cable, Carries, FarEnd};
use midiuart_test::interrupt::Interrupt;
use serde_json::Value;
use tempfile::TempDir;

const LOOP: Cable = Cable {
    wire_visible: false,
    far_end: FarEnd::Loop,
    carries: Carries::Bytes,
};

const LATENCY: [&str; 4] = ["latency", "--json", "--count", "200"];

fn memory(fault: Option<Fault>) -> Memory {
    Memory {
        cable: LOOP,
        outward: fault,
        inward: None,
    }
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.output).expect("JSON")
}

/// Runs on an emulated PC; returns the standard output.
fn emulated(arguments: &[&str]) -> String {
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let arguments = ["midiuart-test"].iter().chain(arguments);
    let code = midiuart_test::run(
        arguments.map(OsString::from),
        &mut Host {
            emulated: &EmulatedPc,
            winmm: &memory(None),
            interrupt: &Interrupt::default(),
            output: &mut output,
            errors: &mut errors,
        },
    );
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&errors));
    String::from_utf8(output).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn a_good_cable_loses_nothing_and_has_its_latency() {
    for arguments in [&LATENCY[..], &[&LATENCY[..], &["--load"]].concat()] {
        let ran = run(&memory(None), arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        let report = report(&ran);
        assert_eq!(report["clean"], true);
        assert_eq!(report["probes"]["sent"], 200);
        assert_eq!(report["probes"]["received"], 200);
        assert_eq!(report["other_messages"], 0);
        // Three bytes on the wire, and what the cable in memory takes before and after.
        assert_eq!(report["latency"]["min_us"], 975.0);
    }
}

#[test]
fn without_load_nothing_waits() {
    let report = report(&run(&memory(None), &LATENCY));
    assert_eq!(report["latency"]["max_us"], 975.0);
    assert_eq!(report["latency"]["standard_deviation_us"], 0.0);
    assert!(report["load"].is_null());
}

#[test]
fn load_is_counted_and_fills_half_of_what_is_left() {
    let arguments = [&LATENCY[..], &["--load", "--rate", "50"]].concat();
    let report = report(&run(&memory(None), &arguments));
    let load = &report["load"];
    assert_eq!(load["bytes_per_second"], (3125.0 - 150.0) / 2.0);
    assert_eq!(load["sent"], load["received"]);
    let expected = load["bytes_per_second"].as_f64().expect("a number") * 4.0;
    let ratio = load["bytes"].as_f64().expect("a number") / expected;
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
    // Load makes some of the messages wait, but never longer than its longest message lasts.
    let max = report["latency"]["max_us"].as_f64().expect("a number");
    assert!(max > 975.0 && max < 975.0 + 2.0 * 64.0 * 320.0, "{max}");
}

#[test]
fn each_fault_has_its_count() {
    for (fault, counts) in [
        (Fault::LoseRecord(70), [199, 1, 0, 0]),
        (Fault::DuplicateRecord(70), [200, 0, 1, 0]),
        (Fault::SwapRecords(70), [200, 0, 0, 1]),
    ] {
        let ran = run(&memory(Some(fault)), &LATENCY);
        assert_eq!(ran.code, 1, "{fault:?}");
        let report = report(&ran);
        assert_eq!(report["clean"], false, "{fault:?}");
        let names = ["received", "lost", "duplicated", "reordered"];
        for (name, count) in names.into_iter().zip(counts) {
            assert_eq!(report["probes"][name], count, "{fault:?} {name}");
        }
    }
}

#[test]
fn a_lost_message_is_empty_in_the_raw_figures() {
    let folder = TempDir::new().expect("a folder");
    let csv = folder.path().join("out.csv");
    let arguments = [&LATENCY[..], &["--csv", text(&csv)]].concat();
    let ran = run(&memory(Some(Fault::LoseRecord(70))), &arguments);
    let samples = &report(&ran)["samples"];
    assert!(samples[70]["latency_us"].is_null());
    assert_eq!(samples[71]["latency_us"], 975.0);
    let csv = fs::read_to_string(csv).expect("the file");
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 201);
    assert_eq!(lines[0], "number,sent_s,latency_us");
    let (sent, raw) = (&samples[70]["sent_s"], lines[71]);
    assert_eq!(raw, format!("70,{sent},"));
    assert!(lines[72].ends_with(",975"), "{}", lines[72]);
}

#[test]
fn a_corrupted_byte_is_a_lost_message() {
    let ran = run(&memory(Some(Fault::Corrupt(301))), &LATENCY);
    assert_eq!(ran.code, 1);
    let report = report(&ran);
    assert_eq!(report["probes"]["lost"], 1, "{}", report["probes"]);
}

#[test]
fn a_report_is_written_even_if_messages_are_lost() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("out.html");
    let arguments = ["latency", "--count", "50", "--report", text(&page)];
    let ran = run(&memory(Some(Fault::LoseRecord(7))), &arguments);
    assert_eq!(ran.code, 1);
    let repeat = "repeat with: midiuart-test latency --uart 16550 --seed 1 --client midisrv \
                  --count 50 --rate 100\n";
    assert!(ran.output.ends_with(repeat), "{}", ran.output);
    let page = fs::read_to_string(page).expect("the page");
    assert!(page.contains("Data wrong: lost: 1."), "{page}");
    assert!(page.contains("class=\"lost\""));
}

#[test]
fn a_device_that_fails_ends_the_run_with_one_line() {
    let ran = run(&memory(Some(Fault::Fail(100))), &LATENCY);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.output, "");
    assert_eq!(
        ran.errors,
        "midiuart-test: STATUS_IO_DEVICE_ERROR; seed 1; repeat with: midiuart-test latency \
         --uart 16550 --seed 1 --client midisrv --count 200 --rate 100\n"
    );
}

#[test]
fn a_loop_that_is_not_there_is_told() {
    let backend = Memory {
        cable: Cable {
            far_end: FarEnd::AssumedLoop,
            ..LOOP
        },
        outward: Some(Fault::LoseRecord(0)),
        inward: None,
    };
    let ran = run(&backend, &LATENCY);
    assert_eq!(ran.code, 5);
    assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
}

#[test]
fn an_interrupted_run_ends_with_what_there_is() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let ran = run_with(&memory(None), &["latency"], &interrupt);
    assert_eq!(ran.code, 0);
    assert!(ran.output.contains("ended by Ctrl-C"), "{}", ran.output);
}

#[test]
fn what_a_wire_cannot_carry_is_refused() {
    for (arguments, accepted) in [
        (&["latency", "--rate", "1042"][..], "1 to 1041"),
        (&["latency", "--rate", "1000", "--load"], "1 to 999"),
        (&["latency", "--rate", "0"], "1 to 1041"),
    ] {
        let ran = run(&memory(None), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert_eq!(ran.errors.lines().count(), 1);
        assert!(ran.errors.contains(accepted), "{}", ran.errors);
    }
}

#[test]
fn files_that_cannot_be_written_are_told_before_the_run() {
    let folder = TempDir::new().expect("a folder");
    let nowhere = folder.path().join("nowhere").join("out");
    for command in [
        &["latency", "--report"][..],
        &["latency", "--csv"],
        &["stress", "--report"],
    ] {
        // A run on this device would fail in another way.
        let backend = memory(Some(Fault::Fail(0)));
        let ran = run(&backend, &[command, &[text(&nowhere)]].concat());
        assert_eq!(ran.code, 2, "{command:?}: {ran:?}");
        assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
        assert!(ran.errors.contains(command[1]), "{}", ran.errors);
    }
    let same = folder.path().join("same");
    let arguments = ["latency", "--report", text(&same), "--csv", text(&same)];
    assert_eq!(run(&memory(None), &arguments).code, 2);
    assert!(!same.exists());
}

#[test]
fn equal_seeds_give_equal_bytes_and_different_seeds_do_not() {
    let folder = TempDir::new().expect("a folder");
    for uart in ["16550", "mpu401", "software"] {
        let all = |seed, name: &str| {
            let page = folder.path().join(format!("{name}.html"));
            let csv = folder.path().join(format!("{name}.csv"));
            let json = emulated(&[
                "latency",
                "--uart",
                uart,
                "--count",
                "150",
                "--load",
                "--seed",
                seed,
                "--json",
                "--report",
                text(&page),
                "--csv",
                text(&csv),
            ]);
            let read = |path| fs::read_to_string(path).expect("a file");
            [json, read(page), read(csv)]
        };
        let once = all("5", "once");
        assert_eq!(once, all("5", "twice"), "{uart}");
        let other = all("6", "other");
        for (once, other) in once.iter().zip(other) {
            assert_ne!(*once, other, "{uart}");
        }
        let folder = text(folder.path());
        assert!(once.iter().all(|text| !text.contains(folder)));
    }
}

#[test]
fn pages_need_nothing_from_elsewhere() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("out.html");
    for command in [
        &["latency", "--count", "50"][..],
        &["stress", "--duration", "5s"],
    ] {
        emulated(&[command, &["--report", text(&page)]].concat());
        let page = fs::read_to_string(&page).expect("the page");
        for elsewhere in [
            "http:", "https:", "<script", "<link", "@import", "url(", "src=",
        ] {
            assert!(!page.contains(elsewhere), "{command:?}: {elsewhere}");
        }
        for part in [
            "<title>",
            "<svg",
            "<desc",
            "scope=\"row\"",
            "@media print",
            "seed 1",
        ] {
            assert!(page.contains(part), "{command:?} lacks {part}");
        }
    }
}
