//! `CALLBACK_EVENT`, `CALLBACK_THREAD` and `CALLBACK_WINDOW`.

use std::ptr;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{CloseHandle, HWND, WAIT_OBJECT_0};
use windows_sys::Win32::Media::Audio::{
    CALLBACK_EVENT, CALLBACK_THREAD, CALLBACK_WINDOW, HMIDIIN, HMIDIOUT, MHDR_DONE,
};
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_DATA, MM_MIM_OPEN, MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, GetCurrentThreadId, WaitForSingleObject,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, HWND_MESSAGE, MSG, PM_NOREMOVE, PM_REMOVE, PeekMessageW,
};
use windows_sys::w;

use crate::conformance::bench::{Bench, succeeded};
use crate::conformance::buffer::{Buffer, HEADER_SIZE};
use crate::conformance::verdict::{Checked, ensure};

/// How long to wait for a message or an event.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);
/// The same in milliseconds, as Windows wants it.
const PATIENCE_MS: u32 = 2000;
/// What is sent in a buffer.
const SYSEX: [u8; 4] = [0xF0, 0x7D, 0x01, 0xF7];
/// A note of no channel that anyone uses, packed.
const NOTE: u32 = 0x0001_3C9F;

/// `CALLBACK_EVENT`.
///
/// # Errors
/// If a step fails or the event is not set.
pub fn event(bench: &Bench) -> Checked {
    // SAFETY: an event without name, reset by a wait.
    let event = unsafe { CreateEventW(ptr::null(), 0, 0, ptr::null()) };
    ensure(!event.is_null(), "an event from CreateEventW", "none")?;
    let outcome = send_a_buffer(bench, event as usize, CALLBACK_EVENT, || {
        // SAFETY: the event is open.
        let waited = unsafe { WaitForSingleObject(event, PATIENCE_MS) };
        ensure(waited == WAIT_OBJECT_0, "the event set", "a timeout")
    });
    // SAFETY: it is open, and the port that had it is closed.
    unsafe { CloseHandle(event) };
    outcome
}

/// `CALLBACK_THREAD`.
///
/// # Errors
/// If a step fails or a message does not come.
pub fn thread(bench: &Bench) -> Checked {
    // SAFETY: it takes nothing.
    let thread = unsafe { GetCurrentThreadId() };
    // A thread has a queue from its first look at it on.
    let _ = next_message(ptr::null_mut(), PM_NOREMOVE);
    messages(bench, thread as usize, CALLBACK_THREAD, ptr::null_mut())
}

/// `CALLBACK_WINDOW`.
///
/// # Errors
/// If a step fails or a message does not come.
pub fn window(bench: &Bench) -> Checked {
    // SAFETY: a window of a class that Windows has, for messages only.
    let window = unsafe {
        CreateWindowExW(
            0,
            w!("STATIC"),
            ptr::null(),
            0,
            0,
            0,
            0,
            0,
            HWND_MESSAGE,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null(),
        )
    };
    ensure(!window.is_null(), "a window from CreateWindowExW", "none")?;
    let outcome = messages(bench, window as usize, CALLBACK_WINDOW, window);
    // SAFETY: it is this thread's.
    unsafe { DestroyWindow(window) };
    outcome
}

