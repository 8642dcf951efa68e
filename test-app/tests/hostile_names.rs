//! Names that others have chosen: nothing in them acts on a terminal, whatever the command prints.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use midiuart_test::Host;
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{
    Backend, Cable, Capabilities, DeviceReport, FarEnd, PortInfo, Ports, Setup, Uart, Work,
};
use midiuart_test::failure::Failure;
use midiuart_test::interrupt::Interrupt;
use midiuart_test::visible::is_active;
use serde_json::Value;
use tempfile::TempDir;

/// A title for the window, the screen cleared, the colour of all that follows, a C1 control sequence, text
/// from right to left, an isolate, and a line of its own.
const NAME: &str = "a\x1b]0;owned\x07b\x1b[2J\x1b[31m\u{9b}31m\u{202e}gpj.exe\u{2066}\u{2028}\u{7f}\nPASS all\r\t.";

/// What file systems allow of it.
const FILE_NAME: &str = "a\x1b]0;owned\x07b\x1b[2J\u{9b}31m\u{202e}dim.exe\u{2066}\nPASS all\r.";

/// A note, as a file.
const NOTE: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x08\0\x90\x3C\x40\0\xFF\x2F\0";

/// A cable whose ports have that name, and whose device fails with it if it does.
#[derive(Default)]
struct Hostile {
    memory: Memory,
    /// In place of [`NAME`].
    name: Option<&'static str>,
    has_no_ports: bool,
}

impl Backend for Hostile {
    fn quirks(&self, uart: Uart) -> Vec<&'static str> {
        self.memory.quirks(uart)
    }

    fn ports(&self, _setup: &Setup) -> Result<Ports, Failure> {
        let own_name = self.name.unwrap_or(NAME);
        let port = PortInfo {
            index: 0,
            name: own_name.to_owned(),
            hardware: NAME.to_owned(),
            capabilities: Some(Capabilities {
                driver_version: "1.0".to_owned(),
                technology: Some(NAME.to_owned()),
                supports: vec![NAME.to_owned()],
                interface: Some(NAME.to_owned()),
                ..Capabilities::default()
            }),
        };
        let ports = if self.has_no_ports {
            vec![]
        } else {
            let name = format!("{own_name} 2");
            vec![
                port.clone(),
                PortInfo {
                    index: 1,
                    name,
                    ..port
                },
            ]
        };
        Ok(Ports {
            outputs: ports.clone(),
            inputs: ports,
        })
    }

    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        let mut report = self
            .memory
            .run(setup, work)
            .map_err(|failure| match failure {
                Failure::Device(text) => Failure::Device(format!("{NAME}: {text}")),
                other => other,
            })?;
        report.counters.insert(NAME.to_owned(), 1);
        Ok(report)
    }
}

fn looped(outward: Option<Fault>) -> Hostile {
    Hostile {
        memory: Memory {
            cable: Cable {
                wire_visible: true,
                far_end: FarEnd::Loop,
                ..Cable::default()
            },
            outward,
            ..Memory::default()
        },
        ..Hostile::default()
    }
}

fn lossy() -> Hostile {
    Hostile {
        memory: Memory {
            outward: Some(Fault::Lose(100)),
            ..Memory::default()
        },
        ..Hostile::default()
    }
}

/// What a command printed has nothing that acts, and no line that the name began.
fn is_harmless(arguments: &[OsString], text: &str) {
    for line in text.lines() {
        assert!(!line.contains(is_active), "{arguments:?}: {line:?}");
        assert!(!line.starts_with("PASS all"), "{arguments:?}: {text:?}");
    }
    assert!(!text.contains('\r'), "{arguments:?}: {text:?}");
}

/// What a run of the tool came to.
struct Ran {
    output: String,
    errors: String,
}

