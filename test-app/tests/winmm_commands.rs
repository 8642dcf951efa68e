//! The built program on the double's ports: each process has those that `EMULATED_PORTS` says.
#![cfg(not(windows))]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use midiuart_test::midi::smf;
use serde_json::Value;
use tempfile::TempDir;

/// A port that hears itself, as fast as the machine is.
const FAST: &str = "software+unpaced";

/// A file with two notes.
const NOTES: &[u8] =
    b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0C\0\x90\x3C\x40\x10\x90\x3C\0\0\xFF\x2F\0";

fn program(ports: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_midiuart-test"));
    program
        .env("EMULATED_PORTS", ports)
        .args(arguments)
        .stdin(Stdio::null());
    program
}

fn run(ports: &str, arguments: &[&str]) -> Output {
    program(ports, arguments).output().expect("the program")
}

/// Runs what succeeds; returns its standard output.
fn success(ports: &str, arguments: &[&str]) -> String {
    let output = run(ports, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Runs what fails; returns its one line.
fn failure(ports: &str, arguments: &[&str], code: i32) -> String {
    told(&run(ports, arguments), code)
}

fn told(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    // `play` and `stress` show their progress there.
    let lines: Vec<_> = errors
        .lines()
        .filter(|line| line.starts_with("midiuart-test: "))
        .collect();
    assert_eq!(lines.len(), 1, "{errors}");
    lines[0].to_owned()
}

/// Has `program` read `text`.
fn fed(mut program: Command, text: &str) -> Output {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("room");
    drop(input);
    child.wait_with_output().expect("the program")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn list_tells_what_windows_knows() {
    let ports = json(&success(
        "mpu401,software",
        &["list", "--on", "winmm", "--json", "--interfaces"],
    ));
    for side in ["outputs", "inputs"] {
        let ports = ports[side].as_array().expect("ports");
        assert_eq!(ports.len(), 2);
        for (index, port) in ports.iter().enumerate() {
            assert_eq!(port["index"], index);
            let interface = port["capabilities"]["interface"].as_str();
            assert!(
                interface.is_some_and(|it| it.starts_with(r"\\?\")),
                "{port}"
            );
        }
    }
    assert_eq!(
        ports["outputs"][0]["capabilities"]["technology"],
        "MOD_MIDIPORT"
    );
    let shown = success("mpu401", &["list", "--on", "winmm"]);
    assert!(shown.contains("technology    MOD_MIDIPORT"), "{shown}");
    assert!(!shown.contains(r"\\?\"), "{shown}");
    let shown = success("mpu401", &["list", "--on", "winmm", "--interfaces"]);
    assert!(shown.contains(r"interface     \\?\"), "{shown}");
    assert_eq!(success("", &["list", "--on", "winmm"]), "");
    let checked = success("software", &["conformance", "--only", "device-interface"]);
    assert!(checked.starts_with("PASS device-interface"), "{checked}");
    assert!(!checked.contains(r"\\?\"), "{checked}");
}

#[test]
fn stress_compares_what_a_port_in_real_time_carries() {
    let report = json(&success(
        FAST,
        &["stress", "--on", "winmm", "--duration", "1s", "--json"],
    ));
    assert_eq!(report["clean"], true);
    assert!(report["directions"][0]["bytes"].as_u64() > Some(1000));
}

#[test]
fn play_captures_what_came_back() {
    let folder = TempDir::new().expect("a folder");
    let song = folder.path().join("song.mid");
    let capture = folder.path().join("capture.mid");
    fs::write(&song, NOTES).expect("a file");
    let arguments = [
        "play",
        "--on",
        "winmm",
        "--capture",
        text(&capture),
        text(&song),
    ];
    success(FAST, &arguments);
    let captured = smf::read(&capture).expect("the capture");
    let bytes: Vec<_> = captured.into_iter().map(|message| message.bytes).collect();
    assert!(
        bytes.ends_with(&[vec![0x90, 60, 64], vec![0x90, 60, 0]]),
        "{bytes:?}"
    );
}

#[test]
fn without_a_loop_nothing_is_compared() {
    let line = failure("16550+no-cable", &["stress", "--on", "winmm"], 5);
    assert!(line.contains("nothing came back"), "{line}");
}

#[test]
fn ports_that_are_none_or_several_are_told() {
    let several = "software,software";
    for command in ["send", "panic", "monitor"] {
        let side = if command == "monitor" {
            "--in"
        } else {
            "--out"
        };
        let mut arguments = vec![command, side, "keys"];
        arguments.extend((command == "send").then_some("clock"));
        let line = failure(FAST, &arguments, 4);
        assert!(
            line.contains("'keys'") && line.contains("there are: 0 '"),
            "{line}"
        );
        arguments[2] = "uart";
        let line = failure(several, &arguments, 4);
        assert!(line.contains("'uart' means several"), "{line}");
    }
    failure("", &["panic", "--all"], 4);
}

#[test]
fn a_busy_port_is_told() {
    let commands: [&[&str]; 6] = [
        &["send", "clock"],
        &["panic"],
        &["monitor"],
        &["stress", "--on", "winmm"],
        &["latency", "--on", "winmm"],
        &["soak", "--on", "winmm"],
    ];
    for arguments in commands {
        let line = failure("software+busy", arguments, 3);
        assert!(line.contains("in use by another program"), "{line}");
    }
}

#[test]
fn a_port_that_vanishes_is_gone() {
    let vanishing = "software+vanish-after-200";
    let gone = |line: &str| {
        assert!(
            line.contains("the port 'MIDI UART (software)' is gone"),
            "{line}"
        );
        assert!(line.contains("MMSYSERR_"), "{line}");
    };
    gone(&failure(
        vanishing,
        &["send", "on 60 100 wait 1m off 60"],
        3,
    ));
    let long: String = "11 ".repeat(60_000);
    let script = format!("syx f0 {long} f7\non 60 100\n").repeat(3);
    gone(&told(&fed(program(vanishing, &["send"]), &script), 3));
    gone(&failure(vanishing, &["stress", "--on", "winmm"], 3));

    let folder = TempDir::new().expect("a folder");
    let record = folder.path().join("record.mid");
    let arguments = ["monitor", "--for", "2m", "--record", text(&record)];
    gone(&failure(vanishing, &arguments, 3));
    assert_eq!(smf::read(&record).expect("the record"), []);
}

#[test]
fn what_is_no_message_is_told_with_its_place_and_nothing_is_sent() {
    for (arguments, place) in [
        (
            &["send", "on 60 100", "off 60 x9"][..],
            "argument 2, column 8: 'x9'",
        ),
        (
            &["send", "hex", "90", "3c"],
            "argument 2, column 1: no complete message",
        ),
        (&["send", "file /nowhere/x.syx"], "/nowhere/x.syx: "),
    ] {
        let output = run(FAST, arguments);
        let line = told(&output, 2);
        assert!(line.contains(place), "{line}");
        assert!(output.stdout.is_empty());
    }
    let script = "# two notes\non 60 100 off 60\n\n on 61 200\n";
    let output = fed(program(FAST, &["send", "-"]), script);
    let line = told(&output, 2);
    assert!(
        line.contains("line 4, column 8: '200' is no velocity"),
        "{line}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn lines_of_standard_input_are_sent() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("two messages.syx");
    fs::write(&file, [0xF0, 1, 0xF7, 0xF0, 2, 0xF7]).expect("a file");
    let script = format!(
        "ch 3 # channel\non 60 100 wait 1ms\noff 60\nfile {}\n",
        text(&file)
    );
    let output = fed(program(FAST, &["send", "--json"]), &script);
    let report = json(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(report["messages"], 4);
    assert_eq!(report["bytes"], 12);
    assert_eq!(report["interrupted"], false);
}

#[test]
fn panic_silences_all_ports() {
    let report = json(&success("software,16550", &["panic", "--all", "--json"]));
    let ports = report["ports"].as_array().expect("ports");
    assert_eq!(ports.len(), 2);
    for port in ports {
        assert_eq!(port["messages"], 80);
        assert_eq!(port["failure"], Value::Null);
    }
    let report = json(&success(FAST, &["panic", "--every-note", "--json"]));
    assert_eq!(report["ports"][0]["messages"], 16 * 133);
}

/// Presses Ctrl-C.
#[cfg(unix)]
fn interrupt(child: &Child) {
    let number = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &number]).status();
    assert!(status.expect("kill").success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_monitor_and_writes_the_record() {
    let folder = TempDir::new().expect("a folder");
    let record = folder.path().join("record.mid");
    let mut monitor = program(FAST, &["monitor", "--record", text(&record)]);
    let mut monitor = monitor.stdout(Stdio::piped()).spawn().expect("the program");
    let mut output = BufReader::new(monitor.stdout.take().expect("its output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a first line");
    interrupt(&monitor);
    line.clear();
    output.read_to_string(&mut line).expect("text");
    assert_eq!(line, "messages 0\n");
    assert_eq!(monitor.wait().expect("the program").code(), Some(0));
    assert_eq!(smf::read(&record).expect("the record"), []);
}
