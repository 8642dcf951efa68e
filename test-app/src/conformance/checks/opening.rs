//! Opening and closing.

use std::ptr;

use windows_sys::Win32::Media::Audio::{CALLBACK_NULL, MHDR_DONE};
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_OPEN, MM_MOM_CLOSE, MM_MOM_OPEN, MMSYSERR_ALLOCATED, MMSYSERR_NOERROR,
};

use crate::backend::winmm::results;
use crate::conformance::bench::{Bench, returned_one_of, succeeded};
use crate::conformance::check::{Check, Source};
use crate::conformance::heard::Listener;
use crate::conformance::host_callbacks;
use crate::conformance::input::Input;
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

/// A note of no channel that anyone uses.
const NOTE: [u8; 3] = [0x9F, 0x3C, 0x01];
const NOTE_OFF: [u8; 3] = [0x8F, 0x3C, 0x40];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "open-without-callback",
        "CALLBACK_NULL: both sides open, work and close; sent buffers get MHDR_DONE",
        Source::Mmeapi("midiOutOpen, midiInOpen"),
        open_without_callback,
    ),
    Check::new(
        "open-with-function",
        "CALLBACK_FUNCTION: the callback hears OPEN and CLOSE with the handle",
        Source::Mmeapi("MidiOutProc, MidiInProc"),
        open_with_function,
    ),
    Check::new(
        "open-with-event",
        "CALLBACK_EVENT: the event is set when a buffer has been sent",
        Source::Mmeapi("midiOutOpen"),
        host_callbacks::event,
    ),
    Check::new(
        "open-with-thread",
        "CALLBACK_THREAD: the thread is sent MM_MOM_OPEN, MM_MOM_DONE, MM_MOM_CLOSE, and what the input receives",
        Source::Mmeapi("midiOutOpen, midiInOpen"),
        host_callbacks::thread,
    ),
    Check::new(
        "open-with-window",
        "CALLBACK_WINDOW: the window is sent MM_MOM_OPEN, MM_MOM_DONE, MM_MOM_CLOSE, and what the input receives",
        Source::Mmeapi("midiOutOpen, midiInOpen"),
        host_callbacks::window,
    ),
    Check::new(
        "open-output-twice",
        "the second open gives MMSYSERR_ALLOCATED, or both handles work",
        Source::Reports("multi-client ports"),
        open_output_twice,
    ),
    Check::new(
        "open-input-twice",
        "the second open gives MMSYSERR_ALLOCATED, or both handles work",
        Source::Reports("multi-client ports"),
        open_input_twice,
    ),
    Check::new(
        "open-both-sides",
        "both sides open in either order, close in either order, and work each time",
        Source::LogoTest("device control"),
        open_both_sides,
    ),
];

fn open_without_callback(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut handle = ptr::null_mut();
    let id = bench.ports.output;
    // SAFETY: there is room for the handle; there is no callback.
    let code = unsafe {
        bench
            .winmm
            .midiOutOpen(&raw mut handle, id, 0, 0, CALLBACK_NULL)
    };
    succeeded("midiOutOpen", code)?;
    let sent = send_and_wait(bench, handle, &input);
    // SAFETY: the handle is winmm's, and nothing is queued if all went well.
    let code = unsafe { bench.winmm.midiOutClose(handle) };
    sent?;
    succeeded("midiOutClose", code)?;
    drop(input);

    let mut handle = ptr::null_mut();
    let id = bench.ports.input;
    // SAFETY: there is room for the handle; there is no callback.
    let code = unsafe {
        bench
            .winmm
            .midiInOpen(&raw mut handle, id, 0, 0, CALLBACK_NULL)
    };
    succeeded("midiInOpen", code)?;
    // SAFETY: the handle is winmm's.
    let started = succeeded("midiInStart", unsafe { bench.winmm.midiInStart(handle) });
    // SAFETY: as above.
    let stopped = succeeded("midiInStop", unsafe { bench.winmm.midiInStop(handle) });
    // SAFETY: as above.
    let closed = succeeded("midiInClose", unsafe { bench.winmm.midiInClose(handle) });
    started.and(stopped).and(closed)
}

