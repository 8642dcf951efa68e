//! What `remove` takes, what it leaves alone, and what it says of both.

use super::super::fake::{FakeDialog, FakeWindows, PACKAGE, State};
use super::super::package::made_up::{OTHER, OWN};
use super::super::remove::Request;
use super::super::status::status;
use super::super::windows::Store;
use super::{CLEAN, DEVICE, DEVICE_ERROR, install, plan, remove, request};

const OTHER_PRODUCT: &[u8] = b"[Version]\nCatalogFile=other.cat\n";

fn installed() -> FakeWindows {
    let mut windows = FakeWindows::default();
    install(&plan(), &mut windows).expect("done");
    windows
}

#[test]
fn a_packages_name_that_another_product_has_by_now_is_left_alone() {
    let mut windows = installed();
    let packages = &mut windows.state.packages;
    packages.insert(PACKAGE.to_owned(), OTHER_PRODUCT.to_vec());
    let removed = remove(&mut windows).expect("done");
    assert_eq!(windows.state.packages[PACKAGE], OTHER_PRODUCT);
    assert!(removed.foreign[0].contains("oem7.inf is another product's"));
    assert_eq!(windows.state.record, None);
}

#[test]
fn a_package_is_found_by_its_inf_file_under_another_name() {
    let mut windows = installed();
    let inf = windows.state.packages.remove(PACKAGE).expect("it is there");
    windows.state.packages.insert("oem9.inf".to_owned(), inf);
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());
}

#[test]
fn a_devices_name_that_another_product_has_by_now_is_left_alone() {
    let mut windows = installed();
    windows.state.devices.remove(DEVICE);
    windows.foreign_devices.insert(DEVICE.to_owned());
    let removed = remove(&mut windows).expect("done");
    assert!(!windows.done.contains(&"remove_device"));
    assert!(removed.foreign[0].contains(DEVICE), "{:?}", removed.foreign);
    assert_eq!(windows.state, State::default());
}

#[test]
fn a_device_that_another_driver_serves_by_now_is_left_alone() {
    let mut windows = installed();
    windows.device_service = "other".to_owned();
    remove(&mut windows).expect("done");
    assert!(windows.state.devices.contains_key(DEVICE));
}

#[test]
fn a_service_that_runs_another_image_is_left_alone() {
    let mut windows = installed();
    windows.service_image = r"C:\other\other.sys".to_owned();
    let removed = remove(&mut windows).expect("done");
    assert!(windows.state.service);
    assert!(
        removed.foreign[0].contains("another image"),
        "{:?}",
        removed.foreign
    );
}

#[test]
fn certificates_of_any_version_are_shown_with_what_removes_them() {
    // As `certutil` adds them, which writes nothing down.
    let mut windows = FakeWindows::default();
    for store in Store::ALL {
        let certificates = &mut windows.state.certificates;
        certificates.insert((store, OTHER.certificate().to_vec()));
        certificates.insert((store, OWN.certificate().to_vec()));
    }
    let mut windows = {
        install(&plan(), &mut windows).expect("done");
        windows
    };
    let removed = remove(&mut windows).expect("done");
    assert_eq!(windows.state.certificates.len(), 4, "they stay");
    assert_eq!(removed.others.len(), 4, "{:?}", removed.others);
    for line in &removed.others {
        assert!(line.contains("midiuart test certificate"), "{line}");
        assert!(line.contains("`certutil -delstore "), "{line}");
        assert!(line.contains("--certificate"), "{line}");
    }
    let left = status(&windows).expect("a status");
    assert_eq!(left.nothing_left(), Ok(DEVICE_ERROR));
    assert!(
        left.to_string().contains("certutil -delstore Root"),
        "{left}"
    );
}

