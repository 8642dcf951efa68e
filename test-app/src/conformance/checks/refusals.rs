//! What can't be done is refused with the code that the documentation names.

use std::ptr;

use windows_sys::Win32::Media::Audio::{
    CALLBACK_NULL, HMIDIIN, HMIDIOUT, MIDIHDR, MIDIINCAPSW, MIDIOUTCAPSW,
};
use windows_sys::Win32::Media::{
    MMSYSERR_BADDEVICEID, MMSYSERR_INVALFLAG, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM,
    MMSYSERR_NOERROR,
};

use crate::conformance::bench::{Bench, returned};
use crate::conformance::buffer::{Buffer, HEADER_SIZE};
use crate::conformance::check::{Check, Source};
use crate::conformance::input::Input;
use crate::conformance::output::Output;
use crate::conformance::verdict::Checked;

/// A flag that no open knows.
const UNKNOWN_FLAGS: u32 = 0x4000_0000;
/// Smaller than any header ever was.
const SMALL: u32 = 8;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "open-no-device",
        "numbers that no device has are refused with MMSYSERR_BADDEVICEID, and work goes on",
        Source::Mmeapi("midiOutOpen, midiInOpen"),
        open_no_device,
    ),
    Check::new(
        "open-bad-parameters",
        "no place for the handle and, of inputs, unknown flags are refused",
        Source::Mmeapi("midiOutOpen, midiInOpen"),
        open_bad_parameters,
    ),
    Check::new(
        "null-handle",
        "every function refuses it with MMSYSERR_INVALHANDLE",
        Source::Mmeapi("return values"),
        null_handle,
    ),
    Check::new(
        "closed-handle",
        "every function refuses a handle after its close with MMSYSERR_INVALHANDLE",
        Source::Mmeapi("return values"),
        closed_handle,
    ),
    Check::new(
        "handle-of-other-side",
        "functions for outputs refuse inputs, and the reverse, with MMSYSERR_INVALHANDLE",
        Source::Mmeapi("return values"),
        handle_of_other_side,
    ),
    Check::new(
        "bad-headers",
        "no header, and one that is too small, are refused with MMSYSERR_INVALPARAM",
        Source::Mmeapi("midiOutPrepareHeader, midiInPrepareHeader"),
        bad_headers,
    ),
    Check::new(
        "no-place-for-answer",
        "null pointers are refused with MMSYSERR_INVALPARAM",
        Source::Mmeapi("midiOutGetDevCaps, midiInGetDevCaps"),
        no_place_for_answer,
    ),
];

/// The result of an open that should be refused; what opens in spite of that is closed again.
fn output_opens(bench: &Bench, id: u32, flags: u32) -> u32 {
    let mut handle: HMIDIOUT = ptr::null_mut();
    // SAFETY: there is room for a handle; without a callback nothing is called back.
    let code = unsafe { bench.winmm.midiOutOpen(&raw mut handle, id, 0, 0, flags) };
    if code == MMSYSERR_NOERROR {
        // SAFETY: the handle is winmm's.
        unsafe { bench.winmm.midiOutClose(handle) };
    }
    code
}

/// The same of an input.
fn input_opens(bench: &Bench, id: u32, flags: u32) -> u32 {
    let mut handle: HMIDIIN = ptr::null_mut();
    // SAFETY: there is room for a handle; without a callback nothing is called back.
    let code = unsafe { bench.winmm.midiInOpen(&raw mut handle, id, 0, 0, flags) };
    if code == MMSYSERR_NOERROR {
        // SAFETY: the handle is winmm's.
        unsafe { bench.winmm.midiInClose(handle) };
    }
    code
}

fn open_no_device(bench: &Bench) -> Checked {
    // SAFETY: it takes nothing.
    let outputs = unsafe { bench.winmm.midiOutGetNumDevs() };
    // SAFETY: it takes nothing.
    let inputs = unsafe { bench.winmm.midiInGetNumDevs() };
    for beyond in [0, 1, 100] {
        let code = output_opens(bench, outputs + beyond, CALLBACK_NULL);
        returned("midiOutOpen", code, MMSYSERR_BADDEVICEID)?;
        let code = input_opens(bench, inputs + beyond, CALLBACK_NULL);
        returned("midiInOpen", code, MMSYSERR_BADDEVICEID)?;
    }
    Output::open(bench)?.close()?;
    Input::open(bench)?.close()
}

fn open_bad_parameters(bench: &Bench) -> Checked {
    let ports = bench.ports;
    // SAFETY: no place is what is to be refused; nothing is written.
    let code = unsafe {
        bench
            .winmm
            .midiOutOpen(ptr::null_mut(), ports.output, 0, 0, CALLBACK_NULL)
    };
    returned("midiOutOpen without a place", code, MMSYSERR_INVALPARAM)?;
    // SAFETY: as above.
    let code = unsafe {
        bench
            .winmm
            .midiInOpen(ptr::null_mut(), ports.input, 0, 0, CALLBACK_NULL)
    };
    returned("midiInOpen without a place", code, MMSYSERR_INVALPARAM)?;
    let code = input_opens(bench, ports.input, UNKNOWN_FLAGS);
    returned("midiInOpen with unknown flags", code, MMSYSERR_INVALFLAG)
}

