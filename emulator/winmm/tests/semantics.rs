//! The functions behave as their documentation says.

mod support;

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Once;

use support::{Buffer, HEADER_SIZE, Input, OK, Output, no_handle};
#[cfg(not(windows))]
use windows_sys::Win32::Media::Audio::CALLBACK_EVENT;
use windows_sys::Win32::Media::Audio::{
    CALLBACK_FUNCTION, CALLBACK_NULL, MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED, MIDIERR_NOTREADY,
    MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED, MIDIINCAPSA, MIDIINCAPSW, MIDIOUTCAPSW, MOD_MAPPER,
    MOD_MIDIPORT,
};
use windows_sys::Win32::Media::Multimedia::{
    DRV_QUERYDEVICEINTERFACE, DRV_QUERYDEVICEINTERFACESIZE,
};
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_DATA, MM_MIM_ERROR, MM_MIM_LONGDATA, MM_MIM_LONGERROR, MM_MIM_OPEN,
    MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN, MMSYSERR_ALLOCATED, MMSYSERR_BADDEVICEID,
    MMSYSERR_BADERRNUM, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NOTSUPPORTED,
};
use winmm::*;

// Each test has ports of its own, as tests run side by side.
const OPENING: u32 = 0;
const BUFFERS: u32 = 1;
const INCOMING: u32 = 2;
const RETURNING: u32 = 3;
const RESETTING: u32 = 4;
const THRU_FROM: u32 = 5;
const THRU_TO: u32 = 6;
const IN_CALLBACK: u32 = 7;
const WIRE: u32 = 8;
const COUNT: u32 = 9;

fn set_ports() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let list = "software,software,software,software,16550,software,mpu401,software,16550";
        winmm::control::set_ports(list).expect("good ports");
    });
}

fn text(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0);
    String::from_utf16_lossy(&units[..end.expect("a terminator")])
}

#[test]
fn devices_are_listed() {
    set_ports();
    // SAFETY: it takes nothing.
    assert_eq!(unsafe { midiOutGetNumDevs() }, COUNT);
    // SAFETY: it takes nothing.
    assert_eq!(unsafe { midiInGetNumDevs() }, COUNT);
    let out_caps = |device: usize| {
        let mut caps = MIDIOUTCAPSW::default();
        let size = u32::try_from(size_of::<MIDIOUTCAPSW>()).expect("a small structure");
        // SAFETY: there is room for the structure.
        let result = unsafe { midiOutGetDevCapsW(device, &raw mut caps, size) };
        (result, caps)
    };
    let (result, caps) = out_caps(WIRE as usize);
    assert_eq!(result, OK);
    assert_eq!(text(&{ caps.szPname }), "2- MIDI UART (16550)");
    assert_eq!(u32::from(caps.wTechnology), MOD_MIDIPORT);
    assert_eq!({ caps.wChannelMask }, 0xFFFF);
    assert_eq!(out_caps(COUNT as usize).0, MMSYSERR_BADDEVICEID);
    let (result, mapper) = out_caps(usize::MAX);
    assert_eq!((result, u32::from(mapper.wTechnology)), (OK, MOD_MAPPER));

    let mut caps = MIDIINCAPSW::default();
    // SAFETY: there is more room than it is told.
    let result = unsafe { midiInGetDevCapsW(0, &raw mut caps, 12) };
    assert_eq!(result, OK);
    assert_eq!({ caps.szPname }[..3], [u16::from(b'M'), u16::from(b'I'), 0]);
    let mut caps = MIDIINCAPSA::default();
    let size = u32::try_from(size_of::<MIDIINCAPSA>()).expect("a small structure");
    // SAFETY: there is room for the structure.
    let result = unsafe { midiInGetDevCapsA(0, &raw mut caps, size) };
    assert_eq!(result, OK);
    let name: Vec<u8> = caps.szPname[..20]
        .iter()
        .map(|byte| byte.cast_unsigned())
        .collect();
    assert_eq!(name, *b"MIDI UART (software)");
    // SAFETY: a null pointer is refused.
    let result = unsafe { midiInGetDevCapsA(0, null_mut(), size) };
    assert_eq!(result, MMSYSERR_INVALPARAM);
}