/// Sends a short message and a buffer over a port without callback.
fn send_and_wait(
    bench: &Bench,
    handle: windows_sys::Win32::Media::Audio::HMIDIOUT,
    input: &Input<'_>,
) -> Checked {
    use crate::conformance::buffer::{Buffer, HEADER_SIZE};

    // SAFETY: the handle is winmm's.
    let code = unsafe {
        bench
            .winmm
            .midiOutShortMsg(handle, u32::from_le_bytes([0x9F, 0x3C, 1, 0]))
    };
    succeeded("midiOutShortMsg", code)?;
    input.await_message(&NOTE, 0)?;
    let buffer = Buffer::new(vec![0xF0, 0x7D, 0x01, 0xF7]);
    let header = buffer.header();
    // SAFETY: the handle is winmm's, and the header stays where it is.
    let code = unsafe {
        bench
            .winmm
            .midiOutPrepareHeader(handle, header, HEADER_SIZE)
    };
    succeeded("midiOutPrepareHeader", code)?;
    // SAFETY: as above.
    let code = unsafe { bench.winmm.midiOutLongMsg(handle, header, HEADER_SIZE) };
    let waiting = Listener::default();
    for _ in 0..100 {
        if buffer.has(MHDR_DONE) {
            break;
        }
        // Nobody says anything: there is no callback.
        waiting.wait(std::time::Duration::from_millis(20), |_| false);
    }
    let is_done = buffer.has(MHDR_DONE);
    // SAFETY: as above.
    let unprepared = unsafe {
        bench
            .winmm
            .midiOutUnprepareHeader(handle, header, HEADER_SIZE)
    };
    succeeded("midiOutLongMsg", code)?;
    ensure(is_done, "MHDR_DONE on the sent buffer", "it is not set")?;
    succeeded("midiOutUnprepareHeader", unprepared)
}

fn open_with_function(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    opened_and_closed(
        &output.listener.clone(),
        output.handle() as usize,
        (MM_MOM_OPEN, "MOM_OPEN"),
        (MM_MOM_CLOSE, "MOM_CLOSE"),
        || output.close(),
    )?;
    let mut input = Input::open(bench)?;
    opened_and_closed(
        &input.listener.clone(),
        input.handle() as usize,
        (MM_MIM_OPEN, "MIM_OPEN"),
        (MM_MIM_CLOSE, "MIM_CLOSE"),
        || input.close(),
    )
}

fn opened_and_closed(
    listener: &Listener,
    handle: usize,
    open: (u32, &str),
    close: (u32, &str),
    do_close: impl FnOnce() -> Checked,
) -> Checked {
    let heard = |message| move |event: &crate::conformance::heard::Event| event.message == message;
    let patience = Bench::patience(0);
    let is_open = listener.wait(patience, |all| all.events.iter().any(heard(open.0)));
    ensure(is_open, format!("{} after opening", open.1), "none")?;
    do_close()?;
    let is_closed = listener.wait(patience, |all| all.events.iter().any(heard(close.0)));
    ensure(is_closed, format!("{} after closing", close.1), "none")?;
    let all = listener.heard();
    let ports_known = all.events.iter().all(|event| event.port == handle);
    ensure(
        ports_known,
        "the port's handle in each callback",
        "another one",
    )
}

fn open_output_twice(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let first = Output::open(bench)?;
    let (code, second) = Output::try_open(bench);
    one_or_both(bench, code, "midiOutOpen")?;
    if code == MMSYSERR_NOERROR {
        second.send(&NOTE)?;
        input.await_message(&NOTE, 0)?;
    }
    drop(second);
    first.send(&NOTE_OFF)?;
    input.await_message(&NOTE_OFF, 0)
}

fn open_input_twice(bench: &Bench) -> Checked {
    let first = Input::started(bench)?;
    let (code, second) = Input::try_open(bench);
    one_or_both(bench, code, "midiInOpen")?;
    let output = Output::open(bench)?;
    if code == MMSYSERR_NOERROR {
        second.start()?;
        output.send(&NOTE)?;
        second.await_message(&NOTE, 0)?;
        first.await_message(&NOTE, 0)?;
    }
    drop(second);
    output.send(&NOTE_OFF)?;
    first.await_message(&NOTE_OFF, 0)
}

fn one_or_both(bench: &Bench, code: u32, function: &str) -> Checked {
    returned_one_of(function, code, &[MMSYSERR_ALLOCATED, MMSYSERR_NOERROR])?;
    bench.remark(if code == MMSYSERR_NOERROR {
        "several at a time".to_owned()
    } else {
        format!("one at a time: {}", results::name(code))
    });
    Ok(())
}

fn open_both_sides(bench: &Bench) -> Checked {
    for (output_first, output_last) in [(true, true), (true, false), (false, true), (false, false)]
    {
        let (mut output, mut input);
        if output_first {
            output = Output::open(bench)?;
            input = Input::started(bench)?;
        } else {
            input = Input::started(bench)?;
            output = Output::open(bench)?;
        }
        output.send(&NOTE)?;
        input.await_message(&NOTE, 0)?;
        if output_last {
            input.close()?;
            output.close()?;
        } else {
            output.close()?;
            input.close()?;
        }
    }
    Ok(())
}
