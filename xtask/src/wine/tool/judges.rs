//! What shows that a command did what it is for.

use std::fs;

use serde_json::Value;

use crate::wine::prefix::{Ended, Prefix};
use crate::wine::report::Verdict;

/// The ports of the double, as Windows shows them.
const NAMES: [&str; 3] = [
    "MIDI UART (software)",
    "MIDI UART (16550)",
    "MIDI UART (mpu401)",
];

/// It ended as commands do that found nothing wrong.
pub fn ended_well(ended: &Ended, _: &Prefix) -> Verdict {
    is_well(ended)?;
    let lines = ended.output.lines();
    Ok(lines.last().unwrap_or_default().trim().to_owned())
}

/// All ports are named, as outputs and as inputs.
pub fn three_ports(ended: &Ended, _: &Prefix) -> Verdict {
    is_well(ended)?;
    for side in ["out", "in"] {
        for (index, name) in NAMES.iter().enumerate() {
            let line = format!("{side} {index}  {name}");
            if !ended.output.lines().any(|it| it.starts_with(&line)) {
                return Err(format!("no line '{line}'"));
            }
        }
    }
    Ok(NAMES.join(", "))
}

/// The same in JSON.
pub fn three_ports_in_json(ended: &Ended, _: &Prefix) -> Verdict {
    let document = document(ended)?;
    for side in ["outputs", "inputs"] {
        let ports = document[side].as_array();
        let names: Vec<_> = ports
            .into_iter()
            .flatten()
            .map(|port| port["name"].as_str().unwrap_or_default())
            .collect();
        if names != NAMES {
            return Err(format!("{side}: {}", names.join(", ")));
        }
    }
    Ok(NAMES.join(", "))
}

/// No check failed, and none was skipped.
pub fn all_checks_passed(ended: &Ended, _: &Prefix) -> Verdict {
    let not_passed: Vec<_> = ended
        .output
        .lines()
        .filter(|line| !line.starts_with("PASS"))
        .collect();
    match not_passed[..] {
        [summary] if summary.ends_with(" passed, 0 failed, 0 skipped") => {
            is_well(ended)?;
            Ok(summary.to_owned())
        }
        _ => Err(not_passed.join("\n")),
    }
}

/// Every byte arrived as it should.
pub fn clean_run(ended: &Ended, _: &Prefix) -> Verdict {
    let document = document(ended)?;
    let directions = document["directions"].as_array();
    let bytes: u64 = directions
        .into_iter()
        .flatten()
        .filter_map(|direction| direction["bytes"].as_u64())
        .sum();
    if document["clean"] == true && bytes > 0 {
        Ok(format!("{bytes} bytes"))
    } else {
        Err("not clean".to_owned())
    }
}

/// No message was lost, and there is a page.
pub fn latency_report(ended: &Ended, prefix: &Prefix) -> Verdict {
    let document = document(ended)?;
    let probes = &document["probes"];
    if probes["lost"] != 0 || document["clean"] != true {
        return Err("messages were lost".to_owned());
    }
    let page = fs::read_to_string(prefix.file("latency.html"))
        .map_err(|error| format!("latency.html: {error}"))?;
    if !page.to_ascii_lowercase().starts_with("<!doctype html>") || !page.contains("<svg") {
        return Err("latency.html: no page with a picture".to_owned());
    }
    Ok(format!(
        "{} messages, none lost; a page of {} bytes",
        probes["received"],
        page.len()
    ))
}

/// Reads complete as documented, and every message came back the other way, too.
pub fn as_documented(ended: &Ended, _: &Prefix) -> Verdict {
    let document = document(ended)?;
    let reads = document["compared"]["reads"].as_array();
    let reads = reads.map_or(0, Vec::len);
    match document["verdict"].as_str() {
        Some("as-documented") if reads > 0 => Ok(format!("as documented, {reads} reads beside it")),
        verdict => Err(format!("verdict {verdict:?}, {reads} reads beside it")),
    }
}

/// What it tells of its progress goes where complaints go.
fn is_well(ended: &Ended) -> Result<(), String> {
    match ended.exit_code {
        Some(0) => Ok(()),
        _ => Err("did not end well".to_owned()),
    }
}

fn document(ended: &Ended) -> Result<Value, String> {
    is_well(ended)?;
    serde_json::from_str(&ended.output).map_err(|error| error.to_string())
}
