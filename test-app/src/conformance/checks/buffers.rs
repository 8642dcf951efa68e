//! Preparing buffers, and taking them back.

use windows_sys::Win32::Media::Audio::{
    MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED, MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED,
};
use windows_sys::Win32::Media::MMSYSERR_NOERROR;

use crate::conformance::bench::{Bench, returned, returned_one_of, succeeded};
use crate::conformance::buffer::{Buffer, flag_names};
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::input::Input;
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

/// A short System Exclusive message of the manufacturer that is for tests.
const SYSEX: [u8; 6] = [0xF0, 0x7D, 0x01, 0x02, 0x03, 0xF7];
/// One that takes a third of a second at MIDI's speed.
const LONG: usize = 1000;
/// How often one buffer is sent.
const REUSES: usize = 100;
/// How many buffers are sent at once.
const QUEUED: usize = 64;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "prepare-sets-flags",
        "preparing sets MHDR_PREPARED and nothing else, taking back clears it; a second time changes nothing",
        Source::LogoTest("buffer preparation"),
        prepare_sets_flags,
    ),
    Check::new(
        "unprepared-buffers",
        "midiOutLongMsg and midiInAddBuffer refuse them with MIDIERR_UNPREPARED",
        Source::LogoTest("buffer preparation"),
        unprepared_buffers,
    ),
    Check::new(
        "queued-input-buffer",
        "can't be taken back or queued again (MIDIERR_STILLPLAYING), and has MHDR_INQUEUE",
        Source::Mmeapi("midiInUnprepareHeader, midiInAddBuffer"),
        queued_input_buffer,
    ),
    Check::new(
        "queued-output-buffer",
        "can't be taken back before it is done (MIDIERR_STILLPLAYING)",
        Source::Mmeapi("midiOutUnprepareHeader"),
        queued_output_buffer,
    )
    .sending(Traffic::Bytes(LONG)),
    Check::new(
        "close-with-queued-buffers",
        "is refused with MIDIERR_STILLPLAYING; the port works on and closes after a reset",
        Source::Mmeapi("midiInClose, midiOutClose"),
        close_with_queued_buffers,
    )
    .sending(Traffic::Bytes(LONG)),
    Check::new(
        "reused-output-buffer",
        "one prepared buffer can be sent again and again",
        Source::LogoTest("buffer preparation"),
        reused_output_buffer,
    )
    .sending(Traffic::Bytes(REUSES * SYSEX.len())),
    Check::new(
        "sent-buffers-return-once",
        "MOM_DONE comes once for each buffer, in order, with its header, MHDR_DONE set and MHDR_INQUEUE clear",
        Source::Mmeapi("MOM_DONE"),
        sent_buffers_return_once,
    )
    .sending(Traffic::Bytes(QUEUED * SYSEX.len())),
];

fn flags_are(buffer: &Buffer, expected: u32, when: &str) -> Checked {
    let relevant = MHDR_DONE | MHDR_PREPARED | MHDR_INQUEUE;
    let flags = buffer.flags() & relevant;
    ensure(
        flags == expected,
        format!("{} {when}", flag_names(expected)),
        flag_names(flags),
    )
}

fn prepare_sets_flags(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let buffer = output.adopt(Buffer::new(SYSEX.to_vec()));
    for _ in 0..2 {
        succeeded("midiOutPrepareHeader", output.try_prepare(buffer))?;
        flags_are(
            output.buffer(buffer),
            MHDR_PREPARED,
            "after midiOutPrepareHeader",
        )?;
    }
    for _ in 0..2 {
        succeeded("midiOutUnprepareHeader", output.try_unprepare(buffer))?;
        flags_are(output.buffer(buffer), 0, "after midiOutUnprepareHeader")?;
    }
    let mut input = Input::open(bench)?;
    let buffer = input.adopt(Buffer::empty(LONG));
    for _ in 0..2 {
        succeeded("midiInPrepareHeader", input.try_prepare(buffer))?;
        flags_are(
            input.buffer(buffer),
            MHDR_PREPARED,
            "after midiInPrepareHeader",
        )?;
    }
    for _ in 0..2 {
        succeeded("midiInUnprepareHeader", input.try_unprepare(buffer))?;
        flags_are(input.buffer(buffer), 0, "after midiInUnprepareHeader")?;
    }
    Ok(())
}

fn unprepared_buffers(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let buffer = output.adopt(Buffer::new(SYSEX.to_vec()));
    let code = output.try_send_buffer(buffer);
    returned("midiOutLongMsg", code, MIDIERR_UNPREPARED)?;
    let mut input = Input::open(bench)?;
    let buffer = input.adopt(Buffer::empty(LONG));
    returned("midiInAddBuffer", input.try_add(buffer), MIDIERR_UNPREPARED)
}

