//! A panic in a method ends the process; it never unwinds into the caller.

use std::env;
use std::io::{self, Write as _};
use std::process::Command;
use std::sync::Arc;

use portcls::com::{Class, ComPtr, Face, Own, ServiceSink};
use portcls::interfaces::IServiceSink;

use crate::counting_pool::{Counted as _, pool};

const CHILD: &str = "PORTCLS_TEST_CHILD";

pool!(Heap);

struct Panics(#[expect(dead_code, reason = "gives the object something to drop")] Arc<()>);

impl Class for Panics {
    type Pool = Heap;
    const FACES: &'static [Face<Self>] = &[Face::service_sink::<0>()];
}

impl ServiceSink for Panics {
    fn request_service(&self) {
        let calm = env::var(CHILD).is_ok_and(|mode| mode == "calm");
        assert!(calm, "a panic in a method");
    }
}

/// Past the test harness, which catches `println!`.
fn say(text: &str) {
    let mut output = io::stdout();
    output.write_all(text.as_bytes()).expect("output");
    output.flush().expect("output");
}

struct Unwound;

impl Drop for Unwound {
    fn drop(&mut self) {
        say("<frame left>");
    }
}

/// What the child process does.
fn call() {
    let sink = Own::new(Panics(Arc::default())).expect("memory");
    let sink: ComPtr<IServiceSink> = sink.into_interface().expect("a face");
    let frame = Unwound;
    say("<before>");
    // SAFETY: the object is live.
    unsafe { IServiceSink::RequestService(sink.as_ptr()) };
    say("<after>");
    drop(frame);
    drop(sink);
    assert_eq!(Heap::live(), 0);
}

/// Runs this test in a process of its own; returns what it said and whether it ended well.
fn child(mode: &str) -> (String, std::process::ExitStatus) {
    let program = env::current_exe().expect("this program");
    let output = Command::new(program)
        .args([
            "--exact",
            "panics::a_panic_does_not_cross_the_boundary",
            "--nocapture",
        ])
        .env(CHILD, mode)
        .output()
        .expect("a child process");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (said, output.status)
}

#[test]
fn a_panic_does_not_cross_the_boundary() {
    if env::var_os(CHILD).is_some() {
        call();
        return;
    }
    let (said, status) = child("calm");
    assert!(said.contains("<before><after><frame left>"), "{said}");
    assert!(status.success());

    let (said, status) = child("panic");
    assert!(said.contains("<before>"), "{said}");
    assert!(!said.contains("<after>"), "{said}");
    assert!(!said.contains("<frame left>"), "{said}");
    assert!(!status.success());
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        const SIGABRT: i32 = 6;
        assert_eq!(status.signal(), Some(SIGABRT), "it was aborted");
    }
}
