//! Stopping and resetting returns the buffers.

use windows_sys::Win32::Media::Audio::{MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED};

use crate::conformance::bench::Bench;
use crate::conformance::buffer::flag_names;
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::input::{Input, QUIET};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

const NOTE_OFF: [u8; 3] = [0x8F, 0x3C, 0x40];
/// How many buffers are queued.
const QUEUED: usize = 6;
/// The length of each.
const LENGTH: usize = 2000;
/// A System Exclusive message that does not end.
const UNFINISHED: usize = 40;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "input-reset-returns-buffers",
        "midiInReset returns every queued buffer, empty, in order, once, and the input stops",
        Source::LogoTest("recording"),
        input_reset_returns_buffers,
    ),
    Check::new(
        "input-reset-in-sysex",
        "midiInReset in the middle of a System Exclusive message returns what has come of it, then the others",
        Source::Mmeapi("midiInReset"),
        input_reset_in_sysex,
    ),
    Check::new(
        "input-stop-in-sysex",
        "midiInStop returns the buffer that is being filled, with its length; the empty ones stay queued",
        Source::Mmeapi("midiInStop"),
        input_stop_in_sysex,
    ),
    Check::new(
        "output-reset-returns-buffers",
        "midiOutReset returns every queued buffer once, with MHDR_DONE; the port works on",
        Source::Mmeapi("midiOutReset"),
        output_reset_returns_buffers,
    )
    .sending(Traffic::Bytes(QUEUED * LENGTH)),
    Check::new(
        "reset-when-idle",
        "resetting ports that have nothing queued succeeds, again and again",
        Source::Mmeapi("midiOutReset, midiInReset"),
        reset_when_idle,
    ),
];

fn returned_flags(flags: u32, whose: &str) -> Checked {
    ensure(
        flags & (MHDR_DONE | MHDR_PREPARED | MHDR_INQUEUE) == MHDR_DONE | MHDR_PREPARED,
        format!("MHDR_DONE | MHDR_PREPARED on {whose}"),
        flag_names(flags),
    )
}

fn input_reset_returns_buffers(bench: &Bench) -> Checked {
    for started in [true, false] {
        let mut input = Input::open(bench)?;
        input.queue(QUEUED, 64)?;
        if started {
            input.start()?;
        }
        input.reset()?;
        all_returned(&input, 0)?;
        for buffer in input.buffers() {
            returned_flags(buffer.flags(), "a returned buffer")?;
        }
        let output = Output::open(bench)?;
        output.send(&NOTE_OFF)?;
        let came = input.listener.wait(2 * QUIET, |heard| heard.short > 0);
        ensure(!came, "nothing after midiInReset", "a message")?;
        input.close()?;
    }
    Ok(())
}

/// Objects unless every buffer came back once, in order; the first with at least `first` bytes, the
/// others empty.
fn all_returned(input: &Input<'_>, first: usize) -> Checked {
    let patience = Bench::patience(0);
    input.listener.wait(patience, |heard| heard.long >= QUEUED);
    input.listener.wait(QUIET, |heard| heard.long > QUEUED);
    let recorded = input.listener.heard().recorded();
    let addresses: Vec<usize> = recorded.iter().map(|one| one.header).collect();
    let queued: Vec<usize> = input
        .buffers()
        .iter()
        .map(crate::conformance::buffer::Buffer::address)
        .collect();
    ensure(
        addresses == queued,
        format!("{QUEUED} buffers back, each once, in the order in which they were queued"),
        format!("{} buffers, or another order", addresses.len()),
    )?;
    for (number, one) in recorded.iter().enumerate() {
        let bytes = one.bytes.len();
        let right = if number == 0 {
            bytes >= first && (first > 0 || bytes == 0)
        } else {
            bytes == 0
        };
        ensure(
            right,
            format!("dwBytesRecorded of buffer {number} as it was filled"),
            bytes.to_string(),
        )?;
    }
    Ok(())
}

/// Sends the beginning of a System Exclusive message, until some of it must have come.
fn begin_sysex(output: &mut Output<'_>) -> Checked {
    let mut beginning = super::sysex::message(UNFINISHED);
    beginning.pop();
    output.send_long(&beginning)?;
    output.await_done(1, UNFINISHED)?;
    // From the output's end to the input there is a wire.
    output.listener.wait(2 * QUIET, |_| false);
    Ok(())
}

/// Ends what was begun, so that it does not reach into the next check.
fn end_sysex(output: &mut Output<'_>) -> Checked {
    output.send_long(&[0xF7])?;
    output.await_done(2, 1)?;
    output.close()
}

fn input_reset_in_sysex(bench: &Bench) -> Checked {
    let mut input = Input::recording(bench, QUEUED, 128)?;
    let mut output = Output::open(bench)?;
    begin_sysex(&mut output)?;
    input.reset()?;
    all_returned(&input, 1)?;
    beginning(&input)?;
    end_sysex(&mut output)?;
    input.close()
}

/// Objects unless the first buffer has what was sent.
fn beginning(input: &Input<'_>) -> Checked {
    let recorded = input.listener.heard().recorded();
    let got = recorded.first().map(|one| one.bytes.clone());
    let got = got.unwrap_or_default();
    let mut sent = super::sysex::message(UNFINISHED);
    sent.pop();
    ensure(
        !got.is_empty() && sent.starts_with(&got),
        format!("the beginning of the {} bytes that were sent", sent.len()),
        format!("{} other bytes", got.len()),
    )
}

fn input_stop_in_sysex(bench: &Bench) -> Checked {
    let mut input = Input::recording(bench, QUEUED, 128)?;
    let mut output = Output::open(bench)?;
    begin_sysex(&mut output)?;
    input.stop()?;
    let patience = Bench::patience(0);
    input.listener.wait(patience, |heard| heard.long > 0);
    input.listener.wait(QUIET, |heard| heard.long > 1);
    let returned = input.listener.heard().long;
    ensure(
        returned == 1,
        "one buffer back after midiInStop",
        returned.to_string(),
    )?;
    beginning(&input)?;
    for buffer in 1..QUEUED {
        ensure(
            input.buffer(buffer).has(MHDR_INQUEUE) && !input.buffer(buffer).has(MHDR_DONE),
            "the empty buffers still in the queue",
            flag_names(input.buffer(buffer).flags()),
        )?;
    }
    end_sysex(&mut output)?;
    input.close()
}

fn output_reset_returns_buffers(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let sent = super::sysex::message(LENGTH);
    for _ in 0..QUEUED {
        output.send_long(&sent)?;
    }
    output.reset()?;
    output.await_done(QUEUED, 0)?;
    for buffer in 0..QUEUED {
        returned_flags(output.buffer(buffer).flags(), "a buffer after midiOutReset")?;
    }
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, LENGTH)?;
    output.unprepare_all()?;
    output.await_done(QUEUED, 0)?;
    output.close()
}

fn reset_when_idle(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let mut input = Input::open(bench)?;
    for _ in 0..3 {
        output.reset()?;
        input.reset()?;
    }
    input.start()?;
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 64)?;
    output.close()?;
    input.close()
}
