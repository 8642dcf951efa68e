//! What the commands print with `--json`, on a Windows that is made up, against their schemas.

use std::time::Duration;

use boon::{Compiler, SchemaIndex, Schemas};
use serde::Serialize;
use serde_json::{Value, json, to_value};

use super::fake::{FakeClock, FakeTrial};
use super::restarts_tests::report_for_schema;
use super::verifier::{self, Action};
use super::wait::{Waited, Wanted, World, wait};
use crate::backend::{PortInfo, Ports};
use crate::driver::fake::{FakeWindows, PACKAGE};
use crate::interrupt::Interrupt;

fn schema(name: &str) -> (Schemas, SchemaIndex) {
    let mut schemas = Schemas::default();
    let file = format!("{}/schemas/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let schema = Compiler::default()
        .compile(&file, &mut schemas)
        .unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, schema)
}

fn document(report: &impl Serialize) -> Value {
    to_value(report).expect("JSON")
}

/// Each of `good` is valid; none is any more once a value at one of `wrong` is changed, or a member is
/// added to an object at one of `objects`.
fn hold(name: &str, good: &[Value], wrong: &[(&str, Value)], objects: &[&str]) {
    let (schemas, schema) = schema(name);
    let fault = |document: &Value| {
        let checked = schemas.validate(document, schema);
        checked.err().map(|error| format!("{error:#}"))
    };
    for document in good {
        if let Some(error) = fault(document) {
            panic!("{document:#}: {error}");
        }
    }
    for (place, value) in wrong {
        let mut document = good[0].clone();
        *document.pointer_mut(place).expect(place) = value.clone();
        assert!(fault(&document).is_some(), "{place}");
    }
    for place in objects {
        let mut longer = good[0].clone();
        longer.pointer_mut(place).expect(place)["surplus"] = json!(1);
        assert!(fault(&longer).is_some(), "{place}");
        let mut shorter = good[0].clone();
        let object = shorter.pointer_mut(place).and_then(Value::as_object_mut);
        let object = object.expect(place);
        let first = object.keys().next().expect("a member").clone();
        object.remove(&first);
        assert!(fault(&shorter).is_some(), "{place}: {first}");
    }
}

fn waited(is_listed: bool) -> Waited {
    let mut windows = FakeWindows::default();
    let device = r"ROOT\MEDIA\0000".to_owned();
    windows.state.devices.insert(device, Some(PACKAGE.into()));
    let mut trial = FakeTrial::with(&[("midisrv", true)]);
    trial.drivers32 = vec![("midi".into(), "wdmaud.drv".into())];
    let port = PortInfo {
        name: "midiuart".into(),
        ..PortInfo::default()
    };
    let ports = Ports {
        outputs: vec![port.clone()],
        inputs: is_listed.then_some(port).into_iter().collect(),
    };
    let wanted = Wanted {
        port: "midiuart".into(),
        limit: Duration::from_secs(10),
        restart_midisrv: true,
    };
    let mut world = World {
        ports: &mut || Ok(ports.clone()),
        windows: &windows,
        trial: &mut trial,
        clock: &mut FakeClock::default(),
        interrupt: &Interrupt::default(),
    };
    wait(&wanted, &mut world, &mut |_| Ok(())).expect("an end")
}

#[test]
fn wait_prints_as_its_schema_has_it() {
    hold(
        "driver-wait",
        &[document(&waited(false)), document(&waited(true))],
        &[
            ("/command", json!("wait")),
            ("/waited_s", json!(-1)),
            ("/found", json!("no")),
            ("/input", json!(3)),
            ("/instead/devices/0/problem", json!(-1)),
            ("/instead/services/0/state", json!("asleep")),
            ("/midisrv/after_s", json!("5")),
        ],
        &[
            "",
            "/instead",
            "/instead/devices/0",
            "/instead/services/0",
            "/instead/drivers32/0",
            "/midisrv",
        ],
    );
}

#[test]
fn restart_prints_as_its_schema_has_it() {
    hold(
        "driver-restart",
        &[
            document(&report_for_schema(false)),
            document(&report_for_schema(true)),
        ],
        &[
            ("/command", json!("restart")),
            ("/times", json!(0)),
            ("/clean", Value::Null),
            ("/failure", json!(3)),
            ("/restarts/0/number", json!(0)),
            ("/restarts/0/devices", json!([7])),
            ("/restarts/0/port/load/lost", json!(-1)),
            ("/restarts/0/port/fault", json!(1)),
            ("/load/bytes", json!("many")),
        ],
        &[
            "",
            "/load",
            "/restarts/0",
            "/restarts/0/port",
            "/restarts/0/port/after",
        ],
    );
}

#[test]
fn verifier_prints_as_its_schema_has_it() {
    let report = |action, answer| {
        let mut windows = FakeTrial {
            answers: [(0, answer)].into(),
            ..FakeTrial::default()
        };
        document(&verifier::run(action, &mut windows).expect("a report"))
    };
    hold(
        "driver-verifier",
        &[
            report(Action::Query, "MODULE: midiuart.sys (load: 1 / unload: 0)"),
            report(Action::Query, "MODULE: midiuart.sys"),
            report(Action::On, ""),
            report(Action::Off, ""),
        ],
        &[
            ("/command", json!("verifier")),
            ("/action", json!("maybe")),
            ("/rules", json!("none")),
            ("/done", json!(0)),
            ("/runs/0/exit_code", json!("0")),
            ("/counted/loads", json!(-1)),
            ("/verdict", Value::Null),
        ],
        &["", "/runs/0", "/counted"],
    );
}
