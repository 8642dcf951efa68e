//! Records that an older, a newer or a broken run has written.

use serde_json::json;

use super::super::fake::{FakeWindows, State};
use super::super::status::status;
use super::{CLEAN, DEVICE, DEVICE_ERROR, certificate_in, install, plan, recorded, remove};
use crate::driver::windows::Store;

fn installed() -> FakeWindows {
    let mut windows = FakeWindows::default();
    install(&plan(), &mut windows).expect("done");
    windows
}

#[test]
fn a_record_that_can_not_be_read_does_not_block_the_removal() {
    for text in ["", "{", "nothing", "{\"version\":2,\"steps\":[1]}", "[[]]"] {
        let mut windows = installed();
        windows.state.record = Some(text.to_owned());
        let failure = install(&plan(), &mut windows).expect_err("unreadable");
        assert!(failure.to_string().contains("driver remove"), "{failure}");
        assert!(status(&windows).expect("a status").record_fault.is_some());
        let removed = remove(&mut windows).expect("done");
        // Certificates are shown, not removed: nothing says that they were added.
        assert_eq!(windows.state.certificates.len(), 2);
        assert_eq!(removed.others.len(), 2, "{:?}", removed.others);
        windows.state.certificates.clear();
        assert_eq!(windows.state, State::default(), "{text}");
    }
}

#[test]
fn a_record_that_can_not_be_read_stays_until_the_removal_is_done() {
    let mut windows = installed();
    windows.state.record = Some("{".to_owned());
    windows.broken = Some("remove_package");
    remove(&mut windows).expect_err("it stays");
    assert_eq!(windows.state.record.as_deref(), Some("{"));
    windows.broken = None;
    remove(&mut windows).expect("done");
    assert_eq!(windows.state.record, None);
    assert!(windows.state.packages.is_empty());
}

#[test]
fn what_version_1_wrote_is_removed() {
    let mut windows = installed();
    let thumbprint = plan().package.signer.thumbprint();
    let old = json!([
        { "certificate": { "store": "Root", "thumbprint": thumbprint } },
        { "certificate": { "store": "TrustedPublisher", "thumbprint": thumbprint } },
        "service",
        { "package": "oem7.inf" },
        { "device": DEVICE },
    ]);
    windows.state.record = Some(old.to_string());
    assert_eq!(recorded(&windows).len(), 5);
    assert!(
        status(&windows)
            .expect("a status")
            .found
            .lines(false)
            .is_empty()
    );
    remove(&mut windows).expect("done");
    assert_eq!(windows.state, State::default());

    // It had no digest: the INF file has to look like the driver's.
    let mut windows = installed();
    windows.state.record = Some(old.to_string());
    let other = b"[Version]".to_vec();
    windows
        .state
        .packages
        .insert("oem7.inf".to_owned(), other.clone());
    remove(&mut windows).expect("done");
    assert_eq!(windows.state.packages["oem7.inf"], other);
}

#[test]
fn steps_of_a_newer_version_stay_for_that_one() {
    let mut windows = installed();
    let step = json!({ "state": "done", "what": { "gateway": 7 } });
    let own = json!({ "state": "done", "what": certificate_in(Store::Root) });
    let newer = json!({ "version": 3, "steps": [own, step] });
    windows.state.record = Some(newer.to_string());
    let failure = install(&plan(), &mut windows).expect_err("newer");
    assert!(failure.to_string().contains("newer version"), "{failure}");
    let removed = remove(&mut windows).expect("done");
    assert_eq!(removed.gone, [certificate_in(Store::Root)]);
    let text = windows.state.record.as_deref().expect("it stays");
    assert!(text.contains("gateway") && !text.contains("Root"), "{text}");
    let others = removed.others.join("\n");
    assert!(others.contains("a newer version"), "{others}");
    assert_eq!(
        status(&windows).expect("a status").nothing_left(),
        Ok(DEVICE_ERROR)
    );
}

#[test]
fn a_record_is_gone_with_the_last_step() {
    let mut windows = installed();
    assert!(windows.state.record.is_some());
    remove(&mut windows).expect("done");
    assert_eq!(windows.state.record, None);
    assert_eq!(
        status(&windows).expect("a status").nothing_left(),
        Ok(CLEAN)
    );
}
