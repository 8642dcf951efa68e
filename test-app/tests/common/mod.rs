//! Runs the tool inside the test.

use std::ffi::OsString;

use midiuart_test::Host;
use midiuart_test::backend::memory::Memory;
use midiuart_test::interrupt::Interrupt;

/// What a run of the tool came to.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: u8,
    /// Its standard output.
    pub output: String,
    /// Its failures.
    pub errors: String,
}

/// Runs the tool with `arguments` on `backend`.
pub fn run(backend: &Memory, arguments: &[&str]) -> Ran {
    run_with(backend, arguments, &Interrupt::default())
}

/// As [`run`], with a way to end it.
pub fn run_with(backend: &Memory, arguments: &[&str], interrupt: &Interrupt) -> Ran {
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let arguments = ["midiuart-test"].iter().chain(arguments);
    let code = midiuart_test::run(
        arguments.map(OsString::from),
        &mut Host {
            emulated: backend,
            winmm: backend,
            interrupt,
            output: &mut output,
            errors: &mut errors,
        },
    );
    Ran {
        code,
        output: String::from_utf8(output).expect("text"),
        errors: String::from_utf8(errors).expect("text"),
    }
}