fn queued_input_buffer(bench: &Bench) -> Checked {
    let mut input = Input::open(bench)?;
    input.queue(2, LONG)?;
    for buffer in 0..2 {
        flags_are(
            input.buffer(buffer),
            MHDR_PREPARED | MHDR_INQUEUE,
            "after midiInAddBuffer",
        )?;
        returned(
            "midiInUnprepareHeader",
            input.try_unprepare(buffer),
            MIDIERR_STILLPLAYING,
        )?;
        returned(
            "midiInAddBuffer",
            input.try_add(buffer),
            MIDIERR_STILLPLAYING,
        )?;
    }
    input.close()
}

fn queued_output_buffer(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let buffer = output.send_long(&super::sysex::message(LONG))?;
    let was_done = output.buffer(buffer).has(MHDR_DONE);
    let code = output.try_unprepare(buffer);
    if was_done {
        // The driver keeps no queue: there is nothing to refuse.
        bench.remark("the buffer was done at once");
        return succeeded("midiOutUnprepareHeader", code);
    }
    // It may have been done between the two.
    let accepted = [MIDIERR_STILLPLAYING, MMSYSERR_NOERROR];
    returned_one_of("midiOutUnprepareHeader", code, &accepted)?;
    ensure(
        code == MIDIERR_STILLPLAYING || !output.buffer(buffer).has(MHDR_INQUEUE),
        "MIDIERR_STILLPLAYING for a queued buffer",
        "MMSYSERR_NOERROR",
    )?;
    output.await_done(1, LONG)?;
    output.close()
}

fn close_with_queued_buffers(bench: &Bench) -> Checked {
    let mut input = Input::open(bench)?;
    input.queue(2, LONG)?;
    returned("midiInClose", input.try_close(), MIDIERR_STILLPLAYING)?;
    input.start()?;
    let mut output = Output::open(bench)?;
    let buffer = output.send_long(&super::sysex::message(LONG))?;
    if !output.buffer(buffer).has(MHDR_DONE) {
        let code = output.try_close();
        let accepted = [MIDIERR_STILLPLAYING, MMSYSERR_NOERROR];
        returned_one_of("midiOutClose", code, &accepted)?;
        ensure(
            code == MIDIERR_STILLPLAYING || output.buffer(buffer).has(MHDR_DONE),
            "MIDIERR_STILLPLAYING from midiOutClose with a queued buffer",
            "MMSYSERR_NOERROR",
        )?;
        if code == MMSYSERR_NOERROR {
            return input.close(); // it was done in the meantime
        }
    }
    let recorded = input.record(LONG)?;
    super::sysex::whole(&super::sysex::message(LONG), &recorded)?;
    output.await_done(1, LONG)?;
    output.close()?;
    input.close()
}

fn reused_output_buffer(bench: &Bench) -> Checked {
    let input = Input::recording(bench, REUSES, 64)?;
    let mut output = Output::open(bench)?;
    let buffer = output.prepare(SYSEX.to_vec())?;
    for sent in 1..=REUSES {
        output.send_buffer(buffer)?;
        output.await_done(sent, SYSEX.len())?;
        flags_are(
            output.buffer(buffer),
            MHDR_DONE | MHDR_PREPARED,
            "after MOM_DONE",
        )?;
    }
    let recorded = input.record(REUSES * SYSEX.len())?;
    super::sysex::whole(&SYSEX.repeat(REUSES), &recorded)?;
    output.close()
}

fn sent_buffers_return_once(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let mut addresses = Vec::new();
    for _ in 0..QUEUED {
        let buffer = output.send_long(&SYSEX)?;
        addresses.push(output.buffer(buffer).address());
    }
    output.await_done(QUEUED, QUEUED * SYSEX.len())?;
    let returned: Vec<usize> = {
        let heard = output.listener.heard();
        let done = heard.events.iter();
        done.filter(|event| event.message == windows_sys::Win32::Media::MM_MOM_DONE)
            .map(|event| event.first)
            .collect()
    };
    ensure(
        returned == addresses,
        "MOM_DONE once for each header, in the order in which they were sent",
        "another order or other headers",
    )?;
    for buffer in 0..QUEUED {
        flags_are(
            output.buffer(buffer),
            MHDR_DONE | MHDR_PREPARED,
            "after MOM_DONE",
        )?;
    }
    output.close()?;
    output.await_done(QUEUED, 0)
}
