//! Opening and closing again and again, and in the middle of data.

use crate::conformance::bench::Bench;
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::input::Input;
use crate::conformance::output::Output;
use crate::conformance::verdict::Checked;

/// How often.
const TIMES: usize = 200;
/// How often while data flow.
const TIMES_WITH_DATA: usize = 50;
/// Messages in each round with data.
const MESSAGES: u8 = 10;
const NOTE_OFF: [u8; 3] = [0x8F, 0x3C, 0x40];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "output-storm",
        "the output opens and closes 200 times; then it works",
        Source::DriverTests("ExtraPinCreation, SetState"),
        output_storm,
    ),
    Check::new(
        "input-storm",
        "the input opens, starts, stops and closes 200 times; then it works",
        Source::DriverTests("ExtraPinCreation, SetState"),
        input_storm,
    ),
    Check::new(
        "storm-with-data",
        "either side closes and opens while data are on their way; then both work",
        Source::Reports("hangs when a port is closed while data arrive"),
        storm_with_data,
    )
    .sending(Traffic::Bytes(2 * TIMES_WITH_DATA * MESSAGES as usize * 3)),
    Check::new(
        "close-in-sysex",
        "the output closes after a reset, and the input closes, in the middle of a long message; then both work",
        Source::Reports("hangs when a port is closed while data arrive"),
        close_in_sysex,
    )
    .sending(Traffic::Bytes(4 * 5000)),
];

/// A message goes from one side to the other.
fn works(bench: &Bench) -> Checked {
    let mut input = Input::started(bench)?;
    input.settle();
    let mut output = Output::open(bench)?;
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 0)?;
    output.close()?;
    input.close()
}

fn output_storm(bench: &Bench) -> Checked {
    for _ in 0..TIMES {
        Output::open(bench)?.close()?;
    }
    works(bench)
}

fn input_storm(bench: &Bench) -> Checked {
    for _ in 0..TIMES {
        let mut input = Input::recording(bench, 2, 64)?;
        input.stop()?;
        input.close()?;
    }
    works(bench)
}

fn send_some(output: &Output<'_>) -> Checked {
    (0..MESSAGES).try_for_each(|key| output.send(&[0x9F, key, 0x00]))
}

fn storm_with_data(bench: &Bench) -> Checked {
    let mut input = Input::recording(bench, 2, 64)?;
    for _ in 0..TIMES_WITH_DATA {
        let mut output = Output::open(bench)?;
        send_some(&output)?;
        output.close()?;
    }
    input.settle();
    input.close()?;
    let mut output = Output::open(bench)?;
    for _ in 0..TIMES_WITH_DATA {
        let mut input = Input::recording(bench, 2, 64)?;
        send_some(&output)?;
        input.close()?;
    }
    output.close()?;
    works(bench)
}

fn close_in_sysex(bench: &Bench) -> Checked {
    let sent = super::sysex::message(5000);
    for input_first in [true, false] {
        let mut input = Input::recording(bench, 4, 512)?;
        let mut output = Output::open(bench)?;
        output.send_long(&sent)?;
        output.send_long(&sent)?;
        if input_first {
            input.close()?;
            output.reset()?;
            output.close()?;
        } else {
            output.reset()?;
            output.close()?;
            input.close()?;
        }
    }
    works(bench)
}
