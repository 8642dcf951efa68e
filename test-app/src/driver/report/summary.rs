//! What people read first: `report.txt`.

use std::fmt::Write;

use serde_json::Value;

use super::facts::{Decisive, Facts, OperatingSystem, Told};
use super::part::{Part, State};
use crate::driver::SERVICE;

/// The first build of Windows 11, whose `ProductName` still says 10.
const FIRST_BUILD_OF_11: u32 = 22_000;

/// What decides whether the driver can work, the most important first.
#[must_use]
pub fn decisive(facts: &Facts) -> Vec<Decisive> {
    vec![
        windows(facts),
        test_mode(facts),
        devices(facts),
        port(facts),
        counters(facts),
        rights(facts),
    ]
}

fn windows(facts: &Facts) -> Decisive {
    let mut state = described(&facts.system);
    if let Some(machine) = facts.machine.known() {
        let _ = write!(state, ", {}", machine.architecture.name());
    }
    let system = &facts.system;
    if let (Some(image), Some(version)) = (&system.image, &system.image_version) {
        let _ = write!(state, ", hosted image {image} {version}");
    }
    Decisive {
        what: "Windows",
        state,
        advice: None,
    }
}

/// Windows as people call it.
fn described(system: &OperatingSystem) -> String {
    let number = system.build.as_ref().and_then(|build| build.parse().ok());
    let is_11 = number.is_some_and(|build: u32| build >= FIRST_BUILD_OF_11);
    let product = system.product.as_deref().unwrap_or("unknown edition");
    let mut text = if is_11 {
        product.replace("Windows 10", "Windows 11")
    } else {
        product.to_owned()
    };
    for part in [&system.display_version, &system.edition]
        .into_iter()
        .flatten()
    {
        let _ = write!(text, ", {part}");
    }
    let build = system.build.as_deref().unwrap_or("unknown");
    let _ = write!(text, ", build {build}");
    if let Some(revision) = system.revision {
        let _ = write!(text, ".{revision}");
    }
    text
}

fn test_mode(facts: &Facts) -> Decisive {
    let (state, advice) = match &facts.machine {
        Told::Missing(why) => (format!("unknown: {why}"), None),
        Told::Known(machine) => match machine.test_mode {
            Some(true) => ("on".to_owned(), None),
            None => ("unknown: Windows does not report it".to_owned(), None),
            Some(false) => {
                let first = match machine.secure_boot {
                    Some(true) => "turn Secure Boot off in the firmware's settings, then ",
                    _ => "",
                };
                let key = match machine.bitlocker {
                    Some(false) => "",
                    _ => "have BitLocker's recovery key ready, ",
                };
                let advice = format!(
                    "{key}{first}run `bcdedit /set testsigning on` as administrator and restart Windows"
                );
                let state = "off: Windows does not load the driver, which has a test signature";
                (state.to_owned(), Some(advice))
            }
        },
    };
    Decisive {
        what: "test mode",
        state,
        advice,
    }
}

fn devices(facts: &Facts) -> Decisive {
    let (state, advice) = match &facts.devices {
        Told::Missing(why) => (format!("unknown: {why}"), None),
        Told::Known(devices) if devices.is_empty() => (
            "none: the driver is not installed".to_owned(),
            Some("run `midiuart-test driver install` as administrator".to_owned()),
        ),
        Told::Known(devices) => {
            let states = devices.iter().map(|it| {
                let device = &it.device;
                let version = device.version.as_deref().unwrap_or("unknown");
                let package = device.package.as_deref().unwrap_or("none");
                let state = if device.is_started {
                    "runs"
                } else {
                    "does not run"
                };
                format!(
                    "{} {state}, problem code {}, driver version {version}, package {package}",
                    device.instance, device.problem
                )
            });
            let advice: Vec<_> = devices
                .iter()
                .filter_map(|it| it.explanation.clone())
                .collect();
            let states = states.collect::<Vec<_>>().join("; ");
            (states, (!advice.is_empty()).then(|| advice.join("; ")))
        }
    };
    Decisive {
        what: "device",
        state,
        advice,
    }
}

fn port(facts: &Facts) -> Decisive {
    let (state, advice) = match &facts.ports {
        Told::Missing(why) => (format!("unknown: {why}"), None),
        Told::Known(ports) => {
            let sides = [("outputs", "out"), ("inputs", "in")].map(|(member, side)| {
                let ports = ports[member].as_array();
                let ours = ports.into_iter().flatten().filter(|port| is_ours(port));
                let ours = ours.map(|port| format!("{side} {}", port["index"]));
                ours.collect::<Vec<_>>().join(", ")
            });
            match sides {
                [out, into] if out.is_empty() && into.is_empty() => {
                    let runs = facts
                        .devices
                        .known()
                        .is_some_and(|devices| devices.iter().any(|it| it.device.is_started));
                    let advice = runs.then(|| {
                        "the device runs, so see whether Audiosrv and midisrv run, and restart them"
                            .to_owned()
                    });
                    ("not listed by winmm".to_owned(), advice)
                }
                [out, into] if out.is_empty() || into.is_empty() => {
                    (format!("only one direction: {out}{into}"), None)
                }
                [out, into] => (format!("listed: {out}, {into}"), None),
            }
        }
    };
    Decisive {
        what: "port",
        state,
        advice,
    }
}