#[test]
fn interface_paths_are_told() {
    set_ports();
    let ask = |device: usize, question, first, second| {
        // SAFETY: `first` leads to as much room as the question needs.
        unsafe { midiOutMessage(no_handle(device), question, first, second) }
    };
    let mut size = 0_u32;
    let place = (&raw mut size).expose_provenance();
    let result = ask(8, DRV_QUERYDEVICEINTERFACESIZE, place, 0);
    assert_eq!(result, OK);
    let mut path = vec![0_u16; size as usize / 2];
    let place = path.as_mut_ptr().expose_provenance();
    let bytes = size as usize;
    assert_eq!(
        ask(8, DRV_QUERYDEVICEINTERFACE, place, bytes - 2),
        MMSYSERR_INVALPARAM
    );
    assert_eq!(ask(8, DRV_QUERYDEVICEINTERFACE, place, bytes), OK);
    let path = text(&path);
    assert!(
        path.starts_with(r"\\?\root#midiuart_16550#0008#{"),
        "{path}"
    );
    assert_eq!(2 * (path.len() + 1), bytes);
    assert_eq!(ask(8, 1, 0, 0), MMSYSERR_NOTSUPPORTED);
    assert_eq!(
        ask(99, DRV_QUERYDEVICEINTERFACESIZE, 0, 0),
        MMSYSERR_BADDEVICEID
    );
}

#[test]
fn error_texts_are_cut_to_their_room() {
    let get = |number, room: u32| {
        let mut text = [0xFFFF_u16; 80];
        // SAFETY: there is no less room than it is told.
        let result = unsafe { midiOutGetErrorTextW(number, text.as_mut_ptr(), room) };
        (result, text)
    };
    let (result, whole) = get(MMSYSERR_ALLOCATED, 80);
    assert_eq!(
        (result, &text(&whole)[..]),
        (OK, "The device is in use already.")
    );
    let (result, cut) = get(MMSYSERR_ALLOCATED, 4);
    assert_eq!((result, &text(&cut)[..], cut[4]), (OK, "The", 0xFFFF));
    assert_eq!(get(MMSYSERR_ALLOCATED, 0).1[0], 0xFFFF);
    assert_eq!(get(999, 80).0, MMSYSERR_BADERRNUM);
    let mut narrow = [0xFF_u8; 5];
    // SAFETY: there is that much room.
    let result = unsafe { midiInGetErrorTextA(0, narrow.as_mut_ptr(), 5) };
    assert_eq!(result, OK);
    assert_eq!(narrow, *b"The \0");
}

#[test]
fn a_port_opens_once_in_each_direction() {
    set_ports();
    let output = Output::open(OPENING);
    let input = Input::try_open(OPENING, false).expect("the port opens");
    assert_eq!(Output::try_open(OPENING).err(), Some(MMSYSERR_ALLOCATED));
    assert_eq!(
        Input::try_open(OPENING, false).err(),
        Some(MMSYSERR_ALLOCATED)
    );
    assert_eq!(Output::try_open(COUNT).err(), Some(MMSYSERR_BADDEVICEID));
    // The mapper is the first port.
    assert_eq!(Output::try_open(u32::MAX).err(), Some(MMSYSERR_ALLOCATED));
    let mut device = 99;
    // SAFETY: there is room for a number.
    assert_eq!(unsafe { midiInGetID(input.handle, &raw mut device) }, OK);
    assert_eq!(device, OPENING);
    assert_eq!(output.close(), OK);
    assert_eq!(input.close(), OK);
    assert_eq!(output.close(), MMSYSERR_INVALHANDLE);
    assert_eq!(output.short(&[0xF8]), MMSYSERR_INVALHANDLE);
    assert_eq!(input.start(), MMSYSERR_INVALHANDLE);
    assert_eq!(output.record.messages(), [MM_MOM_OPEN, MM_MOM_CLOSE]);
    assert_eq!(input.record.messages(), [MM_MIM_OPEN, MM_MIM_CLOSE]);
    assert_eq!(Output::open(OPENING).close(), OK);
}

