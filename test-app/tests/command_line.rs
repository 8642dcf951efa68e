//! The built program: what it says, and with which exit code.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_midiuart-test"))
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the program")
}

/// Runs with bad input; returns the line that it is answered with.
fn refusal(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    assert!(errors.starts_with("midiuart-test: "), "{errors}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    errors
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A file with one note.
const NOTE: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x08\0\x90\x3C\x40\0\xFF\x2F\0";

#[test]
fn an_unknown_uart_is_answered_with_the_known_ones() {
    let line = refusal(&["stress", "--uart", "8250"], 2);
    for name in ["8250", "mpu401", "16550", "software"] {
        assert!(line.contains(name), "{line}");
    }
}

#[test]
fn an_unknown_quirk_is_answered_with_the_known_ones() {
    for uart in ["mpu401", "16550", "software"] {
        let line = refusal(&["stress", "--uart", uart, "--quirk", "none-such"], 2);
        assert!(line.contains("unknown quirk 'none-such'"), "{line}");
        assert!(
            line.contains(&format!("accepted with --uart {uart}: ")),
            "{line}"
        );
    }
}

#[test]
fn a_seed_is_a_whole_number() {
    for seed in ["one", "-1", "1.5", "", "18446744073709551616"] {
        let line = refusal(&["stress", &format!("--seed={seed}")], 2);
        assert!(line.contains("--seed"), "{line}");
        assert!(line.contains("whole numbers from 0"), "{line}");
    }
}

#[test]
fn a_duration_has_a_unit_and_bounds() {
    for duration in ["5", "soon", "0s", "100000y"] {
        let line = refusal(&["stress", "--duration", duration], 2);
        assert!(line.contains("such as 60s, 5m"), "{line}");
    }
}

#[test]
fn another_winmm_is_for_windows_and_not_for_drivers() {
    let line = refusal(&["--winmm", "winmm.dll", "driver", "status"], 2);
    assert!(
        line.contains("can't be used with driver commands"),
        "{line}"
    );
    if cfg!(not(windows)) {
        let line = refusal(&["--winmm", "winmm.dll", "list"], 2);
        assert!(line.contains("is for Windows only"), "{line}");
    }
}

#[test]
fn other_bad_command_lines_get_one_line_too() {
    for arguments in [
        &[][..],
        &["dance"],
        &["play"],
        &["stress", "--frobnicate"],
        &["stress", "extra"],
        &["stress", "--client", "asio"],
        &["list", "--json", "--json"],
    ] {
        let line = refusal(arguments, 2);
        assert!(line.ends_with("(see --help)\n"), "{line}");
    }
}

#[test]
fn options_of_an_emulated_pc_describe_no_other() {
    let line = refusal(&["stress", "--on", "winmm", "--quirk", "no-fifo"], 2);
    assert!(line.contains("--quirk describes an emulated PC"), "{line}");
}

#[test]
fn bad_files_are_named_with_their_fault() {
    let folder = TempDir::new().expect("a folder");
    let capture = folder.path().join("out.mid");
    let cases = [
        ("missing.mid", None, "No such file"),
        ("song.txt", Some(&b"not music"[..]), "not a MIDI file"),
        ("empty.mid", Some(&b""[..]), "not a MIDI file"),
        ("cut.mid", Some(&NOTE[..NOTE.len() - 3]), "truncated"),
    ];
    for (name, contents, fault) in cases {
        let path = folder.path().join(name);
        if let Some(contents) = contents {
            fs::write(&path, contents).expect("a file");
        }
        // The good file before it must not be played either.
        let good = folder.path().join("good.mid");
        fs::write(&good, NOTE).expect("a file");
        let arguments = [
            "play",
            "--fast",
            "--capture",
            text(&capture),
            text(&good),
            text(&path),
        ];
        let line = refusal(&arguments, 2);
        assert!(line.contains(name), "{line}");
        if cfg!(unix) || contents.is_some() {
            assert!(line.contains(fault), "{line}");
        }
        assert!(!capture.exists());
    }
}

#[test]
fn a_capture_that_cannot_be_written_is_refused_before_playing() {
    let folder = TempDir::new().expect("a folder");
    let song = folder.path().join("song.mid");
    fs::write(&song, NOTE).expect("a file");
    let nowhere = folder.path().join("nowhere").join("out.mid");
    for place in [&nowhere, &song, &folder.path().to_path_buf()] {
        let arguments = ["play", "--fast", "--capture", text(place), text(&song)];
        let line = refusal(&arguments, 2);
        assert!(line.contains("--capture takes"), "{line}");
    }
    assert_eq!(fs::read(&song).expect("the song"), NOTE);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_port_that_does_not_exist_is_answered_with_those_that_do() {
    let line = refusal(&["stress", "--port", "none such"], 4);
    assert!(line.contains("'none such'"), "{line}");
    assert!(line.contains("there are: 0 '"), "{line}");
}

#[test]
fn help_says_whose_rights_a_foreign_driver_has() {
    for command in ["list", "stress", "play", "latency", "soak", "status"] {
        let output = run(&[command, "--help"]);
        let help = String::from_utf8(output.stdout).expect("text");
        let words: Vec<_> = help.split_whitespace().collect();
        assert!(
            words.join(" ").contains("runs with all your rights"),
            "{help}"
        );
    }
}

#[test]
fn help_documents_the_exit_codes() {
    for arguments in [&["--help"][..], &["stress", "--help"], &["play", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).expect("text");
        for line in [
            "0  clean",
            "1  data wrong",
            "2  usage",
            "3  device error",
            "4  no such port",
            "5  no loop",
            "What bad input gets",
        ] {
            assert!(help.contains(line), "{arguments:?} lacks {line}:\n{help}");
        }
    }
}

#[test]
#[cfg(not(windows))]
fn the_driver_is_installed_on_windows_only() {
    for command in ["install", "remove", "status", "restart"] {
        let line = refusal(&["driver", command], 2);
        assert!(line.contains("on Windows only"), "{line}");
    }
    let line = refusal(&["driver"], 2);
    assert!(line.ends_with("(see --help)\n"), "{line}");
    let output = run(&["driver", "install", "--help"]);
    let help = String::from_utf8(output.stdout).expect("text");
    assert!(help.contains("4  the driver has no device"), "{help}");
}

#[test]
fn the_probe_runs_on_an_emulated_pc_and_its_exit_code_is_its_verdict() {
    for (options, code, verdict) in [
        (&[][..], 0, "verdict  as documented"),
        (&["--client", "wdmaud"], 0, "through the emulated Wdmaud"),
        (
            &["--uart", "16550", "--stamps", "header"],
            0,
            "as old as the pin's opening",
        ),
        (
            &["--uart", "mpu401", "--reads", "full-zeroed-frames"],
            1,
            "verdict  full zeroed frames",
        ),
    ] {
        let output = run(&[&["driver", "ks-probe", "--on", "emulated"], options].concat());
        let text = String::from_utf8(output.stdout).expect("text");
        assert_eq!(output.status.code(), Some(code), "{options:?}: {text}");
        assert!(text.contains(verdict), "{options:?}: {text}");
        assert!(output.stderr.is_empty(), "{options:?}");
    }
}

#[test]
fn the_probe_of_what_is_not_there_is_refused_in_a_line() {
    let line = refusal(
        &[
            "driver",
            "ks-probe",
            "--on",
            "winmm",
            "--reads",
            "as-documented",
        ],
        2,
    );
    assert!(line.contains("--reads describes an emulated PC"), "{line}");
    let line = refusal(&["driver", "ks-probe", "--quirk", "none-such"], 2);
    assert!(line.contains("unknown quirk"), "{line}");
    #[cfg(not(windows))]
    {
        let line = refusal(&["driver", "ks-probe", "--on", "winmm"], 2);
        assert!(
            line.contains("accepted on this host: --on emulated"),
            "{line}"
        );
    }
}

#[test]
fn ports_are_listed_for_people_and_programs() {
    let output = run(&["list", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let ports: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let people = String::from_utf8(run(&["list"]).stdout).expect("text");
    for side in ["outputs", "inputs"] {
        let ports = ports[side].as_array().expect("an array");
        assert!(!ports.is_empty());
        for port in ports {
            let name = port["name"].as_str().expect("a name");
            assert!(people.contains(name), "{people}");
        }
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let mut child = program()
        .args(["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_in_one_line() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("the device that is always full");
    let output = program()
        .args(["list"])
        .stdout(full)
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(3));
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("cannot write the output"), "{errors}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_run_with_its_table() {
    use std::io::{BufRead, BufReader};

    let mut child = program()
        .args(["stress", "--duration", "365d"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    // The first line of progress: the run has begun.
    let mut line = String::new();
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    errors.read_line(&mut line).expect("a line");
    assert!(line.contains("real time"), "{line}");
    let told = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(told.success());
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0));
    let table = String::from_utf8(output.stdout).expect("text");
    assert!(table.contains("ended by Ctrl-C"), "{table}");
    assert!(table.contains("duplicated"), "{table}");
}
