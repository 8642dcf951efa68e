//! Installing and removing, on a Windows that is made up.

mod places;
mod power_cuts;
mod records;
mod removal;
mod trust;
mod upgrades;

use std::path::PathBuf;

use super::certificate::Certificate;
use super::fake::{FakeDialog, FakeWindows, INF_FILE, PACKAGE, State};
use super::install::{Installed, Plan};
use super::machine::Architecture;
use super::package::Package;
use super::package::made_up::{MadeUp, OWN, before_and_after};
use super::record::{self, Addition, Record};
use super::remove::{Removed, Request};
use super::restart::restart;
use super::status::status;
use super::windows::{Restart, Signature, Store};
use crate::failure::{CLEAN, DEVICE_ERROR, Failure, NO_SUCH_PORT, USAGE};

const PROGRAM: &str = "/home/user/package/midiuart-test.exe";
const FOLDER: &str = "/home/user/package";
const DEVICE: &str = r"ROOT\MEDIA\0000";

fn plan() -> Plan {
    plan_of(&OWN, INF_FILE)
}

fn plan_of(signer: &MadeUp, inf: &[u8]) -> Plan {
    Plan {
        package: Package {
            folder: PathBuf::from(FOLDER),
            inf: inf.to_vec(),
            image: b"image".to_vec(),
            catalog: b"catalog".to_vec(),
            architecture: Architecture::X64,
            signer: Certificate::read(signer.certificate()).expect("a certificate"),
            may_be_trusted: Ok(()),
        },
        program: PathBuf::from(PROGRAM),
        before_test_mode: false,
    }
}

fn install(plan: &Plan, windows: &mut FakeWindows) -> Result<Installed, Failure> {
    super::install::install(plan, windows, &mut FakeDialog::default())
}

fn request() -> Request {
    Request {
        program: PathBuf::from(PROGRAM),
        certificate: false,
    }
}

fn remove(windows: &mut FakeWindows) -> Result<Removed, Failure> {
    super::remove::remove(&request(), windows, &mut FakeDialog::default())
}

fn certificate_in(store: Store) -> Addition {
    let certificate = Certificate::read(OWN.certificate()).expect("a certificate");
    Addition::Certificate {
        store,
        thumbprint: certificate.thumbprint(),
    }
}

fn package_named(name: &str) -> Addition {
    Addition::Package {
        name: Some(name.to_owned()),
        inf: Some(plan().package.inf_digest()),
    }
}

/// All that an installation on a fresh machine adds.
fn all_additions() -> Vec<Addition> {
    let mut additions: Vec<_> = Store::ALL.map(certificate_in).into();
    additions.push(Addition::Service);
    additions.push(package_named(PACKAGE));
    additions.push(Addition::Device(Some(DEVICE.to_owned())));
    additions
}

/// What a machine has written down.
fn recorded(windows: &FakeWindows) -> Vec<Addition> {
    let record = Record::of(windows).expect("a record");
    let all_done = record
        .steps
        .iter()
        .all(|it| it.state == record::State::Done);
    assert!(all_done, "{record:?}");
    record.steps.into_iter().map(|step| step.what).collect()
}

/// States that a machine can be in before: each thing is there already, or is not.
fn states() -> Vec<State> {
    let mut states = Vec::new();
    for bits in 0..32_u32 {
        let is_there = |bit: u32| bits & (1 << bit) != 0;
        let mut state = State {
            service: is_there(2),
            ..State::default()
        };
        for (bit, store) in (0..).zip(Store::ALL) {
            if is_there(bit) {
                let certificate = OWN.certificate().to_vec();
                state.certificates.insert((store, certificate));
            }
        }
        if is_there(3) {
            let name = PACKAGE.to_owned();
            state.packages.insert(name, INF_FILE.to_vec());
        }
        if is_there(4) {
            state.devices.insert(DEVICE.to_owned(), None);
        }
        states.push(state);
    }
    states
}

/// The same but for which driver devices have.
fn without_drivers(state: &State) -> State {
    let mut state = state.clone();
    for package in state.devices.values_mut() {
        *package = None;
    }
    state
}

fn windows_with(state: &State) -> FakeWindows {
    FakeWindows {
        state: state.clone(),
        ..FakeWindows::default()
    }
}

/// The line that an installation fails with, which has to leave everything as it was.
fn refusal(plan: &Plan, windows: &mut FakeWindows) -> (u8, String) {
    let before = windows.state.clone();
    let failure = install(plan, windows).expect_err("a refusal");
    assert_eq!(windows.state, before, "{failure}");
    assert!(!windows.is_locked.get(), "{failure}");
    let line = failure.to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    (failure.exit_code(), line)
}

#[test]
fn a_fresh_machine_gets_everything() {
    let mut windows = FakeWindows::default();
    let installed = install(&plan(), &mut windows).expect("done");
    let expected = Installed {
        added: all_additions(),
        devices: vec![r"ROOT\MEDIA\0000".to_owned()],
        restart: Restart::NotNeeded,
        remarks: Vec::new(),
    };
    assert_eq!(installed, expected);
    assert_eq!(recorded(&windows), all_additions());
    assert!(windows.state.copies.is_empty());
    let status = status(&windows).expect("a status");
    assert_eq!(status.exit_code(), CLEAN);
    assert!(status.to_string().contains(r"ROOT\MEDIA\0000: runs"));
}