/// Runs the tool inside the test.
fn run_on(backend: &dyn Backend, arguments: &[OsString]) -> Ran {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let program = OsString::from("midiuart-test");
    midiuart_test::run(
        std::iter::once(&program).chain(arguments).cloned(),
        &mut Host {
            emulated: backend,
            winmm: backend,
            interrupt: &Interrupt::default(),
            output: &mut output,
            errors: &mut errors,
        },
    );
    Ran {
        output: String::from_utf8(output).expect("text"),
        errors: String::from_utf8(errors).expect("text"),
    }
}

fn os(arguments: &[&str]) -> Vec<OsString> {
    arguments.iter().map(OsString::from).collect()
}

/// Runs a command as text and, if it has JSON, as that; returns what it printed and its JSON.
fn harmless(backend: &dyn Backend, arguments: &[OsString], has_json: bool) -> (String, Vec<Value>) {
    let ran = run_on(backend, arguments);
    is_harmless(arguments, &ran.output);
    is_harmless(arguments, &ran.errors);
    assert!(
        ran.errors.lines().count() <= 1,
        "{arguments:?}: {:?}",
        ran.errors
    );
    let text = ran.output + &ran.errors;
    if !has_json {
        return (text, Vec::new());
    }
    let arguments = [arguments, &os(&["--json"])].concat();
    let ran = run_on(backend, &arguments);
    is_harmless(&arguments, &ran.output);
    is_harmless(&arguments, &ran.errors);
    let documents = serde_json::Deserializer::from_str(&ran.output).into_iter();
    let documents = documents.collect::<Result<_, _>>();
    (
        text,
        documents.unwrap_or_else(|error| panic!("{arguments:?}: {error}")),
    )
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_command_hands_a_port_s_name_to_the_terminal() {
    let wrong = lossy();
    let failing = looped(Some(Fault::Fail(100)));
    let good = looped(None);
    for (backend, arguments) in [
        (&good, &["list"][..]),
        (&good, &["list", "--interfaces"]),
        (&good, &["status"]),
        (&good, &["latency", "--count", "5"]),
        (&good, &["stress", "--duration", "2s"]),
        (&good, &["soak", "--duration", "4s", "--every", "2s"]),
        (&wrong, &["stress", "--duration", "2s", "--port", "0"]),
        (&wrong, &["stress", "--duration", "2s", "--port", NAME]),
    ] {
        let (text, documents) = harmless(backend, &os(arguments), true);
        assert!(text.contains("owned") || arguments[0] == "soak", "{text}");
        let mut found = Vec::new();
        strings(&Value::Array(documents), &mut found);
        assert!(
            found.iter().any(|text| text == NAME),
            "{arguments:?}: {found:?}"
        );
    }
    for arguments in [
        &["latency", "--count", "500", "--port", NAME][..],
        &["stress", "--duration", "9s"],
        &["soak", "--duration", "9s"],
    ] {
        let (text, _) = harmless(&failing, &os(arguments), true);
        assert!(text.contains("owned"), "{arguments:?}: {text}");
    }
}

#[test]
fn no_refusal_hands_a_name_to_the_terminal() {
    let good = looped(None);
    let nothing = Hostile {
        has_no_ports: true,
        ..Hostile::default()
    };
    for command in [
        &["latency", "--count", "1"][..],
        &["stress", "--duration", "1s"],
        &["soak", "--duration", "1s"],
        &["play", "--fast", "NOTE"],
        &["send", "on 60 100"],
        &["monitor", "--for", "1ms"],
        &["panic"],
        &["conformance", "--only", "error-texts"],
        &["driver", "ks-probe", "--on", "emulated"],
        &["status"],
    ] {
        for option in [
            "--port", "--out", "--in", "--uart", "--quirk", "--seed", "--client",
        ] {
            // No such port, among others; several of that name; an option with a wrong value.
            for value in [&format!("none {NAME}"), "a", NAME] {
                let arguments = [command, &[option, value]].concat();
                for backend in [&good, &nothing] {
                    harmless(backend, &os(&arguments), false);
                }
            }
        }
    }
    for arguments in [
        &[NAME][..],
        &["driver", NAME],
        &["send", NAME],
        &["send", "file", NAME],
        &["conformance", "--only", NAME],
        &["monitor", "--only", NAME],
        &["list", "--on", NAME],
    ] {
        let (text, _) = harmless(&good, &os(arguments), false);
        assert!(text.contains("31m"), "{arguments:?}: {text}");
    }
}

#[test]
#[cfg(unix)]
fn the_command_that_repeats_a_run_is_that_of_the_run_in_a_shell() {
    const QUOTED: &str = "it's \"$(id)\"; `id` \\ & !x *";
    let lossy = Hostile {
        name: Some(QUOTED),
        ..lossy()
    };
    let asked = os(&[
        "stress",
        "--seed",
        "7",
        "--duration",
        "2s",
        "--port",
        QUOTED,
    ]);
    let text = run_on(&lossy, &asked).output;
    let (_, command) = text
        .trim_end()
        .split_once("repeat with: midiuart-test")
        .expect(&text);
    let script = format!("printf '%s\\n'{command}");
    let shell = std::process::Command::new("sh")
        .args(["-c", &script])
        .output();
    let output = String::from_utf8(shell.expect("a shell").stdout).expect("text");
    let arguments: Vec<_> = output.lines().collect();
    let port = [&arguments[arguments.len() - 2..], &arguments[..1]].concat();
    assert_eq!(port, ["--port", QUOTED, "stress"]);
    assert_eq!(run_on(&lossy, &os(&arguments)).output, text);
}

#[test]
#[cfg(unix)] // Windows allows none of these characters in the names of files.
fn no_command_hands_a_file_s_name_to_the_terminal() {
    let folder = TempDir::new().expect("a folder");
    let own = folder.path().join(FILE_NAME);
    fs::create_dir(&own).expect("a folder");
    let at = |name: &str| own.join(format!("{name} {FILE_NAME}")).into_os_string();
    let good = looped(None);
    let write = |name: &str, bytes: &[u8]| fs::write(at(name), bytes).expect("a file");
    write("song", NOTE);
    write("none", b"none");
    let page = |arguments: &[&str], file: OsString| {
        let arguments = [os(arguments), vec![file]].concat();
        harmless(&good, &arguments, false)
    };
    for arguments in [
        &["play", "--fast"][..],
        &["stress", "--driver"],
        &["stress", "--report"],
        &["latency", "--csv"],
        &["monitor", "--record"],
        &["driver", "install", "--package"],
    ] {
        let (text, _) = page(arguments, at("missing/folder"));
        assert!(
            text.contains("owned") || arguments[0] == "driver",
            "{arguments:?}: {text}"
        );
    }
    page(&["play", "--fast"], at("none"));
    let compare = [os(&["compare"]), vec![at("none"), at("missing")]].concat();
    let (text, _) = harmless(&good, &compare, false);
    assert!(text.contains("owned"), "{text}");
    let (_, documents) = harmless(
        &good,
        &[os(&["play", "--fast"]), vec![at("song")]].concat(),
        true,
    );
    let name = Path::new(&at("song"))
        .file_name()
        .expect("a name")
        .to_owned();
    assert_eq!(documents[0]["files"][0], *name.to_string_lossy());
    for name in ["one", "two"] {
        let arguments = os(&["latency", "--count", "5", "--json"]);
        write(name, run_on(&good, &arguments).output.as_bytes());
    }
    let compare = [os(&["compare"]), vec![at("one"), at("two")]].concat();
    let (text, documents) = harmless(&good, &compare, true);
    assert!(text.contains("owned"), "{text}");
    assert_eq!(documents[0]["files"][1], format!("two {FILE_NAME}"));

    page(&["stress", "--duration", "1s", "--report"], at("page"));
    let html = fs::read_to_string(at("page")).expect("the page");
    is_harmless(&[], &html);
}
