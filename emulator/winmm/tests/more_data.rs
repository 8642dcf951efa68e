//! A program that asked for it hears that it is behind.

mod support;

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use support::{Input, OK, Output};
use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, MIDI_IO_STATUS};
use windows_sys::Win32::Media::{MM_MIM_DATA, MM_MIM_MOREDATA};
use winmm::{control, midiConnect, midiInClose, midiInOpen, midiInStart};

const SLOW: u32 = 0;
const WITNESS: u32 = 1;
const MESSAGES: usize = 200;

/// What the slow program has heard; while somebody else holds it, its callback waits.
static HEARD: Mutex<Vec<(u32, usize)>> = Mutex::new(Vec::new());

fn heard() -> MutexGuard<'static, Vec<(u32, usize)>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "system" fn slow(
    _handle: *mut c_void,
    message: u32,
    _instance: usize,
    first: usize,
    _second: usize,
) {
    heard().push((message, first));
}

#[test]
fn more_data_is_told_in_order() {
    control::set_ports("software,software").expect("good ports");
    let mut handle = null_mut();
    let callback = (slow as *const ()).expose_provenance();
    let flags = CALLBACK_FUNCTION | MIDI_IO_STATUS;
    // SAFETY: the callback lives for ever.
    let opened = unsafe { midiInOpen(&raw mut handle, SLOW, callback, 0, flags) };
    assert_eq!(opened, OK);
    let (witness, _) = Input::listen(WITNESS, 1, 16);
    let (source, target) = (Output::open(SLOW), Output::open(WITNESS));
    // SAFETY: it takes any handles.
    assert_eq!(unsafe { midiConnect(handle, target.handle, null()) }, OK);
    // SAFETY: it takes any handle.
    assert_eq!(unsafe { midiInStart(handle) }, OK);

    let mut busy = heard();
    for number in 0..MESSAGES {
        let data = u8::try_from(number % 128).expect("seven bits");
        assert_eq!(source.short(&[0xC0, data]), OK);
    }
    witness.record.wait_for_bytes(2 * MESSAGES);
    busy.clear();
    drop(busy);
    // SAFETY: it takes any handle.
    assert_eq!(unsafe { midiInClose(handle) }, OK);

    let heard: Vec<_> = heard()
        .iter()
        .copied()
        .filter(|(message, _)| [MM_MIM_DATA, MM_MIM_MOREDATA].contains(message))
        .collect();
    let numbers: Vec<usize> = heard.iter().map(|(_, packed)| packed >> 8).collect();
    let expected: Vec<usize> = (0..MESSAGES).map(|number| number % 128).collect();
    assert_eq!(numbers, expected);
    let first_more = heard
        .iter()
        .position(|(message, _)| *message == MM_MIM_MOREDATA);
    assert!(
        first_more.is_some_and(|position| position >= 64),
        "{first_more:?}"
    );
    let more = heard
        .iter()
        .filter(|(message, _)| *message == MM_MIM_MOREDATA);
    assert!(more.count() > MESSAGES / 2);
    assert_eq!(source.close(), OK);
    assert_eq!(target.close(), OK);
    assert_eq!(witness.reset(), OK);
    assert_eq!(witness.close(), OK);
}
