//! What is put into the stores of certificates, and who is asked.

use super::super::fake::{FakeDialog, FakeWindows, State};
use super::super::package::made_up::{OTHER, OWN};
use super::super::windows::{Signature, Store};
use super::{Addition, USAGE, install, plan, refusal};

#[test]
fn what_windows_takes_for_the_signer_has_to_be_the_same_certificate() {
    for trusted in [false, true] {
        let mut windows = FakeWindows {
            signer: Some(OTHER.certificate().to_vec()),
            ..FakeWindows::default()
        };
        if trusted {
            let certificate = OTHER.certificate().to_vec();
            windows
                .state
                .certificates
                .insert((Store::Root, certificate));
        }
        let (code, line) = refusal(&plan(), &mut windows);
        assert_eq!(code, USAGE);
        assert!(
            line.contains("is signed with another certificate"),
            "{line}"
        );
        assert!(windows.done.is_empty(), "{:?}", windows.done);
    }
}

#[test]
fn a_certificate_that_may_not_be_trusted_is_refused_before_anything_is_changed() {
    let mut plan = plan();
    plan.package.may_be_trusted = Err("midiuart.cer may issue other certificates (CA)".to_owned());
    let mut windows = FakeWindows::default();
    let (code, line) = refusal(&plan, &mut windows);
    assert_eq!(code, USAGE);
    assert!(line.contains("may issue other certificates"), "{line}");
    assert!(windows.done.is_empty(), "{:?}", windows.done);
}

#[test]
fn a_signature_that_is_trusted_already_adds_nothing_to_a_store() {
    // As one of Microsoft's: nothing is needed of midiuart.cer then.
    let mut plan = plan();
    plan.package.may_be_trusted = Err("midiuart.cer is missing".to_owned());
    let mut windows = FakeWindows {
        untrusted: Signature::Trusted,
        ..FakeWindows::default()
    };
    let installed = install(&plan, &mut windows).expect("done");
    assert!(windows.state.certificates.is_empty());
    let has_certificate = |it: &Addition| matches!(it, Addition::Certificate { .. });
    assert!(!installed.added.iter().any(has_certificate));
}

#[test]
fn a_certificate_in_root_is_completed_in_trusted_publisher_only() {
    let mut windows = FakeWindows::default();
    let own = OWN.certificate().to_vec();
    windows
        .state
        .certificates
        .insert((Store::Root, own.clone()));
    let installed = install(&plan(), &mut windows).expect("done");
    let stores = installed.added.iter().filter_map(|it| match it {
        Addition::Certificate { store, .. } => Some(*store),
        _ => None,
    });
    assert_eq!(stores.collect::<Vec<_>>(), [Store::TrustedPublisher]);
    assert!(
        windows
            .state
            .certificates
            .contains(&(Store::TrustedPublisher, own))
    );
}

#[test]
fn a_signature_that_only_the_users_own_stores_trust_is_completed_in_the_machines() {
    let mut windows = FakeWindows {
        untrusted: Signature::Trusted,
        ..FakeWindows::default()
    };
    install(&plan(), &mut windows).expect("done");
    assert_eq!(windows.state.certificates.len(), 2);
}

#[test]
fn what_is_trusted_is_shown_and_asked_before_anything_is_changed() {
    let mut windows = FakeWindows::default();
    let mut dialog = FakeDialog {
        agrees: false,
        ..FakeDialog::default()
    };
    let failure = super::super::install::install(&plan(), &mut windows, &mut dialog);
    failure.expect_err("not agreed to");
    assert_eq!(windows.state, State::default());
    assert!(windows.done.is_empty(), "{:?}", windows.done);
    assert!(!windows.is_locked.get());
    assert!(dialog.lines.is_empty(), "{:?}", dialog.lines);
    let asked = dialog.asked.join("\n");
    let signer = plan().package.signer;
    for part in [
        signer.subject(),
        signer.sha256(),
        signer.expires(),
        "Root and TrustedPublisher".to_owned(),
        "all users of this machine trust".to_owned(),
        "Install?".to_owned(),
    ] {
        assert!(asked.contains(&part), "{asked} lacks {part}");
    }
}

#[test]
fn each_step_is_said_before_and_after() {
    let mut windows = FakeWindows::default();
    let mut dialog = FakeDialog::default();
    super::super::install::install(&plan(), &mut windows, &mut dialog).expect("done");
    let copy = r"protected copy C:\Windows\Temp/midiuart-test-0";
    let copy = if cfg!(windows) {
        copy.replace('/', r"\")
    } else {
        copy.to_owned()
    };
    let expected = [
        format!("adding {copy}"),
        format!("added {copy}"),
        "adding certificate in Root".to_owned(),
        "added certificate in Root".to_owned(),
        "adding certificate in TrustedPublisher".to_owned(),
        "added certificate in TrustedPublisher".to_owned(),
        "adding package".to_owned(),
        "added package oem7.inf".to_owned(),
        r"adding device ROOT\MIDIUART".to_owned(),
        r"added device ROOT\MEDIA\0000".to_owned(),
        "added service midiuart".to_owned(),
        format!("removing {copy}"),
        format!("removed {copy}"),
    ];
    assert_eq!(dialog.lines, expected);
}