/// Whether a port is the driver's, by its name.
fn is_ours(port: &Value) -> bool {
    let name = port["name"].as_str().unwrap_or_default().to_lowercase();
    name.contains(SERVICE)
}

fn counters(facts: &Facts) -> Decisive {
    let states = facts.counters.iter().map(|counters| {
        let instance = &counters.instance;
        match &counters.read {
            Told::Missing(why) => format!("{instance}: unknown: {why}"),
            Told::Known(read) if read.decoded.troubles.is_empty() => {
                let count = |name| read.decoded.counters.get(name).copied().unwrap_or_default();
                format!(
                    "{instance}: no trouble, {} bytes sent, {} received",
                    count("bytes_sent"),
                    count("bytes_received")
                )
            }
            Told::Known(read) => {
                let troubles = read.decoded.troubles.iter().map(|name| {
                    let value = read
                        .decoded
                        .counters
                        .get(*name)
                        .copied()
                        .unwrap_or_default();
                    format!("{name} {value}")
                });
                format!(
                    "{instance}: trouble: {}",
                    troubles.collect::<Vec<_>>().join(", ")
                )
            }
        }
    });
    let states = states.collect::<Vec<_>>().join("; ");
    Decisive {
        what: "counters",
        state: if states.is_empty() {
            "none: no device runs".to_owned()
        } else {
            states
        },
        advice: None,
    }
}

fn rights(facts: &Facts) -> Decisive {
    let is_administrator = facts
        .machine
        .known()
        .map(|machine| machine.is_administrator);
    let (state, advice) = match is_administrator {
        Some(true) => ("administrator", None),
        Some(false) => (
            "no administrator: BitLocker, Driver Verifier, crash dumps and some logs may be missing",
            Some("repeat the command in a command prompt with \"Run as administrator\""),
        ),
        None => ("unknown", None),
    };
    Decisive {
        what: "rights",
        state: state.to_owned(),
        advice: advice.map(str::to_owned),
    }
}

/// The text of `report.txt`.
#[must_use]
pub fn text(facts: &Facts, parts: &[Part]) -> String {
    let mut text = format!(
        "midiuart-test {}, report of {}\n\n",
        facts.version, facts.made_at
    );
    // Writing to a `String` can't fail.
    for Decisive {
        what,
        state,
        advice,
    } in &facts.decisive
    {
        let _ = writeln!(text, "{what:<10}  {state}");
        if let Some(advice) = advice {
            let _ = writeln!(text, "{:<10}  -> {advice}", "");
        }
    }
    text.push('\n');
    more(&mut text, facts);
    text.push_str("\nparts\n");
    for part in parts {
        let state = match part.state {
            State::Whole => "whole",
            State::Cut => "cut",
            State::Missing => "missing",
        };
        let note = part.note.as_deref().unwrap_or_default();
        let line = format!("  {:<27}  {state:<7}  {note}", part.name);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for counters in &facts.counters {
        if let Told::Known(read) = &counters.read {
            let _ = write!(text, "\ncounters of {}", read.decoded);
        }
    }
    text
}

/// What may matter, too.
fn more(text: &mut String, facts: &Facts) {
    let unknown = "unknown".to_owned();
    if let Some(machine) = facts.machine.known() {
        for (name, state) in [
            ("Secure Boot", machine.secure_boot),
            ("memory integrity", machine.memory_integrity),
            ("BitLocker", machine.bitlocker),
        ] {
            let state = match state {
                Some(true) => "on",
                Some(false) => "off",
                None => "unknown",
            };
            let _ = writeln!(text, "{name:<24}  {state}");
        }
    }
    let session = facts.session.known().map_or(unknown, u32::to_string);
    let _ = writeln!(text, "{:<24}  {session}", "session");
    for (name, service) in &facts.midi.services {
        let state = match service {
            Told::Known(Some(service)) => format!("{}, {}", service.start, service.state),
            Told::Known(None) => "none".to_owned(),
            Told::Missing(why) => why.clone(),
        };
        let _ = writeln!(text, "service {name:<20}      {state}");
    }
    for (name, value) in &facts.midi.drivers32 {
        let value = value.as_deref().unwrap_or("none");
        let _ = writeln!(text, "Drivers32 {name:<23}  {value}");
    }
    let drivers = facts.verifier.drivers.as_deref().unwrap_or("no driver");
    let level = facts.verifier.level.as_deref().unwrap_or("none");
    let _ = writeln!(text, "{:<24}  {drivers}; flags {level}", "Driver Verifier");
    match &facts.certificates {
        Told::Missing(why) => {
            let _ = writeln!(text, "{:<24}  {why}", "certificates");
        }
        Told::Known(certificates) => {
            for it in certificates {
                let _ = writeln!(
                    text,
                    "{:<24}  {} in {}, expires {}",
                    "certificate",
                    it.thumbprint,
                    it.store.name(),
                    it.expires
                );
            }
        }
    }
    match &facts.dumps {
        Told::Missing(why) => {
            let _ = writeln!(text, "{:<24}  {why}", "crash dumps");
        }
        Told::Known(dumps) if dumps.is_empty() => {
            let _ = writeln!(text, "{:<24}  none", "crash dumps");
        }
        Told::Known(dumps) => {
            for dump in dumps {
                let _ = writeln!(
                    text,
                    "{:<24}  {}, {} bytes, {}",
                    "crash dump", dump.name, dump.bytes, dump.written
                );
            }
        }
    }
}
