//! The user's tool: lists MIDI ports, plays Standard MIDI Files through them, and stresses them
//! while it compares every byte.
//!
//! The tool reaches ports through a [`backend::Backend`]; everything else is the same for each.

pub mod backend;
pub mod bars;
pub mod busy_timeline;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod conformance;
pub mod direction;
pub mod distribution;
pub mod driver;
pub mod environment;
pub mod exchange;
pub mod failure;
pub mod interrupt;
pub mod latency;
pub mod latency_report;
pub mod loading;
pub mod midi;
pub mod output;
pub mod output_file;
pub mod page;
pub mod play_report;
pub mod probing;
pub mod progress;
pub mod ratios;
pub mod repetition;
pub mod report;
pub mod soak_report;
pub mod table;
pub mod traffic;
pub mod utilisation;
pub mod visible;
pub mod wire_report;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use backend::Backend;
use backend::emulated::EmulatedPc;
use backend::winmm::Winmm;
use cli::Parsed;
use failure::Failure;
use interrupt::Interrupt;

/// The whole program: its arguments, standard streams and Ctrl-C, on the default backend.
#[must_use]
pub fn main() -> ExitCode {
    let interrupt = Interrupt::default();
    let mut errors = io::stderr();
    if let Err(failure) = interrupt.raise_on_ctrl_c() {
        return ExitCode::from(failure.tell(&mut errors));
    }
    let mut host = Host {
        emulated: &EmulatedPc,
        winmm: &Winmm,
        interrupt: &interrupt,
        output: &mut io::stdout(),
        errors: &mut errors,
    };
    ExitCode::from(run(std::env::args_os(), &mut host))
}

/// What a command works with.
pub struct Host<'a> {
    /// Where the emulated PCs are.
    pub emulated: &'a dyn Backend,
    /// Where Windows' ports are.
    pub winmm: &'a dyn Backend,
    /// Raised when the user wants the run to end.
    pub interrupt: &'a Interrupt,
    /// What the user asked for goes here; in long runs from the thread that a backend works on.
    pub output: &'a mut (dyn Write + Send),
    /// Failures go here, one line each.
    pub errors: &'a mut dyn Write,
}

/// Carries out the command line `arguments` (the program's name first); returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, host: &mut Host<'_>) -> u8 {
    let done = match cli::parse(arguments) {
        Ok(Parsed::Command { winmm, command }) => winmm
            .map_or(Ok(()), |path| loading::use_winmm(&path))
            .and_then(|()| commands::run(&command, host)),
        Ok(Parsed::Help(text)) => output::print(host.output, &text).map(|()| failure::CLEAN),
        Err(failure) => Err(failure),
    };
    done.unwrap_or_else(|failure: Failure| failure.tell(host.errors))
}
