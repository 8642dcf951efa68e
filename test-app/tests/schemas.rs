//! What each command prints with `--json`, against its schema in `schemas/`.
//!
//! A command that prints JSON has a row with an example run in [`RUNS`], or in [`WINMM_RUNS`] if it is of
//! use on winmm's ports only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A schema, and the arguments of a run whose output it describes, on an emulated PC. `SONG` is a file.
const RUNS: [(&str, &[&str]); 13] = [
    ("list", &["list"]),
    ("stress", &["stress", "--duration", "5s"]),
    (
        "stress",
        &["stress", "--duration", "5s", "--uart", "software"],
    ),
    (
        "stress",
        &[
            "stress",
            "--duration",
            "2s",
            "--uart",
            "mpu401",
            "--quirk",
            "no-ack",
        ],
    ),
    ("latency", LATENCY),
    ("latency", LATENCY_UNDER_LOAD),
    ("latency", &["latency", "--count", "5", "--uart", "mpu401"]),
    ("play", &["play", "--fast", "SONG"]),
    ("play", &["play", "--fast", "SONG", "--uart", "software"]),
    ("status", &["status"]),
    ("soak", &["soak", "--duration", "20s", "--every", "5s"]),
    ("driver-ks-probe", &["driver", "ks-probe"]),
    (
        "driver-ks-probe",
        &[
            "driver", "ks-probe", "--stamps", "header", "--uart", "16550",
        ],
    ),
];

const LATENCY: &[&str] = &["latency", "--count", "40"];

const LATENCY_UNDER_LOAD: &[&str] = &["latency", "--count", "40", "--load", "--uart", "software"];

/// The runs on the ports of winmm's double, which other hosts than Windows have.
#[cfg(not(windows))]
const WINMM_RUNS: [(&str, &[&str]); 7] = [
    ("list", &["list", "--on", "winmm"]),
    ("latency", &["latency", "--count", "20", "--on", "winmm"]),
    ("stress", &["stress", "--duration", "1s", "--on", "winmm"]),
    ("send", &["send", "on 60 100"]),
    ("panic", &["panic"]),
    ("monitor", &["monitor", "--for", "200ms"]),
    (
        "conformance",
        &["conformance", "--only", "error-texts,open-with-event"],
    ),
];

/// A file with one note.
const NOTE: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x08\0\x90\x3C\x40\0\xFF\x2F\0";

/// The schemas, compiled as they are asked for.
#[derive(Default)]
struct Validator {
    schemas: Schemas,
    compiler: Compiler,
}

impl Validator {
    fn schema(&mut self, name: &str) -> SchemaIndex {
        let file = folder().join(format!("{name}.json"));
        let file = file.to_str().expect("a path in UTF-8");
        self.compiler
            .compile(file, &mut self.schemas)
            .unwrap_or_else(|error| panic!("{name}: {error:#}"))
    }

    /// Why `document` is not as schema `name` has it.
    fn fault(&mut self, name: &str, document: &Value) -> Option<String> {
        let schema = self.schema(name);
        let checked = self.schemas.validate(document, schema);
        checked.err().map(|error| format!("{name}: {error:#}"))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// Runs the program with `--json` in `folder`; returns the documents that it prints.
fn printed(arguments: &[&str], folder: &Path) -> Vec<Value> {
    let (command, options) = arguments.split_at(match arguments[0] {
        "driver" => 2,
        _ => 1,
    });
    let output = Command::new(env!("CARGO_BIN_EXE_midiuart-test"))
        .args(command)
        .arg("--json")
        .args(options)
        .current_dir(folder)
        .env("EMULATED_PORTS", "software+unpaced")
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let documents: Vec<Value> = documents
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    assert!(!documents.is_empty(), "{arguments:?}");
    documents
}

/// The same on an emulated PC.
fn printed_on_emulated(arguments: &[&str], folder: &Path) -> Vec<Value> {
    printed(&[arguments, &["--on", "emulated"]].concat(), folder)
}

fn all_are_valid(name: &str, arguments: &[&str], documents: &[Value]) {
    let mut validator = Validator::default();
    for document in documents {
        if let Some(fault) = validator.fault(name, document) {
            panic!("{arguments:?}: {fault}");
        }
    }
}

#[test]
fn what_commands_print_is_as_their_schemas_have_it() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("SONG"), NOTE).expect("a file");
    for (name, arguments) in RUNS {
        let documents = printed_on_emulated(arguments, folder.path());
        all_are_valid(name, arguments, &documents);
    }
}

