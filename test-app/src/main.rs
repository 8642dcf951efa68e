//! `midiuart-test`: lists, plays through and stresses MIDI ports.

use std::process::ExitCode;

fn main() -> ExitCode {
    midiuart_test::main()
}
