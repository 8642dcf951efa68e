//! `midiuart-test`: lists, plays through and stresses MIDI ports.

use std::io;
use std::process::ExitCode;

use midiuart_test::loading;

fn main() -> ExitCode {
    if let Err(failure) = loading::from_windows_only() {
        return ExitCode::from(failure.tell(&mut io::stderr()));
    }
    midiuart_test::main()
}