#[test]
fn what_compare_prints_is_as_its_schema_has_it() {
    let folder = TempDir::new().expect("a folder");
    for (name, arguments) in [("A", LATENCY), ("B", LATENCY_UNDER_LOAD)] {
        let report = printed_on_emulated(arguments, folder.path()).remove(0);
        fs::write(folder.path().join(name), report.to_string()).expect("a file");
    }
    let arguments = ["compare", "A", "B"];
    all_are_valid("compare", &arguments, &printed(&arguments, folder.path()));
}

#[test]
#[cfg(not(windows))]
fn what_commands_print_of_winmm_is_as_their_schemas_have_it() {
    let folder = TempDir::new().expect("a folder");
    for (name, arguments) in WINMM_RUNS {
        all_are_valid(name, arguments, &printed(arguments, folder.path()));
    }
}

#[test]
fn every_schema_can_be_used() {
    let mut validator = Validator::default();
    for entry in fs::read_dir(folder()).expect("the schemas") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let _ = validator.schema(&name);
        let text = fs::read_to_string(&path).expect("the schema");
        assert!(
            text.contains("https://json-schema.org/draft/2020-12/schema"),
            "{name}"
        );
    }
}

#[test]
#[cfg(not(windows))]
fn folders_and_interfaces_are_found_in_reports() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("SONG"), NOTE).expect("a file");
    let mut validator = Validator::default();
    for (name, arguments, place, wrong) in [
        (
            "play",
            &["play", "--fast", "SONG", "--on", "emulated"][..],
            "/files/0",
            "/home/anna/SONG",
        ),
        (
            "latency",
            &["latency", "--count", "5", "--on", "winmm"],
            "/environment/output/capabilities/interface",
            r"\\?\root#media#0000",
        ),
    ] {
        let mut document = printed(arguments, folder.path()).remove(0);
        assert_eq!(validator.fault(name, &document), None);
        *document.pointer_mut(place).expect(place) = json!(wrong);
        assert!(validator.fault(name, &document).is_some(), "{place}");
    }
}

#[test]
fn documents_that_are_wrong_are_found() {
    let folder = TempDir::new().expect("a folder");
    let mut validator = Validator::default();
    let good = printed_on_emulated(LATENCY, folder.path()).remove(0);
    assert_eq!(validator.fault("latency", &good), None);
    for (place, wrong) in [
        ("/command", json!("stress")),
        ("/probes/lost", json!(-1)),
        ("/probes/sent", json!("40")),
        ("/latency/median_us", json!(null)),
        ("/samples/7/latency_us", json!("960")),
        ("/environment/uart", json!("8250")),
        ("/wire/seen_by", json!("nobody")),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).expect(place) = wrong;
        assert!(validator.fault("latency", &document).is_some(), "{place}");
    }
    for place in [
        "",
        "/probes",
        "/samples/0",
        "/device/longest",
        "/environment",
    ] {
        let mut longer = good.clone();
        let object = longer.pointer_mut(place).expect(place);
        object["surplus"] = json!(1);
        assert!(validator.fault("latency", &longer).is_some(), "{place}");
        let mut shorter = good.clone();
        let object = shorter.pointer_mut(place).and_then(Value::as_object_mut);
        let object = object.expect(place);
        let first = object.keys().next().expect("a member").clone();
        object.remove(&first);
        assert!(
            validator.fault("latency", &shorter).is_some(),
            "{place}: {first}"
        );
    }
}
