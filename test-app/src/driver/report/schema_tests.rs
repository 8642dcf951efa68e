//! `report.json` against its schema.

use std::collections::BTreeSet;
use std::fs;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::fake::FakeEvidence;
use super::tests::{document, opening, sources};
use super::{make, vocabulary};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/driver-report.json");

fn schema() -> (Schemas, SchemaIndex) {
    let mut schemas = Schemas::default();
    let schema = Compiler::default()
        .compile(SCHEMA, &mut schemas)
        .unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, schema)
}

fn reported(problem: u32, is_broken: bool) -> Value {
    let evidence = FakeEvidence {
        is_broken,
        ..FakeEvidence::default()
    };
    let windows = opening(move |windows| windows.problem = problem);
    let report = make(&sources(windows, &evidence), Vec::new()).expect("a report");
    document(&report)
}

#[test]
fn a_report_is_as_its_schema_has_it() {
    let (schemas, schema) = schema();
    for (problem, is_broken) in [(0, false), (52, false), (0, true)] {
        let document = reported(problem, is_broken);
        if let Err(error) = schemas.validate(&document, schema) {
            panic!("{document:#}: {error:#}");
        }
    }
}

#[test]
fn reports_that_are_wrong_are_found() {
    let (schemas, schema) = schema();
    let good = reported(0, false);
    for (place, wrong) in [
        ("/command", json!("stress")),
        ("/decisive/0/what", json!(1)),
        ("/system/revision", json!("2454")),
        ("/machine", json!({ "known": 1 })),
        ("/session", json!(1)),
        ("/midi/services/Audiosrv", json!({ "known": 1 })),
        ("/verifier/level", json!("9bb")),
        ("/devices/known/0/problem", json!(-1)),
        ("/counters/0", json!({ "instance": "x" })),
        ("/ports/known/outputs", json!(1)),
        ("/certificates/known/0/store", json!("My")),
        ("/dumps/known/0/bytes", json!("1")),
        ("/parts/0/state", json!("good")),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).expect(place) = wrong;
        assert!(schemas.validate(&document, schema).is_err(), "{place}");
    }
    for place in ["", "/system", "/midi", "/parts/0", "/decisive/0"] {
        let mut longer = good.clone();
        longer.pointer_mut(place).expect(place)["surplus"] = json!(1);
        assert!(schemas.validate(&longer, schema).is_err(), "{place}");
    }
}

/// The names of members and the values with a meaning, which removing names must not touch.
fn words(schema: &Value, into: &mut BTreeSet<String>) {
    if let Some(members) = schema["properties"].as_object() {
        into.extend(members.keys().cloned());
    }
    for list in [&schema["enum"], &json!([schema["const"]])] {
        let texts = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        into.extend(texts.map(str::to_owned));
    }
    match schema {
        Value::Object(members) => members.values().for_each(|it| words(it, into)),
        Value::Array(items) => items.iter().for_each(|it| words(it, into)),
        _ => (),
    }
}

#[test]
fn no_user_can_have_a_name_that_breaks_the_schema() {
    let mut found = BTreeSet::new();
    for schema in ["driver-report", "driver-status", "list", "status"] {
        let path = SCHEMA.replace("driver-report", schema);
        let text = fs::read_to_string(path).expect("the schema");
        words(&serde_json::from_str(&text).expect("JSON"), &mut found);
    }
    let parts = found
        .iter()
        .flat_map(|word| word.split(['_', ' ', '-', '.']));
    let parts: Vec<_> = parts
        .filter(|it| it.len() > 3)
        .map(str::to_lowercase)
        .collect();
    assert!(parts.len() > 40);
    let missing: Vec<_> = parts.iter().filter(|word| !vocabulary::has(word)).collect();
    assert!(missing.is_empty(), "not in the vocabulary: {missing:?}");
}
