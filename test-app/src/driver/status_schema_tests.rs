//! What `driver status --json` prints, on a Windows that is made up, against its schema.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json, to_value};

use super::fake::{FakeWindows, INF_FILE, PACKAGE};
use super::package::made_up::OWN;
use super::status::status;
use super::windows::Store;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/driver-status.json");

fn schema() -> (Schemas, SchemaIndex) {
    let mut schemas = Schemas::default();
    let schema = Compiler::default()
        .compile(SCHEMA, &mut schemas)
        .unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, schema)
}

/// With all that an installation adds, and a device that has the problem with this code.
fn windows_with_problem(problem: u32) -> FakeWindows {
    let device = r"ROOT\MEDIA\0000".to_owned();
    let mut windows = FakeWindows {
        problem,
        ..FakeWindows::default()
    };
    windows
        .state
        .devices
        .insert(device.clone(), Some(PACKAGE.to_owned()));
    windows.state.service = true;
    let package = PACKAGE.to_owned();
    windows.state.packages.insert(package, INF_FILE.to_vec());
    windows.state.copies.insert("midiuart-test-1".into());
    let certificate = (Store::TrustedPublisher, OWN.certificate().to_vec());
    windows.state.certificates.insert(certificate);
    let steps = [
        ("done", json!({ "copy": "midiuart-test-0" })),
        (
            "done",
            json!({ "certificate": { "store": "TrustedPublisher", "thumbprint": "00ff" } }),
        ),
        ("done", json!("service")),
        (
            "done",
            json!({ "package": { "name": PACKAGE, "inf": "00ff" } }),
        ),
        ("done", json!({ "device": device })),
        (
            "intended",
            json!({ "package": { "name": null, "inf": "00ff" } }),
        ),
        ("intended", json!({ "device": null })),
    ];
    let steps = steps.map(|(state, what)| json!({ "state": state, "what": what }));
    windows.state.record = Some(json!({ "version": 2, "steps": steps }).to_string());
    windows
}

fn document(windows: &FakeWindows) -> Value {
    to_value(status(windows).expect("a status")).expect("JSON")
}

#[test]
fn what_it_prints_is_as_its_schema_has_it() {
    let (schemas, schema) = schema();
    let mut secretive = FakeWindows::default();
    secretive.machine.test_mode = None;
    secretive.machine.bitlocker = None;
    let mut unreadable = FakeWindows::default();
    unreadable.state.record = Some("{".to_owned());
    for windows in [
        FakeWindows::default(),
        windows_with_problem(0),
        windows_with_problem(52),
        secretive,
        unreadable,
    ] {
        let document = document(&windows);
        if let Err(error) = schemas.validate(&document, schema) {
            panic!("{document:#}: {error:#}");
        }
    }
}

#[test]
fn documents_that_are_wrong_are_found() {
    let (schemas, schema) = schema();
    let good = document(&windows_with_problem(52));
    for (place, wrong) in [
        ("/devices/0/problem", json!(-1)),
        ("/devices/0/explanation", json!(52)),
        ("/added/1/what/certificate/store", json!("My")),
        ("/added/2/what", json!("servant")),
        ("/added/3/state", json!("perhaps")),
        ("/found/certificates/0/sha256", json!("text")),
        ("/found/packages/0/recorded", json!(1)),
        ("/record_fault", json!(1)),
        ("/machine/architecture", json!("x86")),
        ("/machine/test_mode", json!("on")),
        ("/service", Value::Null),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).expect(place) = wrong;
        assert!(schemas.validate(&document, schema).is_err(), "{place}");
    }
    for place in [
        "",
        "/devices/0",
        "/added/3",
        "/added/3/what",
        "/found",
        "/found/copies/0",
        "/machine",
    ] {
        let mut longer = good.clone();
        longer.pointer_mut(place).expect(place)["surplus"] = json!(1);
        assert!(schemas.validate(&longer, schema).is_err(), "{place}");
    }
}