#[test]
fn whatever_step_fails_what_was_done_is_undone() {
    for state in states() {
        let mut step = 0;
        loop {
            let mut windows = windows_with(&state);
            windows.failing = Some(step);
            let Err(failure) = install(&plan(), &mut windows) else {
                break;
            };
            assert_eq!(windows.state, state, "step {step}: {failure}");
            assert_eq!(failure.exit_code(), DEVICE_ERROR);
            step += 1;
        }
        assert!(step > 0, "at least the driver is given to the device");
    }
}

#[test]
fn it_is_undone_in_reverse() {
    let mut windows = FakeWindows {
        broken: Some("update_driver"),
        ..FakeWindows::default()
    };
    let (_, line) = refusal(&plan(), &mut windows);
    assert!(line.contains("all was undone"), "{line}");
    let done = windows.done.iter().filter(|done| **done != "keep_record");
    let expected = [
        "make_copy",
        "add_certificate",
        "add_certificate",
        "add_package",
        "make_device",
        "remove_device",
        "remove_package",
        "remove_service",
        "remove_certificate",
        "remove_certificate",
        "remove_copy",
    ];
    assert!(done.eq(&expected), "{:?}", windows.done);
}

#[test]
fn a_device_that_does_not_start_is_undone() {
    for (problem, words) in [
        (10, "no UART answers"),
        (
            39,
            "report it as an error of the driver, and leave memory integrity on",
        ),
        (52, "test mode"),
    ] {
        let mut windows = FakeWindows {
            problem,
            ..FakeWindows::default()
        };
        let (code, line) = refusal(&plan(), &mut windows);
        assert_eq!(code, DEVICE_ERROR);
        assert!(line.contains(&format!("code {problem}")), "{line}");
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn what_can_not_be_undone_is_told_and_remembered() {
    let mut windows = FakeWindows {
        broken: Some("remove_package"),
        problem: 10,
        ..FakeWindows::default()
    };
    let failure = install(&plan(), &mut windows).expect_err("a problem");
    let line = failure.to_string();
    assert!(
        line.contains("package oem7.inf could not be taken back"),
        "{line}"
    );
    assert_eq!(recorded(&windows), [package_named(PACKAGE)]);
    windows.broken = None;
    let removed = remove(&mut windows).expect("done");
    assert_eq!(removed.gone.len(), 1);
    assert_eq!(windows.state, State::default());
}

#[test]
fn removing_leaves_what_was_there_before() {
    for state in states() {
        let mut windows = windows_with(&state);
        let installed = install(&plan(), &mut windows).expect("done");
        let mut removed = remove(&mut windows).expect("done");
        removed.gone.reverse();
        assert_eq!(removed.gone, installed.added);
        assert_eq!(without_drivers(&windows.state), state);
        assert_eq!(removed.others.is_empty(), state == State::default());
    }
}

#[test]
fn installing_twice_adds_nothing_and_is_removed_once() {
    let mut windows = FakeWindows::default();
    install(&plan(), &mut windows).expect("done");
    let once = windows.state.clone();
    let again = install(&plan(), &mut windows).expect("done");
    assert_eq!(again.added, []);
    assert_eq!(windows.state, once);
    windows.failing = None;
    windows.problem = 10;
    install(&plan(), &mut windows).expect_err("a problem");
    assert_eq!(windows.state, once, "the first installation stays");
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());
    assert_eq!(remove(&mut windows).expect("done").gone, []);
}

#[test]
fn a_removal_that_fails_goes_on_and_can_be_repeated() {
    let mut windows = FakeWindows::default();
    install(&plan(), &mut windows).expect("done");
    windows.broken = Some("remove_device");
    let failure = remove(&mut windows).expect_err("a device that stays");
    assert!(
        failure.to_string().contains(r"device ROOT\MEDIA\0000"),
        "{failure}"
    );
    assert!(windows.state.certificates.is_empty());
    assert!(windows.state.packages.is_empty());
    windows.broken = None;
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());
}