#[test]
fn bad_parameters_are_refused() {
    set_ports();
    let mut handle = null_mut();
    let mut open = |place: bool, callback, flags| {
        let place = if place { &raw mut handle } else { null_mut() };
        // SAFETY: `place` is null or leads to room; no function is called that is none.
        unsafe { midiOutOpen(place, OPENING, callback, 0, flags) }
    };
    assert_eq!(open(false, 0, CALLBACK_NULL), MMSYSERR_INVALPARAM);
    assert_eq!(open(true, 0, CALLBACK_FUNCTION), MMSYSERR_INVALPARAM);
    #[cfg(not(windows))]
    assert_eq!(open(true, 1, CALLBACK_EVENT), MMSYSERR_NOTSUPPORTED);
    for number in [0, 1, usize::MAX, 0x1_0001] {
        let handle: *mut c_void = no_handle(number);
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiOutClose(handle) }, MMSYSERR_INVALHANDLE);
        // SAFETY: it takes any handle, and a null pointer.
        let result = unsafe { midiInAddBuffer(handle, null_mut(), HEADER_SIZE) };
        assert_eq!(result, MMSYSERR_INVALHANDLE);
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiStreamRestart(handle) }, MMSYSERR_INVALHANDLE);
    }
}

#[test]
fn buffers_have_their_states() {
    set_ports();
    let output = Output::open(BUFFERS);
    let buffer = Buffer::new(&[0xF0, 1, 2, 0xF7]);
    assert_eq!(output.long(buffer), MIDIERR_UNPREPARED);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(buffer.flags(), MHDR_PREPARED);
    assert_eq!(output.long(buffer), OK);
    output.record.wait_for(MM_MOM_DONE, 1);
    assert_eq!(buffer.flags(), MHDR_PREPARED | MHDR_DONE);
    let done = *output.record.told().last().expect("a callback");
    assert_eq!((done.first, done.second), (buffer.address(), 0));
    assert_eq!(output.unprepare(buffer), OK);
    assert_eq!(output.unprepare(buffer), OK);
    // SAFETY: a null pointer is refused.
    let result = unsafe { midiOutLongMsg(output.handle, null(), HEADER_SIZE) };
    assert_eq!(result, MMSYSERR_INVALPARAM);
    // SAFETY: a header that is too short is refused.
    let result = unsafe { midiOutPrepareHeader(output.handle, buffer.header(), 4) };
    assert_eq!(result, MMSYSERR_INVALPARAM);
    assert_eq!(output.close(), OK);
}

#[test]
fn what_is_still_playing_is_protected_until_a_reset() {
    set_ports();
    let output = Output::open(RETURNING);
    // Five minutes on the wire.
    let buffer = Buffer::new(&vec![0x55; 1 << 20]);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(output.long(buffer), OK);
    assert_eq!(output.long(buffer), MIDIERR_STILLPLAYING);
    assert_eq!(output.unprepare(buffer), MIDIERR_STILLPLAYING);
    assert_eq!(output.close(), MIDIERR_STILLPLAYING);
    assert_eq!(buffer.flags(), MHDR_PREPARED | MHDR_INQUEUE);
    assert_eq!(output.reset(), OK);
    assert!(buffer.is_back());
    assert_eq!(output.unprepare(buffer), OK);
    assert_eq!(output.close(), OK);
    assert_eq!(
        output.record.messages(),
        [MM_MOM_OPEN, MM_MOM_DONE, MM_MOM_CLOSE]
    );
}

#[test]
fn a_reset_turns_off_what_sounds() {
    set_ports();
    let (input, _) = Input::listen(RESETTING, 1, 16);
    let output = Output::open(RESETTING);
    assert_eq!(output.short(&[0x93, 60, 100]), OK);
    assert_eq!(output.short(&[61, 100]), OK);
    assert_eq!(output.short(&[60, 0]), OK);
    assert_eq!(output.reset(), OK);
    let mut expected = vec![0x93, 60, 100, 0x93, 61, 100, 0x93, 60, 0, 0x83, 61, 0x40];
    expected.extend((0..16).flat_map(|channel| [0xB0 | channel, 64, 0]));
    assert_eq!(output.close(), OK);
    input.record.wait_for_bytes(expected.len());
    assert_eq!(input.record.bytes(), expected);
    assert_eq!(input.reset(), OK);
    assert_eq!(input.close(), OK);
}

