//! An installation over one of another builder's package.

use super::super::fake::{FakeWindows, State};
use super::super::package::made_up::{OTHER, OWN};
use super::super::windows::Store;
use super::{install, plan, plan_of, remove};

const NEWER: &[u8] = b"[Version]\nCatalogFile=midiuart.cat\nDriverVer=2\n[Copy]\nmidiuart.sys\n";

/// A machine on which the package of another builder was installed.
fn with_anothers_package() -> FakeWindows {
    let mut windows = FakeWindows {
        signer: Some(OTHER.certificate().to_vec()),
        ..FakeWindows::default()
    };
    install(&plan_of(&OTHER, NEWER), &mut windows).expect("done");
    windows.signer = None;
    windows
}

#[test]
fn the_older_package_and_its_certificate_are_removed() {
    let mut windows = with_anothers_package();
    install(&plan(), &mut windows).expect("done");
    let others = windows.state.certificates.iter();
    let mut others = others.filter(|(_, der)| der != OWN.certificate());
    assert_eq!(others.next(), None);
    assert_eq!(windows.state.certificates.len(), 2);
    assert_eq!(windows.state.packages.len(), 1);
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());
}

#[test]
fn an_older_package_that_a_device_uses_stays_with_its_certificate_and_that_is_said() {
    let mut windows = with_anothers_package();
    windows.keeps_driver = true;
    let installed = install(&plan(), &mut windows).expect("done");
    let remarks = installed.remarks.join("\n");
    assert!(
        remarks.contains("package oem7.inf of an earlier installation stays: a device uses it"),
        "{remarks}"
    );
    assert!(
        remarks.contains("certificate in Root of an earlier installation stays"),
        "{remarks}"
    );
    assert_eq!(windows.state.certificates.len(), 4);
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());
}

#[test]
fn a_certificate_that_install_did_not_add_is_said_to_stay() {
    let mut windows = FakeWindows::default();
    let certificate = OTHER.certificate().to_vec();
    windows
        .state
        .certificates
        .insert((Store::Root, certificate));
    let installed = install(&plan(), &mut windows).expect("done");
    let remarks = installed.remarks.join("\n");
    assert!(
        remarks.contains("not added by this program: certificate in Root"),
        "{remarks}"
    );
    assert!(remarks.contains("certutil -delstore Root"), "{remarks}");
}
