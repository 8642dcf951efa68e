//! When the callback is called.

use std::thread;

use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_OPEN, MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN,
};

use crate::conformance::bench::Bench;
use crate::conformance::check::{Check, Source};
use crate::conformance::heard::Listener;
use crate::conformance::input::{Input, QUIET};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

const NOTE_OFF: [u8; 3] = [0x8F, 0x3C, 0x40];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "output-callback-order",
        "MOM_OPEN first, MOM_DONE between, MOM_CLOSE last, nothing after",
        Source::Mmeapi("MidiOutProc"),
        output_callback_order,
    ),
    Check::new(
        "input-callback-order",
        "MIM_OPEN first, data between, MIM_CLOSE last, nothing after",
        Source::Mmeapi("MidiInProc"),
        input_callback_order,
    ),
    Check::new(
        "silent-after-close",
        "what arrives after the close calls nobody",
        Source::Mmeapi("midiInClose"),
        silent_after_close,
    ),
];

/// Objects unless `open` is the first message, `close` the last, and each comes once.
fn framed(listener: &Listener, open: u32, close: u32) -> Checked {
    let heard = listener.heard();
    let kinds: Vec<u32> = heard.events.iter().map(|event| event.message).collect();
    let count = |kind| kinds.iter().filter(|other| **other == kind).count();
    ensure(
        kinds.first() == Some(&open) && count(open) == 1,
        "the OPEN message first and once",
        format!("{kinds:?}"),
    )?;
    ensure(
        kinds.last() == Some(&close) && count(close) == 1,
        "the CLOSE message last and once",
        format!("{kinds:?}"),
    )
}

fn output_callback_order(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    for length in [10, 20] {
        output.send_long(&super::sysex::message(length))?;
    }
    output.await_done(2, 30)?;
    let listener = output.listener.clone();
    output.close()?;
    listener.wait(2 * QUIET, |_| false);
    framed(&listener, MM_MOM_OPEN, MM_MOM_CLOSE)?;
    let here = thread::current().id();
    let own = {
        let heard = listener.heard();
        let done = heard.events.iter();
        done.filter(|event| event.message == MM_MOM_DONE)
            .all(|event| event.thread == here)
    };
    bench.remark(if own {
        "MOM_DONE on the caller's thread"
    } else {
        "MOM_DONE on a thread of the system's"
    });
    Ok(())
}

fn input_callback_order(bench: &Bench) -> Checked {
    let mut input = Input::recording(bench, 2, 64)?;
    let mut output = Output::open(bench)?;
    output.send(&NOTE_OFF)?;
    output.send_long(&super::sysex::message(10))?;
    input.record(10)?;
    input.await_message(&NOTE_OFF, 0)?;
    output.await_done(1, 0)?;
    output.close()?;
    let listener = input.listener.clone();
    input.close()?;
    listener.wait(2 * QUIET, |_| false);
    framed(&listener, MM_MIM_OPEN, MM_MIM_CLOSE)
}

fn silent_after_close(bench: &Bench) -> Checked {
    let mut input = Input::started(bench)?;
    let output = Output::open(bench)?;
    for key in 0..100 {
        output.send(&[0x9F, key, 0x00])?;
    }
    let listener = input.listener.clone();
    input.close()?;
    listener.wait(5 * QUIET, |_| false);
    framed(&listener, MM_MIM_OPEN, MM_MIM_CLOSE)
}