#[test]
fn certificates_that_were_not_added_are_removed_when_agreed_to() {
    let mut windows = FakeWindows::default();
    for store in Store::ALL {
        let certificate = OTHER.certificate().to_vec();
        windows.state.certificates.insert((store, certificate));
    }
    let before = windows.state.clone();
    let request = Request {
        certificate: true,
        ..request()
    };
    let mut dialog = FakeDialog {
        agrees: false,
        ..FakeDialog::default()
    };
    super::super::remove::remove(&request, &mut windows, &mut dialog).expect_err("not agreed to");
    assert_eq!(windows.state, before);
    dialog.agrees = true;
    let removed = super::super::remove::remove(&request, &mut windows, &mut dialog);
    assert_eq!(removed.expect("done").gone.len(), 2);
    assert_eq!(windows.state, State::default());
    let certificate = super::super::certificate::Certificate::read(OTHER.certificate());
    let digest = certificate.expect("a certificate").sha256();
    assert!(dialog.asked.iter().any(|line| line.contains(&digest)));
    let nothing = status(&windows).expect("a status").nothing_left();
    assert_eq!(nothing, Ok(CLEAN));
}

#[test]
fn other_certificates_are_not_the_drivers() {
    let mut windows = FakeWindows::default();
    let mut other = super::super::package::made_up::MadeUp::new(
        &super::super::package::made_up::Kind::IssuedByOther,
    );
    other.rename("CN=Somebody Else");
    let certificate = (Store::Root, other.certificate().to_vec());
    windows.state.certificates.insert(certificate);
    let nothing = status(&windows).expect("a status").nothing_left();
    assert_eq!(nothing, Ok(CLEAN));
}

#[test]
fn whatever_is_left_is_found() {
    let windows = installed();
    let found = status(&windows).expect("a status").found;
    assert_eq!(found.certificates.len(), 2);
    assert!(found.lines(false).is_empty(), "all of it is recorded");
    let only: [fn(&mut State, &State); 5] = [
        |left, all| left.certificates.clone_from(&all.certificates),
        |left, all| left.packages.clone_from(&all.packages),
        |left, all| left.devices.clone_from(&all.devices),
        |left, all| left.service = all.service,
        |left, _| _ = left.copies.insert("midiuart-test-9".into()),
    ];
    for part in only {
        let mut left = FakeWindows::default();
        part(&mut left.state, &windows.state);
        let status = status(&left).expect("a status");
        assert_eq!(status.nothing_left(), Ok(DEVICE_ERROR), "{:?}", left.state);
        let lines = status.found.lines(false);
        assert!(!lines.is_empty(), "{:?}", left.state);
        assert!(lines.iter().all(|line| line.contains('`')), "{lines:?}");
    }
}

#[test]
fn whether_nothing_is_left_only_an_administrator_can_see() {
    let mut windows = FakeWindows::default();
    windows.machine.is_administrator = false;
    let status = status(&windows).expect("a status");
    let failure = status.nothing_left().expect_err("no rights");
    assert!(failure.to_string().contains("administrator"), "{failure}");
}

#[test]
fn what_is_still_weakened_is_listed_with_what_ends_it() {
    let mut windows = installed();
    let weakened = remove(&mut windows).expect("done").weakened.join("\n");
    for command in [
        "test mode is on: `bcdedit /set testsigning off`",
        "Secure Boot is off: `shutdown /r /fw /t 0`",
        "memory integrity is off: `reg add ",
    ] {
        assert!(weakened.contains(command), "{weakened}");
    }
    windows.machine.test_mode = Some(false);
    windows.machine.secure_boot = Some(true);
    windows.machine.memory_integrity = Some(true);
    let removed = remove(&mut windows).expect("done");
    assert_eq!(removed.weakened, Vec::<String>::new());
}

#[test]
fn a_second_run_is_refused_while_one_is_under_way() {
    let mut windows = installed();
    let before = windows.state.clone();
    windows.is_locked.set(true);
    for failure in [
        install(&plan(), &mut windows).map(|_| ()),
        remove(&mut windows).map(|_| ()),
    ] {
        let failure = failure.expect_err("another run");
        assert_eq!(failure.exit_code(), DEVICE_ERROR);
        assert!(
            failure.to_string().contains("another midiuart-test"),
            "{failure}"
        );
    }
    assert_eq!(windows.state, before);
    assert!(windows.is_locked.get(), "it is the other run's");
}