fn messages(bench: &Bench, callback: usize, flags: u32, window: HWND) -> Checked {
    send_a_buffer(bench, callback, flags, || {
        await_message(window, MM_MOM_OPEN, "MM_MOM_OPEN")?;
        await_message(window, MM_MOM_DONE, "MM_MOM_DONE")
    })?;
    await_message(window, MM_MOM_CLOSE, "MM_MOM_CLOSE")?;

    let mut input: HMIDIIN = ptr::null_mut();
    let id = bench.ports.input;
    // SAFETY: there is room for the handle; the receiver of messages is this thread's.
    let code = unsafe {
        bench
            .winmm
            .midiInOpen(&raw mut input, id, callback, 0, flags)
    };
    succeeded("midiInOpen", code)?;
    // SAFETY: the handle is winmm's.
    let received = succeeded("midiInStart", unsafe { bench.winmm.midiInStart(input) })
        .and_then(|()| await_message(window, MM_MIM_OPEN, "MM_MIM_OPEN"))
        .and_then(|()| send_a_note(bench))
        .and_then(|()| await_message(window, MM_MIM_DATA, "MM_MIM_DATA"));
    // SAFETY: the handle is winmm's.
    let _ = unsafe { bench.winmm.midiInReset(input) };
    // SAFETY: the handle is winmm's.
    let closed = succeeded("midiInClose", unsafe { bench.winmm.midiInClose(input) });
    received?;
    closed?;
    await_message(window, MM_MIM_CLOSE, "MM_MIM_CLOSE")
}

fn send_a_note(bench: &Bench) -> Checked {
    let output = crate::conformance::output::Output::open(bench)?;
    // SAFETY: the handle is winmm's.
    let code = unsafe { bench.winmm.midiOutShortMsg(output.handle(), NOTE) };
    succeeded("midiOutShortMsg", code)
}

/// Opens the output, sends a buffer, waits with `wait`, and closes it.
fn send_a_buffer(
    bench: &Bench,
    callback: usize,
    flags: u32,
    wait: impl FnOnce() -> Checked,
) -> Checked {
    let mut output: HMIDIOUT = ptr::null_mut();
    let id = bench.ports.output;
    // SAFETY: there is room for the handle; the receiver of messages outlives the port.
    let code = unsafe {
        bench
            .winmm
            .midiOutOpen(&raw mut output, id, callback, 0, flags)
    };
    succeeded("midiOutOpen", code)?;
    let buffer = Buffer::new(SYSEX.to_vec());
    let header = buffer.header();
    // SAFETY: the handle is winmm's, and the header stays where it is.
    let code = unsafe {
        bench
            .winmm
            .midiOutPrepareHeader(output, header, HEADER_SIZE)
    };
    let prepared = succeeded("midiOutPrepareHeader", code);
    // SAFETY: as above.
    let code = unsafe { bench.winmm.midiOutLongMsg(output, header, HEADER_SIZE) };
    let sent = succeeded("midiOutLongMsg", code).and_then(|()| wait());
    let deadline = Instant::now() + PATIENCE;
    while !buffer.has(MHDR_DONE) && Instant::now() < deadline {
        std::thread::sleep(LOOK);
    }
    let is_done = buffer.has(MHDR_DONE);
    // SAFETY: the handle is winmm's.
    let _ = unsafe { bench.winmm.midiOutReset(output) };
    // SAFETY: as above.
    let code = unsafe {
        bench
            .winmm
            .midiOutUnprepareHeader(output, header, HEADER_SIZE)
    };
    let unprepared = succeeded("midiOutUnprepareHeader", code);
    // SAFETY: as above.
    let closed = succeeded("midiOutClose", unsafe { bench.winmm.midiOutClose(output) });
    prepared.and(sent).and(unprepared).and(closed)?;
    ensure(is_done, "MHDR_DONE on the sent buffer", "it is not set")
}

/// The next message of this thread's queue.
fn next_message(window: HWND, remove: u32) -> Option<MSG> {
    let mut message = MSG::default();
    // SAFETY: there is room for a message; the window is none or this thread's.
    let found = unsafe { PeekMessageW(&raw mut message, window, 0, 0, remove) };
    (found != 0).then_some(message)
}

fn await_message(window: HWND, wanted: u32, name: &str) -> Checked {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match next_message(window, PM_REMOVE) {
            Some(message) if message.message == wanted => return Ok(()),
            Some(_) => {}
            None => std::thread::sleep(LOOK),
        }
    }
    ensure(false, format!("the message {name}"), "none")
}
