//! `compare`: figures of two runs side by side.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Ran, run};
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{Cable, Carries, FarEnd};
use serde_json::Value;
use tempfile::TempDir;

fn memory(fault: Option<Fault>) -> Memory {
    Memory {
        cable: Cable {
            wire_visible: false,
            far_end: FarEnd::Loop,
            carries: Carries::Bytes,
        },
        outward: fault,
        inward: None,
    }
}

/// Writes what a run prints to a file of that name.
fn printed(folder: &Path, name: &str, fault: Option<Fault>, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, run(&memory(fault), arguments).output).expect("a file");
    path
}

fn compare(a: &Path, b: &Path, options: &[&str]) -> Ran {
    let [a, b] = [a, b].map(|path| path.to_str().expect("a path in UTF-8"));
    run(&memory(None), &[&["compare", a, b], options].concat())
}

#[test]
fn two_runs_stand_side_by_side() {
    let folder = TempDir::new().expect("a folder");
    let latency = |name, fault, count| {
        let arguments = ["latency", "--json", "--count", count];
        printed(folder.path(), name, fault, &arguments)
    };
    let a = latency("a.json", None, "100");
    let b = latency("b.json", Some(Fault::LoseRecord(3)), "200");
    let ran = compare(&a, &b, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = |name: &str| {
        let mut lines = ran.output.lines().skip(1);
        let line = lines.find(|line| line.starts_with(name)).expect("a row");
        line[name.len()..].split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("messages"), ["100", "200", "2.000"]);
    assert_eq!(row("lost"), ["0", "1", "-"]);
    assert_eq!(row("median"), ["975.0", "µs", "975.0", "µs", "1.000"]);

    let ran = compare(&a, &b, &["--json"]);
    let ratios: Value = serde_json::from_str(&ran.output).expect("JSON");
    assert_eq!(ratios["of"], "latency");
    let figures = ratios["figures"].as_array().expect("figures");
    let received = figures.iter().find(|figure| figure["name"] == "received");
    let received = received.expect("a figure");
    assert_eq!(
        (&received["a"], &received["b"]),
        (&100.0.into(), &199.0.into())
    );
    assert_eq!(received["ratio"], 1.99);
}

#[test]
fn runs_of_stress_are_compared_by_direction() {
    let folder = TempDir::new().expect("a folder");
    let stress = |name, duration| {
        let arguments = ["stress", "--json", "--duration", duration];
        printed(folder.path(), name, None, &arguments)
    };
    let ran = compare(&stress("a.json", "5s"), &stress("b.json", "10s"), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.output.contains("round trip: bytes"), "{}", ran.output);
}

#[test]
fn what_cannot_be_compared_is_told_in_one_line() {
    let folder = TempDir::new().expect("a folder");
    let latency = ["latency", "--json", "--count", "5"];
    let good = printed(folder.path(), "good.json", None, &latency);
    let stress = ["stress", "--json", "--duration", "1s"];
    let other = printed(folder.path(), "stress.json", None, &stress);
    let ports = printed(folder.path(), "list.json", None, &["list", "--json"]);
    let text = printed(folder.path(), "text.json", None, &["list"]);
    let missing = folder.path().join("missing.json");
    for bad in [other, ports, text, missing] {
        let ran = compare(&good, &bad, &[]);
        assert_eq!(ran.code, 2, "{}", bad.display());
        assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
        let name = bad.file_name().expect("a name").to_string_lossy();
        assert!(ran.errors.contains(&*name), "{}", ran.errors);
    }
}