#[test]
fn incoming_bytes_become_messages() {
    set_ports();
    let (input, buffers) = Input::listen(INCOMING, 2, 4);
    let output = Output::open(INCOMING);
    let bytes = [
        0xF0, 1, 0xF8, 2, 3, 4, 0xF7, // longer than a buffer, with a clock in it
        0x90, 60, 100, 60, 0, // running status
        0xF0, 5, 0x91, 1, 2,    // cut
        0xF7, // without a beginning
        0xF0, 6, 7, 0xF7, // as long as a buffer
    ];
    let buffer = Buffer::new(&bytes);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(output.long(buffer), OK);
    input.record.wait_for(MM_MIM_LONGDATA, 3);
    let told = input.record.told();
    let told: Vec<(u32, usize)> = told[1..]
        .iter()
        .map(|told| match told.message {
            MM_MIM_LONGDATA | MM_MIM_LONGERROR => (told.message, 0),
            message => (message, told.first),
        })
        .collect();
    assert_eq!(
        told,
        [
            (MM_MIM_DATA, 0xF8),
            (MM_MIM_LONGDATA, 0),
            (MM_MIM_LONGDATA, 0),
            (MM_MIM_DATA, 0x64_3C90),
            (MM_MIM_DATA, 0x3C90),
            (MM_MIM_LONGERROR, 0),
            (MM_MIM_DATA, 0x2_0191),
            (MM_MIM_ERROR, 0xF7),
            (MM_MIM_LONGDATA, 0),
        ]
    );
    let received = [
        0xF8, 0xF0, 1, 2, 3, 4, 0xF7, 0x90, 60, 100, 0x90, 60, 0, 0xF0, 5, 0x91, 1, 2, 0xF0, 6, 7,
        0xF7,
    ];
    assert_eq!(input.record.bytes(), received);
    assert_eq!(input.close(), MIDIERR_STILLPLAYING);

    // The buffer that is partly filled comes back when input stops, the other one does not.
    let start = Buffer::new(&[0xF0, 9]);
    assert_eq!(output.prepare(start), OK);
    assert_eq!(output.long(start), OK);
    assert_eq!(output.short(&[0xFE]), OK);
    input.record.wait_for(MM_MIM_DATA, 5);
    assert_eq!(input.stop(), OK);
    input.record.wait_for(MM_MIM_LONGDATA, 4);
    let queued = |buffer: &&Buffer| !buffer.is_back();
    assert_eq!(input.stop(), OK);
    assert_eq!(input.reset(), OK);
    assert_eq!(buffers.iter().filter(queued).count(), 0);
    assert_eq!(input.record.bytes()[received.len()..], [0xFE, 0xF0, 9]);
    let last = input.record.told();
    assert_eq!(last.last().map(|told| told.message), Some(MM_MIM_LONGDATA));
    assert_eq!(input.unprepare(buffers[0]), OK);
    assert_eq!(input.close(), OK);
    assert_eq!(output.close(), OK);
}

#[test]
fn without_buffers_messages_are_lost_whole() {
    set_ports();
    let input = Input::try_open(WIRE, false).expect("the port opens");
    assert_eq!(input.start(), OK);
    let output = Output::open(WIRE);
    let lost = Buffer::new(&[0xF0, 1, 2, 0xF7, 0xF8, 0xF0, 3]);
    assert_eq!(output.prepare(lost), OK);
    assert_eq!(output.long(lost), OK);
    input.record.wait_for(MM_MIM_DATA, 1);
    // The message that has begun meanwhile is lost to its end, and the next one is whole.
    assert_eq!(output.short(&[0xFE]), OK);
    input.record.wait_for(MM_MIM_DATA, 2);
    let buffer = Buffer::new(&[0; 16]);
    assert_eq!(input.prepare(buffer), OK);
    assert_eq!(input.add(buffer), OK);
    let rest = Buffer::new(&[4, 0xF7, 0xF0, 5, 6, 0xF7]);
    assert_eq!(output.prepare(rest), OK);
    assert_eq!(output.long(rest), OK);
    input.record.wait_for(MM_MIM_LONGDATA, 1);
    assert_eq!(input.record.bytes(), [0xF8, 0xFE, 0xF0, 5, 6, 0xF7]);
    assert_eq!((buffer.is_back(), buffer.recorded()), (true, 4));
    assert_eq!(input.close(), OK);
    assert_eq!(output.close(), OK);
}

