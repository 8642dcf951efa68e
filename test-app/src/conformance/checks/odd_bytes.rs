//! Bytes that are no messages: nothing hangs, and what comes after is as it was sent.

use crate::conformance::bench::Bench;
use crate::conformance::check::{Check, Source};
use crate::conformance::input::{Input, hex};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

/// Statuses that MIDI does not define.
const UNDEFINED: [u8; 4] = [0xF4, 0xF5, 0xF9, 0xFD];
/// What has to come through whatever was before.
const MARKER: [u8; 3] = [0x8F, 0x3C, 0x40];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "undefined-status",
        "F4, F5, F9 and FD as short messages",
        Source::Midi("undefined status bytes"),
        undefined_status,
    ),
    Check::new(
        "stray-end",
        "F7 without a beginning, as a short message and in a buffer",
        Source::Reports("a stray F7 breaks the parser"),
        stray_end,
    ),
    Check::new(
        "lone-data",
        "data bytes without a status, in a buffer",
        Source::Reports("uninitialised running status"),
        |bench| after_buffer(bench, &[0x01, 0x02, 0x03]),
    ),
    Check::new(
        "unfinished-sysex",
        "a System Exclusive message that the next status ends",
        Source::Reports("a status byte must end System Exclusive"),
        |bench| after_buffer(bench, &[0xF0, 0x7D, 0x01, 0x02]),
    ),
    Check::new(
        "channel-message-in-buffer",
        "a channel message in a buffer",
        Source::Mmeapi("midiOutLongMsg"),
        |bench| after_buffer(bench, &[0x9F, 0x3C, 0x01, 0x9F, 0x3C, 0x00]),
    ),
    Check::new(
        "undefined-status-in-buffer",
        "F4, F5, F9 and FD in a buffer",
        Source::Midi("undefined status bytes"),
        |bench| after_buffer(bench, &UNDEFINED),
    ),
    Check::new(
        "empty-buffer",
        "a buffer of no bytes is refused or returned",
        Source::Reports("empty buffers hang"),
        |bench| after_buffer(bench, &[]),
    ),
];

/// Sends a marker; it has to arrive, unharmed and once.
fn marker_arrives(input: &Input<'_>, output: &mut Output<'_>) -> Checked {
    output.send(&MARKER)?;
    input.await_message(&MARKER, 0)?;
    output.send(&MARKER)?;
    let heard = input.listener.heard().short;
    let messages = input.messages(heard + 1);
    let markers = messages.iter().filter(|message| **message == MARKER);
    let count = markers.count();
    ensure(
        count == 2,
        format!("{} twice", hex(&MARKER)),
        format!("{count} times"),
    )
}

fn undefined_status(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    for status in UNDEFINED {
        // It may be refused.
        let _ = output.try_send(&[status]);
        marker_arrives(&input, &mut output)?;
        input.listener.clear();
    }
    output.close()
}

fn stray_end(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let _ = output.try_send(&[0xF7]);
    marker_arrives(&input, &mut output)?;
    output.close()?;
    drop(input);
    after_buffer(bench, &[0xF7])
}

/// Sends odd bytes in a buffer, which may be refused, but is returned if it is not.
fn after_buffer(bench: &Bench, odd: &[u8]) -> Checked {
    let input = Input::recording(bench, 4, 64)?;
    let mut output = Output::open(bench)?;
    let buffer = output.adopt(crate::conformance::buffer::Buffer::new(odd.to_vec()));
    if output.try_prepare(buffer) == 0 {
        if output.try_send_buffer(buffer) == 0 {
            output.await_done(1, odd.len())?;
        } else {
            bench.remark("the buffer is refused");
        }
    } else {
        bench.remark("preparing the buffer is refused");
    }
    marker_arrives(&input, &mut output)?;
    output.close()
}
