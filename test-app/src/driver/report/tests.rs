use std::io::{Cursor, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::added::Added;
use super::collect::{Opening, Sources};
use super::evidence::{Evidence, Ran};
use super::fake::{FakeEvidence, ran, wide};
use super::{Report, make};
use crate::driver::fake::{FakeWindows, PACKAGE};
use crate::driver::package::made_up::OWN;
use crate::driver::windows::{Store, Windows};
use crate::failure::{DEVICE_ERROR, Failure};

pub const DEVICE: &str = r"ROOT\MEDIA\0000";

/// A Windows with one device that runs, changed by `change`.
pub fn opening(change: impl Fn(&mut FakeWindows) + Send + Sync + 'static) -> Opening {
    Arc::new(move || {
        let mut windows = FakeWindows::default();
        let devices = &mut windows.state.devices;
        devices.insert(DEVICE.to_owned(), Some(PACKAGE.to_owned()));
        let certificates = &mut windows.state.certificates;
        certificates.insert((Store::Root, OWN.certificate().to_vec()));
        change(&mut windows);
        Box::new(windows) as Box<dyn Windows>
    })
}

pub fn sources(windows: Opening, evidence: &dyn Evidence) -> Sources<'_> {
    Sources {
        windows,
        evidence,
        patience: Duration::from_mins(1),
        made_at: "2026-11-26T11:06:53Z".to_owned(),
    }
}

fn report_of(windows: Opening, evidence: &FakeEvidence) -> Report {
    make(&sources(windows, evidence), Vec::new()).expect("a report")
}

pub fn file(report: &Report, name: &str) -> String {
    let mut files = report.files.iter();
    let found = files.find(|(file, _)| file == name);
    let (_, bytes) = found.unwrap_or_else(|| panic!("no {name}"));
    String::from_utf8(bytes.clone()).expect("UTF-8")
}

pub fn document(report: &Report) -> Value {
    serde_json::from_str(&file(report, "report.json")).expect("JSON")
}

#[test]
fn what_decides_comes_first() {
    let report = report_of(opening(|_| ()), &FakeEvidence::default());
    let text = file(&report, "report.txt");
    let lines: Vec<_> = text.lines().skip(2).take(6).collect();
    assert_eq!(
        lines[0],
        "Windows     Windows 11 Pro, 24H2, Professional, build 26100.2454, x64"
    );
    assert_eq!(lines[1], "test mode   on");
    assert!(
        lines[2].starts_with(r"device      ROOT\MEDIA\0000 runs, problem code 0"),
        "{text}"
    );
    assert_eq!(lines[3], "port        listed: out 1, in 0");
    assert!(lines[4].starts_with("counters    "), "{text}");
    assert_eq!(lines[5], "rights      administrator");
}

#[test]
fn obstacles_are_named_with_what_to_do() {
    let windows = opening(|windows| {
        windows.state.devices.clear();
        windows.machine.test_mode = Some(false);
        windows.machine.secure_boot = Some(true);
        windows.machine.is_administrator = false;
    });
    let report = report_of(windows, &FakeEvidence::default());
    for line in [
        "test mode   off",
        "turn Secure Boot off",
        "bcdedit /set testsigning on",
        "device      none",
        "midiuart-test driver install",
        "rights      no administrator",
    ] {
        assert!(report.summary.contains(line), "{line}: {}", report.summary);
    }
    let windows = opening(|windows| windows.problem = 52);
    let report = report_of(windows, &FakeEvidence::default());
    assert!(
        report.summary.contains("does not run, problem code 52"),
        "{}",
        report.summary
    );
    assert!(document(&report)["decisive"][2]["advice"].is_string());
}

#[test]
fn names_are_in_no_part() {
    let added = Added {
        command: "stress".to_owned(),
        documents: vec![
            json!({ "command": "stress", "version": "1.2.0.0", "by": r"NORDWIND\erika" }),
        ],
    };
    let evidence = FakeEvidence::default();
    let report = make(&sources(opening(|_| ()), &evidence), vec![added]).expect("a report");
    for (name, bytes) in &report.files {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for word in ["mustermann", "erika", "nordwind", "muster~1", "s-1-5-21"] {
            assert!(!text.contains(word), "{name}: {text}");
        }
    }
    let added: Value = serde_json::from_str(&file(&report, "added/1-stress.json")).expect("JSON");
    assert_eq!(
        added,
        json!({ "command": "stress", "version": "1.2.0.0", "by": r"<domain>\<user>" })
    );
    let setup = file(&report, "setupapi.txt");
    assert!(setup.contains(r"<profile>\midiuart.inf"), "{setup}");
    let events = file(&report, "events-services.txt");
    assert!(
        events.contains("midiuart.sys") && !events.contains("another"),
        "{events}"
    );
}