#[test]
fn a_connection_hands_messages_on() {
    set_ports();
    let (from, _) = Input::listen(THRU_FROM, 1, 16);
    let source = Output::open(THRU_FROM);
    let (to, _) = Input::listen(THRU_TO, 1, 16);
    let target = Output::open(THRU_TO);
    // SAFETY: it takes any handles.
    let connect = || unsafe { midiConnect(from.handle, target.handle, null()) };
    // SAFETY: it takes any handles.
    let disconnect = || unsafe { midiDisconnect(from.handle, target.handle, null()) };
    assert_eq!(connect(), OK);
    assert_eq!(connect(), MIDIERR_NOTREADY);
    assert_eq!(source.short(&[0x90, 1, 2]), OK);
    to.record.wait_for_bytes(3);
    assert_eq!(to.record.bytes(), [0x90, 1, 2]);
    assert_eq!(disconnect(), OK);
    assert_eq!(disconnect(), MMSYSERR_INVALPARAM);
    for handle in [&from, &to] {
        assert_eq!(handle.reset(), OK);
        assert_eq!(handle.close(), OK);
    }
    assert_eq!(source.close(), OK);
    assert_eq!(target.close(), OK);
}

unsafe extern "system" fn close_at_once(
    handle: *mut c_void,
    message: u32,
    instance: usize,
    _first: usize,
    _second: usize,
) {
    let messages = std::ptr::with_exposed_provenance::<std::sync::Mutex<Vec<u32>>>(instance);
    // SAFETY: the test's list lives for ever.
    unsafe { &*messages }
        .lock()
        .expect("nobody panics")
        .push(message);
    if message == MM_MOM_DONE {
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiOutClose(handle) }, OK);
    }
}

#[test]
fn a_callback_may_close() {
    set_ports();
    let messages: &'static std::sync::Mutex<Vec<u32>> = Box::leak(Box::default());
    let mut handle = null_mut();
    let callback = (close_at_once as *const ()).expose_provenance();
    let instance = (&raw const *messages).expose_provenance();
    // SAFETY: the callback and its list live for ever.
    let opened = unsafe {
        midiOutOpen(
            &raw mut handle,
            IN_CALLBACK,
            callback,
            instance,
            CALLBACK_FUNCTION,
        )
    };
    assert_eq!(opened, OK);
    let output = Output {
        handle,
        record: support::Record::new(false),
    };
    let buffer = Buffer::new(&[0xF0, 0xF7]);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(output.long(buffer), OK);
    // The port opens again when the callback has closed it.
    let again = loop {
        match Output::try_open(IN_CALLBACK) {
            Ok(output) => break output,
            Err(error) => assert_eq!(error, MMSYSERR_ALLOCATED),
        }
        std::thread::yield_now();
    };
    assert_eq!(output.close(), MMSYSERR_INVALHANDLE);
    assert_eq!(again.close(), OK);
    // The last one is told after the port is free.
    while messages.lock().expect("nobody panics").len() < 3 {
        std::thread::yield_now();
    }
    let messages = messages.lock().expect("nobody panics").clone();
    assert_eq!(messages, [MM_MOM_OPEN, MM_MOM_DONE, MM_MOM_CLOSE]);
}

#[test]
fn what_ports_do_not_have_is_not_supported() {
    set_ports();
    let mut volume = 0;
    // SAFETY: there is room for a number.
    let result = unsafe { midiOutGetVolume(no_handle(1), &raw mut volume) };
    assert_eq!(result, MMSYSERR_NOTSUPPORTED);
    // SAFETY: it takes any handle.
    let result = unsafe { midiOutSetVolume(no_handle(99), 0) };
    assert_eq!(result, MMSYSERR_BADDEVICEID);
    // SAFETY: it takes any handle, and the array is not looked at.
    let result = unsafe { midiOutCachePatches(no_handle(1), 0, null(), 0) };
    assert_eq!(result, MMSYSERR_NOTSUPPORTED);
}
