//! The ports that `EMULATED_PORTS` asks for. This program runs itself: each run tells how many there are.

use std::process::Command;

use winmm::{midiInGetNumDevs, midiOutGetNumDevs};

const VARIABLE: &str = "EMULATED_PORTS";
const CHILD: &str = "--count-ports";

/// What a run with this list writes to its outputs.
fn count(list: Option<&str>) -> (String, String) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.arg(CHILD).env_remove(VARIABLE);
    if let Some(list) = list {
        command.env(VARIABLE, list);
    }
    let output = command.output().expect("this program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

fn main() {
    if std::env::args().any(|argument| argument == CHILD) {
        // SAFETY: it takes nothing.
        let outputs = unsafe { midiOutGetNumDevs() };
        // SAFETY: it takes nothing.
        let inputs = unsafe { midiInGetNumDevs() };
        println!("{outputs} {inputs}");
        return;
    }
    let counted = |count: &str| (format!("{count}\n"), String::new());
    assert_eq!(count(None), counted("3 3"));
    assert_eq!(count(Some("")), counted("0 0"));
    assert_eq!(count(Some("16550+no-cable")), counted("1 1"));
    let (ports, complaint) = count(Some("software,8250"));
    assert_eq!(ports, "0 0\n");
    assert_eq!(
        complaint,
        "winmm: EMULATED_PORTS: unknown UART '8250'; accepted: mpu401, 16550, software\n"
    );
}
