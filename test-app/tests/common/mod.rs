//! Runs the tool inside the test.

use std::ffi::OsString;

use midiuart_test::Host;
use midiuart_test::backend::Backend;
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
    let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
    ran(backend, &arguments, interrupt)
}

/// As [`run`], on any backend.
#[allow(dead_code, reason = "not every test has a backend of its own")]
pub fn run_on(backend: &dyn Backend, arguments: &[OsString]) -> Ran {
    ran(backend, arguments, &Interrupt::default())
}

fn ran(backend: &dyn Backend, arguments: &[OsString], interrupt: &Interrupt) -> Ran {
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let program = OsString::from("midiuart-test");
    let code = midiuart_test::run(
        std::iter::once(&program).chain(arguments).cloned(),
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