#[test]
fn no_report_is_made_if_a_name_is_left_or_names_are_not_known() {
    let evidence = FakeEvidence::default();
    let sources_of = || sources(opening(|_| ()), &evidence);
    // The names of members are not changed.
    let added = Added {
        command: "stress".to_owned(),
        documents: vec![json!({ "by-mustermann\u{200D}": 1, "command": "stress" })],
    };
    let report = make(&sources_of(), vec![added]).expect("names of members are removed as text");
    assert!(!file(&report, "added/1-stress.json").contains("muster"));
    let mut evidence = FakeEvidence::default();
    // A title is the report's own and is not changed.
    evidence.names.users = vec!["Code integrity: sig".to_owned()];
    let refused = make(&sources(opening(|_| ()), &evidence), Vec::new()).expect_err("a name");
    assert!(
        refused.to_string().contains("events-code-integrity.txt"),
        "{refused}"
    );
    assert_eq!(refused.exit_code(), DEVICE_ERROR);
    let evidence = FakeEvidence {
        has_names: false,
        ..FakeEvidence::default()
    };
    let refused = make(&sources(opening(|_| ()), &evidence), Vec::new()).expect_err("no names");
    assert!(
        matches!(&refused, Failure::Device(text) if text.contains("not known")),
        "{refused}"
    );
}

#[test]
fn a_machine_that_answers_nothing_gives_a_report_of_that() {
    let evidence = FakeEvidence {
        is_broken: true,
        ..FakeEvidence::default()
    };
    let report = report_of(
        opening(|windows| windows.broken = Some("counters")),
        &evidence,
    );
    let document = document(&report);
    assert_eq!(document["session"]["missing"], "Fake failed with error 5");
    assert_eq!(document["ports"]["missing"], "Fake failed with error 5");
    let counters = &document["counters"][0]["missing"];
    assert!(
        counters
            .as_str()
            .is_some_and(|why| why.contains("counters")),
        "{counters}"
    );
    let parts = document["parts"].as_array().expect("parts");
    assert!(
        parts.iter().all(|part| part["state"] == "missing"),
        "{parts:?}"
    );
    assert_eq!(report.files.len(), parts.len() + 2);
}

#[test]
fn what_never_answers_is_left_alone() {
    let evidence = FakeEvidence::default();
    let windows = opening(|_| {
        loop {
            thread::park();
        }
    });
    let mut sources = sources(windows, &evidence);
    sources.patience = Duration::from_millis(20);
    let report = make(&sources, Vec::new()).expect("a report");
    let document = document(&report);
    assert_eq!(document["devices"]["missing"], "no answer within 20ms");
    assert!(
        report.summary.contains("device      unknown"),
        "{}",
        report.summary
    );
}

#[test]
fn what_is_too_much_or_too_slow_is_cut_with_a_note_and_without_half_a_name() {
    let mut evidence = FakeEvidence::default();
    let late = Ran {
        output: wide("Event[0]\nmidiuart whole\nof Muste"),
        code: None,
        is_late: true,
        ..Ran::default()
    };
    evidence.printed.insert("qe", late);
    let long = "midiuart and more\n".repeat(100_000);
    evidence.printed.insert("/query", ran(&long));
    let report = report_of(opening(|_| ()), &evidence);
    let events = file(&report, "events-services.txt");
    assert!(
        events.contains("took too long") && events.contains("midiuart whole"),
        "{events}"
    );
    assert!(!events.contains("Muste"), "{events}");
    let verifier = file(&report, "verifier.txt");
    assert!(verifier.len() < 1_100_000 && verifier.contains("# cut after"));
    let document = document(&report);
    assert_eq!(document["parts"][0]["state"], "cut");
}

#[test]
fn a_port_that_is_missing_or_a_winmm_that_hangs_is_said() {
    let mut evidence = FakeEvidence::default();
    evidence
        .printed
        .insert("list", ran(r#"{"outputs":[],"inputs":[]}"#));
    let report = report_of(opening(|_| ()), &evidence);
    assert!(
        report.summary.contains("not listed by winmm"),
        "{}",
        report.summary
    );
    assert!(report.summary.contains("Audiosrv"), "{}", report.summary);
    let hung = Ran {
        is_late: true,
        ..Ran::default()
    };
    evidence.printed.insert("list", hung);
    let report = report_of(opening(|_| ()), &evidence);
    assert!(
        report.summary.contains("winmm did not answer"),
        "{}",
        report.summary
    );
}

#[test]
fn the_archive_has_the_files() {
    let report = report_of(opening(|_| ()), &FakeEvidence::default());
    let bytes = report.packed().expect("a zip file");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip file");
    assert_eq!(zip.len(), report.files.len());
    for (index, (name, expected)) in report.files.iter().enumerate() {
        let mut file = zip.by_index(index).expect("a file");
        assert_eq!(file.name().expect("a name"), name.as_str());
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).expect("its contents");
        assert_eq!(&contents, expected);
    }
}