/// Objects to each function for outputs that takes `handle`.
fn outputs_refuse(bench: &Bench, handle: HMIDIOUT) -> Checked {
    let winmm = &bench.winmm;
    let buffer = Buffer::new(vec![0xF0, 0x7D, 0xF7]);
    let header = buffer.header();
    // SAFETY: a handle that is to be refused, with a short message.
    let code = unsafe { winmm.midiOutShortMsg(handle, 0x0001_3C9F) };
    returned("midiOutShortMsg", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: a handle that is to be refused; the header is whole.
    let code = unsafe { winmm.midiOutPrepareHeader(handle, header, HEADER_SIZE) };
    returned("midiOutPrepareHeader", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: as above.
    let code = unsafe { winmm.midiOutLongMsg(handle, header, HEADER_SIZE) };
    returned("midiOutLongMsg", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: a handle that is to be refused.
    let code = unsafe { winmm.midiOutReset(handle) };
    returned("midiOutReset", code, MMSYSERR_INVALHANDLE)?;
    let mut id = 0;
    // SAFETY: a handle that is to be refused, with room for a number.
    let code = unsafe { winmm.midiOutGetID(handle, &raw mut id) };
    returned("midiOutGetID", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: a handle that is to be refused.
    let code = unsafe { winmm.midiOutClose(handle) };
    returned("midiOutClose", code, MMSYSERR_INVALHANDLE)
}

/// Objects to each function for inputs that takes `handle`.
fn inputs_refuse(bench: &Bench, handle: HMIDIIN) -> Checked {
    let winmm = &bench.winmm;
    let buffer = Buffer::empty(16);
    let header = buffer.header();
    // SAFETY: a handle that is to be refused; the header is whole.
    let code = unsafe { winmm.midiInPrepareHeader(handle, header, HEADER_SIZE) };
    returned("midiInPrepareHeader", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: as above.
    let code = unsafe { winmm.midiInAddBuffer(handle, header, HEADER_SIZE) };
    returned("midiInAddBuffer", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: a handle that is to be refused.
    let code = unsafe { winmm.midiInStart(handle) };
    returned("midiInStart", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: as above.
    let code = unsafe { winmm.midiInStop(handle) };
    returned("midiInStop", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: as above.
    let code = unsafe { winmm.midiInReset(handle) };
    returned("midiInReset", code, MMSYSERR_INVALHANDLE)?;
    let mut id = 0;
    // SAFETY: a handle that is to be refused, with room for a number.
    let code = unsafe { winmm.midiInGetID(handle, &raw mut id) };
    returned("midiInGetID", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: a handle that is to be refused.
    let code = unsafe { winmm.midiInClose(handle) };
    returned("midiInClose", code, MMSYSERR_INVALHANDLE)
}

fn null_handle(bench: &Bench) -> Checked {
    outputs_refuse(bench, ptr::null_mut())?;
    inputs_refuse(bench, ptr::null_mut())
}

fn closed_handle(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let handle = output.handle();
    output.close()?;
    outputs_refuse(bench, handle)?;
    let mut input = Input::open(bench)?;
    let handle = input.handle();
    input.close()?;
    inputs_refuse(bench, handle)
}

fn handle_of_other_side(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let mut input = Input::open(bench)?;
    outputs_refuse(bench, input.handle())?;
    inputs_refuse(bench, output.handle())?;
    output.close()?;
    input.close()
}

fn bad_headers(bench: &Bench) -> Checked {
    let output = Output::open(bench)?;
    let input = Input::open(bench)?;
    let buffer = Buffer::new(vec![0xF0, 0x7D, 0xF7]);
    let no_header: *mut MIDIHDR = ptr::null_mut();
    for (what, header, size) in [
        ("without a header", no_header, HEADER_SIZE),
        ("with a small header", buffer.header(), SMALL),
    ] {
        let (to, from) = (output.handle(), input.handle());
        // SAFETY: the handle is winmm's; the header is whole, or to be refused.
        let code = unsafe { bench.winmm.midiOutPrepareHeader(to, header, size) };
        let function = format!("midiOutPrepareHeader {what}");
        returned(&function, code, MMSYSERR_INVALPARAM)?;
        // SAFETY: as above.
        let code = unsafe { bench.winmm.midiOutLongMsg(to, header, size) };
        let function = format!("midiOutLongMsg {what}");
        returned(&function, code, MMSYSERR_INVALPARAM)?;
        // SAFETY: as above.
        let code = unsafe { bench.winmm.midiInPrepareHeader(from, header, size) };
        let function = format!("midiInPrepareHeader {what}");
        returned(&function, code, MMSYSERR_INVALPARAM)?;
        // SAFETY: as above.
        let code = unsafe { bench.winmm.midiInAddBuffer(from, header, size) };
        let function = format!("midiInAddBuffer {what}");
        returned(&function, code, MMSYSERR_INVALPARAM)?;
    }
    Ok(())
}

fn no_place_for_answer(bench: &Bench) -> Checked {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "structures of winmm's are small"
    )]
    const SIZES: [u32; 2] = [
        size_of::<MIDIOUTCAPSW>() as u32,
        size_of::<MIDIINCAPSW>() as u32,
    ];
    let id = bench.ports.output as usize;
    // SAFETY: no place is what is to be refused; nothing is written.
    let code = unsafe {
        bench
            .winmm
            .midiOutGetDevCapsW(id, ptr::null_mut(), SIZES[0])
    };
    returned("midiOutGetDevCapsW", code, MMSYSERR_INVALPARAM)?;
    let id = bench.ports.input as usize;
    // SAFETY: as above.
    let code = unsafe { bench.winmm.midiInGetDevCapsW(id, ptr::null_mut(), SIZES[1]) };
    returned("midiInGetDevCapsW", code, MMSYSERR_INVALPARAM)
}