#[test]
fn what_stands_in_the_way_is_told_before_anything_is_changed() {
    type Spoil = fn(&mut FakeWindows, &mut Plan);
    let cases: &[(Spoil, u8, &[&str])] = &[
        (
            |it, _| it.machine.is_administrator = false,
            DEVICE_ERROR,
            &["Run as administrator"],
        ),
        (
            |it, _| it.machine.is_translated = true,
            DEVICE_ERROR,
            &["x64 package"],
        ),
        (
            |it, _| it.machine.architecture = Architecture::Arm64,
            USAGE,
            &["package for arm64"],
        ),
        (
            |it, _| it.machine.architecture = Architecture::Other,
            DEVICE_ERROR,
            &["only for x64"],
        ),
        (
            |_, plan| plan.package.architecture = Architecture::Arm64,
            USAGE,
            &["is for arm64"],
        ),
        (
            |it, _| it.now = before_and_after()[1],
            USAGE,
            &["expired", "cargo xtask package"],
        ),
        (|it, _| it.now = before_and_after()[0], USAGE, &["clock"]),
        (
            |it, _| it.untrusted = Signature::Broken,
            USAGE,
            &["midiuart.cat was changed"],
        ),
        (
            |it, _| it.untrusted = Signature::Expired,
            USAGE,
            &["expired"],
        ),
        (
            |it, _| it.untrusted = Signature::Refused(0x800B_0111),
            DEVICE_ERROR,
            &["0x800B0111"],
        ),
        (
            |it, _| it.machine.test_mode = Some(false),
            DEVICE_ERROR,
            &["; run `bcdedit"],
        ),
        (
            |it, _| {
                it.machine.test_mode = Some(false);
                it.machine.secure_boot = Some(true);
            },
            DEVICE_ERROR,
            &["Secure Boot forbids", "firmware", "bcdedit"],
        ),
        (
            |it, _| {
                it.machine.test_mode = Some(false);
                it.machine.bitlocker = Some(true);
            },
            DEVICE_ERROR,
            &["manage-bde -protectors -disable", "bcdedit"],
        ),
    ];
    for (spoil, code, words) in cases {
        let (mut windows, mut plan) = (FakeWindows::default(), plan());
        spoil(&mut windows, &mut plan);
        let (exit_code, line) = refusal(&plan, &mut windows);
        assert_eq!(exit_code, *code, "{line}");
        assert!(windows.done.is_empty(), "{line}: {:?}", windows.done);
        for word in *words {
            assert!(line.contains(word), "{line} lacks {word}");
        }
    }
}

#[test]
fn a_catalog_of_another_certificate_is_undone() {
    let mut windows = FakeWindows {
        trusted: Signature::Untrusted,
        ..FakeWindows::default()
    };
    let (code, line) = refusal(&plan(), &mut windows);
    assert_eq!(code, USAGE);
    assert!(line.contains("another certificate"), "{line}");
}

#[test]
fn it_can_be_installed_before_test_mode_is_on() {
    let mut windows = FakeWindows::default();
    windows.machine.test_mode = Some(false);
    windows.problem = 52;
    let plan = Plan {
        before_test_mode: true,
        ..plan()
    };
    let installed = install(&plan, &mut windows).expect("done");
    assert_eq!(installed.restart, Restart::Needed);
    assert!(installed.remarks[0].contains("test mode is still off"));
    let status = status(&windows).expect("a status");
    assert_eq!(status.exit_code(), DEVICE_ERROR);
    assert!(status.to_string().contains("code 52"), "{status}");
}

#[test]
fn a_restart_that_is_needed_is_told() {
    let mut windows = FakeWindows {
        restart: Restart::Needed,
        problem: 14,
        ..FakeWindows::default()
    };
    let installed = install(&plan(), &mut windows).expect("done");
    assert_eq!(installed.restart, Restart::Needed);
    assert_eq!(restart(&mut windows).expect("done").1, Restart::Needed);
    assert_eq!(remove(&mut windows).expect("done").restart, Restart::Needed);
}

#[test]
fn a_service_that_was_not_made_is_no_addition() {
    let mut windows = FakeWindows {
        makes_service: false,
        ..FakeWindows::default()
    };
    let installed = install(&plan(), &mut windows).expect("done");
    assert!(!installed.added.contains(&Addition::Service));
    assert_eq!(recorded(&windows), installed.added);
}

#[test]
fn memory_integrity_is_remarked() {
    let mut windows = FakeWindows::default();
    windows.machine.memory_integrity = Some(true);
    let installed = install(&plan(), &mut windows).expect("done");
    let remark = &installed.remarks[0];
    assert!(
        remark.contains("memory integrity is on and can stay on"),
        "{remark}"
    );
    assert!(remark.contains("code 39"), "{remark}");
}

#[test]
fn restarting_tells_what_does_not_come_back() {
    let mut windows = FakeWindows::default();
    let failure = restart(&mut windows).expect_err("no device");
    assert_eq!(failure.exit_code(), NO_SUCH_PORT);
    install(&plan(), &mut windows).expect("done");
    let (devices, _) = restart(&mut windows).expect("done");
    assert_eq!(devices, [r"ROOT\MEDIA\0000"]);
    windows.problem = 10;
    let failure = restart(&mut windows).expect_err("a problem");
    assert!(
        matches!(&failure, Failure::Device(text) if text.contains("code 10")),
        "{failure}"
    );
    windows.machine.is_administrator = false;
    let failure = restart(&mut windows).expect_err("no rights");
    assert!(failure.to_string().contains("administrator"), "{failure}");
}

#[test]
fn a_machine_without_the_driver_has_a_status() {
    let windows = FakeWindows::default();
    let status = status(&windows).expect("a status");
    assert_eq!(status.exit_code(), NO_SUCH_PORT);
    let text = status.to_string();
    for line in [
        "device            none",
        "service           none",
        "test mode         yes",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(status.nothing_left(), Ok(CLEAN));
}
