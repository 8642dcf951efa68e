//! Reports, which users hand to others, say neither whose machine it was nor which: no folders of files, no
//! paths of device interfaces.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use midiuart_test::Host;
use midiuart_test::backend::memory::{Fault, Memory};
use midiuart_test::backend::{
    Backend, Cable, Capabilities, DeviceReport, FarEnd, Ports, Setup, Uart, Work,
};
use midiuart_test::failure::Failure;
use midiuart_test::interrupt::Interrupt;
use tempfile::TempDir;

/// The user, as folders have it.
const USER: &str = "Anna Example";
/// A part of a device interface's path.
const INTERFACE: &str = r"\\?\root#media#0000#{6994ad04-93ef-11d0-a3cc-00a0c9223196}\midiuart";

/// A cable whose ports tell their interface, and that loses a byte, so that reports have all they can have.
struct Machine(Memory);

impl Backend for Machine {
    fn quirks(&self, uart: Uart) -> Vec<&'static str> {
        self.0.quirks(uart)
    }

    fn ports(&self, setup: &Setup) -> Result<Ports, Failure> {
        let mut ports = self.0.ports(setup)?;
        for port in ports.outputs.iter_mut().chain(&mut ports.inputs) {
            port.capabilities = Some(Capabilities {
                driver_version: "1.0".to_owned(),
                interface: Some(INTERFACE.to_owned()),
                ..Capabilities::default()
            });
        }
        Ok(ports)
    }

    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        self.0.run(setup, work)
    }
}

fn printed(machine: &Machine, arguments: &[OsString]) -> String {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let program = OsString::from("midiuart-test");
    midiuart_test::run(
        std::iter::once(&program).chain(arguments).cloned(),
        &mut Host {
            emulated: machine,
            winmm: machine,
            interrupt: &Interrupt::default(),
            output: &mut output,
            errors: &mut errors,
        },
    );
    assert_eq!(String::from_utf8_lossy(&errors), "", "{arguments:?}");
    String::from_utf8(output).expect("text")
}

fn says_nothing(text: &str, what: &str) {
    assert!(!text.is_empty(), "{what}");
    for part in ["Anna", "6994ad04", "6994AD04"] {
        assert!(!text.contains(part), "{what}: {text}");
    }
}

#[test]
fn no_report_has_a_folder_or_an_interface() {
    let folder = TempDir::new().expect("a folder");
    let home = folder.path().join(USER);
    fs::create_dir(&home).expect("a folder");
    let at = |name: &str| home.join(name);
    fs::write(at("midiuart.sys"), "no image").expect("a file");
    fs::write(at("song.mid"), NOTE).expect("a file");
    let machine = Machine(Memory {
        cable: Cable {
            wire_visible: true,
            far_end: FarEnd::Loop,
            ..Cable::default()
        },
        outward: Some(Fault::LoseRecord(3)),
        ..Memory::default()
    });
    let line = |words: &[&str], paths: &[(&str, &Path)]| {
        let mut line: Vec<_> = words.iter().map(OsString::from).collect();
        for (option, path) in paths {
            line.extend((!option.is_empty()).then(|| OsString::from(option)));
            line.push(path.as_os_str().to_owned());
        }
        line
    };
    let driver = at("midiuart.sys");
    let (page, table) = (at("page.html"), at("table.csv"));
    for words in [
        &["stress", "--duration", "1s", "--json"][..],
        &["latency", "--count", "9", "--json"],
        &["soak", "--duration", "1s", "--json"],
        &["list", "--json"],
        &["list"],
    ] {
        let mut paths = vec![("--driver", driver.as_path())];
        if ["stress", "latency"].contains(&words[0]) {
            paths.push(("--report", &page));
        }
        if words[0] == "latency" {
            paths.push(("--csv", &table));
        }
        let arguments = line(words, &paths);
        let text = printed(&machine, &arguments);
        says_nothing(&text, words[0]);
        if words[0] != "list" {
            assert!(text.contains("--driver midiuart.sys"), "{text}");
        }
        for (_, file) in &paths[1..] {
            says_nothing(&fs::read_to_string(file).expect("a report"), words[0]);
        }
        fs::write(at(words[0]), text).expect("a file");
    }
    let song = at("song.mid");
    let text = printed(
        &machine,
        &line(&["play", "--fast", "--json"], &[("", &song)]),
    );
    says_nothing(&text, "play");
    assert!(text.contains("\"song.mid\""), "{text}");
    let reports = [at("stress"), at("stress")];
    let paths = [("", reports[0].as_path()), ("", &reports[1])];
    let text = printed(&machine, &line(&["compare", "--json"], &paths));
    says_nothing(&text, "compare");

    // On the terminal the command is whole, and the interface is there if it is asked for.
    let shown = printed(
        &machine,
        &line(&["stress", "--duration", "1s"], &[("--driver", &driver)]),
    );
    assert!(shown.contains(USER), "{shown}");
    let shown = printed(&machine, &line(&["list", "--interfaces"], &[]));
    assert!(shown.contains("6994ad04"), "{shown}");
}

/// A note, as a file.
const NOTE: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x08\0\x90\x3C\x40\0\xFF\x2F\0";
