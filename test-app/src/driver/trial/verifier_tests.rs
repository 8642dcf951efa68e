//! Driver Verifier's command lines, and what is made of its answers.
//!
//! The answers are written after Microsoft's documentation of the command and public reports of its output;
//! none is copied from a machine.

use super::fake::FakeTrial;
use super::verifier::{Action, Report, plan, run};
use crate::failure::{CLEAN, DEVICE_ERROR};

const NOTHING: &str =
    "\r\nTime Stamp: 08/21/2026 10:00:00.000\r\n\r\nNo drivers are currently verified.\r\n";

const LOADED: &str = "\
Time Stamp: 08/21/2026 10:00:00.000\r
\r
Verifier Flags: 0x000009bb\r
\r
  Standard Flags:\r
    [X] 0x00000001 Special pool.\r
\r
Driver Verification List\r
\r
  MODULE: portcls.sys (load: 3 / unload: 3)\r
  MODULE: MidiUART.sys (load: 2 / unload: 1)\r
\r
    Pool Allocation Statistics: ( NonPaged / Paged )\r
";

fn ran(build: u32, action: Action, answers: &[(i32, &'static str)]) -> (Report, Vec<String>) {
    let mut windows = FakeTrial {
        build,
        answers: answers.iter().copied().collect(),
        ..FakeTrial::default()
    };
    let report = run(action, &mut windows).expect("a report");
    assert!(windows.answers.is_empty(), "{:?}", windows.verifier);
    (report, windows.verifier)
}

/// The verdict of a query that answers that.
fn queried(answer: &'static str) -> (u8, String) {
    let (report, called) = ran(26100, Action::Query, &[(0, answer)]);
    assert_eq!(called, ["/query"]);
    (report.exit_code(), report.verdict)
}

#[test]
fn older_windows_sets_flags_then_adds_the_driver() {
    for build in [19045, 20348, 21999] {
        let (report, called) = ran(build, Action::On, &[(0, "ok"), (0, "ok")]);
        let expected = [
            "/volatile /flags 0x9bb",
            "/volatile /adddriver midiuart.sys",
        ];
        assert_eq!(called, expected);
        assert_eq!(report.exit_code(), CLEAN);
        assert_eq!(report.failure(), None);
    }
}

#[test]
fn flags_that_are_refused_add_no_driver() {
    let (report, called) = ran(20348, Action::On, &[(1, "no")]);
    assert_eq!(called, ["/volatile /flags 0x9bb"]);
    assert_eq!(report.exit_code(), DEVICE_ERROR);
}

#[test]
fn newer_windows_takes_rule_classes_and_drops_one_that_it_does_not_take() {
    let all = "/dif 1 2 4 5 9 12 18 20 /now /driver midiuart.sys";
    let fewer = "/dif 1 4 5 9 12 18 20 /now /driver midiuart.sys";
    for build in [22000, 26100, 26200] {
        let (report, called) = ran(build, Action::On, &[(0, "")]);
        assert_eq!(called, [all]);
        assert_eq!(report.exit_code(), CLEAN);
        let (report, called) = ran(build, Action::On, &[(1, ""), (0, "")]);
        assert_eq!(called, [all, fewer]);
        assert_eq!(report.exit_code(), CLEAN);
    }
}

#[test]
fn each_exit_code_is_explained() {
    for (code, meaning, advice) in [
        (1, "error", "driver remove"),
        (2, "Windows has to be restarted first", "restart Windows"),
        (7, "not a code that is documented", "refused"),
    ] {
        let (report, _) = ran(26100, Action::On, &[(code, "a line"), (code, "a line")]);
        assert_eq!(report.exit_code(), DEVICE_ERROR);
        let text = report.text();
        assert!(
            text.contains(&format!("exit code {code}: {meaning}")),
            "{text}"
        );
        assert!(text.contains("\n  a line\n"), "{text}");
        assert!(
            text.contains(r"> C:\Windows\System32\verifier.exe /dif"),
            "{text}"
        );
        let line = report.failure().expect("a failure").to_string();
        assert!(line.contains(advice), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
}

#[test]
fn off_undoes_what_on_did() {
    for (build, expected) in [
        (20348, "/volatile /removedriver midiuart.sys"),
        (26100, "/stop"),
    ] {
        for (code, exit_code) in [(0, CLEAN), (1, DEVICE_ERROR), (2, DEVICE_ERROR)] {
            let (report, called) = ran(build, Action::Off, &[(code, "")]);
            assert_eq!(called, [expected]);
            assert_eq!(report.exit_code(), exit_code);
        }
    }
}

#[test]
fn only_a_loaded_driver_counts_as_verified() {
    let (code, verdict) = queried(LOADED);
    assert_eq!(
        (code, verdict.as_str()),
        (
            CLEAN,
            "midiuart.sys is loaded, and Driver Verifier checks it"
        )
    );
    for (answer, expected) in [
        (NOTHING, "does not check midiuart.sys"),
        ("  MODULE: midiuart.sys (load: 0 / unload: 0)", "not loaded"),
        ("  MODULE: midiuart.sys (load: 4 / unload: 4)", "not loaded"),
        (
            "  MODULE: midiuart.sys.bak (load: 1 / unload: 0)",
            "does not check",
        ),
        (
            "  MODULE: othermidiuart.sys (load: 1 / unload: 0)",
            "does not check",
        ),
        (
            "Verifier Flags: 0x00000000\n  MODULE: midiuart.sys (load: 1 / unload: 0)",
            "with no check on",
        ),
        ("  MODULE: midiuart.sys", "read its output"),
        ("  MODULE: midiuart.sys (load: 1)", "read its output"),
        ("", "does not check"),
    ] {
        let (code, verdict) = queried(answer);
        assert_eq!(code, DEVICE_ERROR, "{answer}");
        assert!(verdict.contains(expected), "{answer}: {verdict}");
    }
}

#[test]
fn other_forms_of_the_line_are_read_too() {
    for answer in [
        "Name: midiuart.sys, loads: 1, unloads: 0",
        "  MODUL: midiuart.sys (Laden: 1 / Entladen: 0)",
        "  MODULE: midiuart.sys (load: 0x2 / unload: 0x1)",
    ] {
        assert_eq!(queried(answer).0, CLEAN, "{answer}");
    }
}

#[test]
fn a_query_that_fails_proves_nothing() {
    let (report, _) = ran(26100, Action::Query, &[(1, LOADED)]);
    assert_eq!(report.exit_code(), DEVICE_ERROR);
}

#[test]
fn what_is_changed_is_told_before() {
    let text = |action, build| {
        let windows = FakeTrial {
            build,
            ..FakeTrial::default()
        };
        plan(action, &windows).expect("a plan")
    };
    assert_eq!(text(Action::Query, 26100), "");
    for build in [20348, 26100] {
        assert!(text(Action::On, build).contains("blue screen"));
        assert!(!text(Action::Off, build).is_empty());
    }
    assert!(text(Action::On, 20348).contains("0x9bb"));
}

#[test]
fn a_verifier_that_can_t_be_run_is_told() {
    for broken in ["build", "verifier"] {
        let mut windows = FakeTrial {
            broken: Some(broken),
            ..FakeTrial::default()
        };
        let failure = run(Action::On, &mut windows).expect_err("a refusal");
        assert_eq!(failure.exit_code(), DEVICE_ERROR);
        assert!(failure.to_string().contains("administrator"), "{failure}");
    }
}
