//! What the input hears, and when.

use std::time::{Duration, Instant};

use windows_sys::Win32::Media::Audio::{MHDR_DONE, MHDR_INQUEUE};

use crate::conformance::bench::Bench;
use crate::conformance::check::{Check, Source};
use crate::conformance::input::{Input, QUIET, same_messages};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

const NOTE: [u8; 3] = [0x9F, 0x3C, 0x01];
const NOTE_OFF: [u8; 3] = [0x8F, 0x3C, 0x40];
/// How many messages the time stamps of which are looked at.
const STAMPED: usize = 50;
/// How much later than the start, by the clock, a time stamp may be, in milliseconds.
const STAMP_TOLERANCE: usize = 20;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "nothing-before-start",
        "an input that was opened but not started hears nothing",
        Source::LogoTest("recording"),
        nothing_before_start,
    ),
    Check::new(
        "nothing-stale",
        "what was sent while the input was stopped does not come after the next start",
        Source::LogoTest("recording"),
        nothing_stale,
    ),
    Check::new(
        "start-and-stop-twice",
        "a second start or stop succeeds and changes nothing",
        Source::Mmeapi("midiInStart, midiInStop"),
        start_and_stop_twice,
    ),
    Check::new(
        "time-stamps",
        "they count milliseconds from midiInStart, never go back, and begin anew with each start",
        Source::Mmeapi("midiInStart, MIM_DATA"),
        time_stamps,
    ),
    Check::new(
        "buffers-added-while-started",
        "buffers may be queued before and after the start, and are filled in that order",
        Source::Mmeapi("midiInAddBuffer"),
        buffers_added_while_started,
    ),
];

fn nothing_before_start(bench: &Bench) -> Checked {
    let mut input = Input::open(bench)?;
    input.queue(1, 64)?;
    let mut output = Output::open(bench)?;
    output.send(&NOTE)?;
    output.send_long(&super::sysex::message(10))?;
    output.await_done(1, 10)?;
    let waited = 2 * QUIET;
    let came = input
        .listener
        .wait(waited, |heard| heard.short + heard.long > 0);
    ensure(!came, "nothing before midiInStart", "a message")?;
    input.start()?;
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 0)?;
    same_messages(&[NOTE_OFF.to_vec()], &input.messages(1))?;
    output.close()?;
    input.close()
}

fn nothing_stale(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    output.send(&NOTE)?;
    input.await_message(&NOTE, 0)?;
    input.stop()?;
    input.listener.clear();
    for key in 0..10 {
        output.send(&[0x9F, key, 0x00])?;
    }
    let came = input.listener.wait(2 * QUIET, |heard| heard.short > 0);
    ensure(!came, "nothing after midiInStop", "a message")?;
    input.start()?;
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 0)?;
    same_messages(&[NOTE_OFF.to_vec()], &input.messages(1))?;
    output.close()
}

fn start_and_stop_twice(bench: &Bench) -> Checked {
    let input = Input::open(bench)?;
    input.stop()?;
    input.start()?;
    input.start()?;
    let mut output = Output::open(bench)?;
    output.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 0)?;
    same_messages(&[NOTE_OFF.to_vec()], &input.messages(1))?;
    input.stop()?;
    input.stop()?;
    output.close()
}

fn time_stamps(bench: &Bench) -> Checked {
    let input = Input::open(bench)?;
    let mut output = Output::open(bench)?;
    for _ in 0..2 {
        input.listener.clear();
        // What the start itself takes may count or not.
        let before_start = Instant::now();
        input.start()?;
        for number in 0..STAMPED {
            output.send(&[0x9F, number.to_le_bytes()[0], 0x00])?;
            std::thread::sleep(Duration::from_millis(2));
        }
        let messages = input.messages(STAMPED);
        ensure(
            messages.len() == STAMPED,
            format!("{STAMPED} messages"),
            messages.len().to_string(),
        )?;
        let elapsed = usize::try_from(before_start.elapsed().as_millis()).unwrap_or(usize::MAX);
        let stamps = input.listener.heard().stamps();
        let back = stamps.windows(2).find(|pair| pair[1] < pair[0]);
        if let Some([before, after]) = back {
            return ensure(
                false,
                format!("a time stamp of {before} ms or later"),
                format!("{after} ms"),
            );
        }
        let last = stamps[STAMPED - 1];
        ensure(
            last <= elapsed + STAMP_TOLERANCE,
            format!("time stamps of at most {elapsed} ms, the time since midiInStart"),
            format!("{last} ms"),
        )?;
        let shortest = 2 * (STAMPED - 1) - STAMPED / 2;
        ensure(
            last - stamps[0] >= shortest,
            format!("time stamps {shortest} ms apart or more"),
            format!("{} ms", last - stamps[0]),
        )?;
        input.stop()?;
    }
    output.close()
}

fn buffers_added_while_started(bench: &Bench) -> Checked {
    let mut input = Input::recording(bench, 2, 64)?;
    input.queue(2, 64)?;
    let mut output = Output::open(bench)?;
    for length in [10, 20, 30] {
        output.send_long(&super::sysex::message(length))?;
    }
    let recorded = input.record(60)?;
    let returned: Vec<(usize, usize)> = recorded
        .iter()
        .map(|one| (one.header, one.bytes.len()))
        .collect();
    let expected: Vec<(usize, usize)> = input
        .buffers()
        .iter()
        .map(crate::conformance::buffer::Buffer::address)
        .zip([10, 20, 30])
        .collect();
    ensure(
        returned == expected,
        "three messages in the first three buffers, in order",
        format!("{} buffers, or another order", returned.len()),
    )?;
    let last = input.buffer(3);
    ensure(
        last.has(MHDR_INQUEUE) && !last.has(MHDR_DONE),
        "the fourth buffer still in the queue",
        "returned",
    )?;
    output.await_done(3, 0)?;
    output.close()?;
    input.close()
}
