//! `midiStream…`.

use windows_sys::Win32::Media::Audio::{
    HMIDISTRM, MIDIHDR, MIDIPROP_GET, MIDIPROP_SET, MIDIPROP_TEMPO, MIDIPROP_TIMEDIV,
};
use windows_sys::Win32::Media::{MMSYSERR_INVALPARAM, MMTIME, MMTIME_0, TIME_MS, TIME_TICKS};

use super::output::find;
use super::{give, number};
use crate::callbacks::Callbacks;
use crate::handles;
use crate::headers::Header;
use crate::results::{Outcome, code};
use crate::stream::Stream;

/// Bytes of `MIDIPROPTEMPO` and `MIDIPROPTIMEDIV`: their size and their value.
const PROPERTY_SIZE: u32 = 8;

/// Opens an output for a stream, which is paused.
///
/// # Safety
/// `phms` is null, or leads to room for a handle; `pudeviceid` is null, or leads to a device number.
/// For `CALLBACK_FUNCTION`, `dwcallback` is null or the address of a `MidiOutProc` that can be called on
/// any thread until the handle is closed.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamOpen(
    phms: *mut HMIDISTRM,
    pudeviceid: *mut u32,
    cmidi: u32,
    dwcallback: usize,
    dwinstance: usize,
    fdwopen: u32,
) -> u32 {
    if phms.is_null() || pudeviceid.is_null() || cmidi != 1 {
        return MMSYSERR_INVALPARAM;
    }
    // SAFETY: the caller promises it.
    let device = unsafe { pudeviceid.read_unaligned() };
    let handle = handles::reserve();
    // SAFETY: the caller promises it.
    let callbacks = unsafe { Callbacks::new(handle, dwcallback, dwinstance, fdwopen) };
    let open = callbacks.and_then(|callbacks| {
        let port = find(device).inspect_err(|_| callbacks.abort())?;
        let tell = || {
            // SAFETY: the caller promises it.
            unsafe { phms.write_unaligned(std::ptr::without_provenance_mut(handle)) };
        };
        Stream::open_handle(handle, port, &callbacks, tell)
    });
    code(open)
}

/// Closes a stream; its buffers go back.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamClose(hms: HMIDISTRM) -> u32 {
    let handle = number(hms);
    code(handles::stream(handle).and_then(|stream| stream.close(handle)))
}

/// Queues a buffer of events.
///
/// # Safety
/// `pmh` is null, or leads to `cbmh` bytes of a header whose `lpData` is null or leads to
/// `dwBufferLength` bytes; all of it stays there until it is returned.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamOut(hms: HMIDISTRM, pmh: *mut MIDIHDR, cbmh: u32) -> u32 {
    code(handles::stream(number(hms)).and_then(|stream| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        stream.add(header)
    }))
}

fn command(hms: HMIDISTRM, what: impl FnOnce(&Stream)) -> Outcome {
    let stream = handles::stream(number(hms))?;
    what(&stream);
    Ok(())
}

/// Stands still.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamPause(hms: HMIDISTRM) -> u32 {
    code(command(hms, Stream::pause))
}

/// Plays, or plays on.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamRestart(hms: HMIDISTRM) -> u32 {
    code(command(hms, Stream::restart))
}

/// Returns all buffers and goes back to the beginning.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamStop(hms: HMIDISTRM) -> u32 {
    code(command(hms, Stream::stop))
}

/// How far it has played: in milliseconds if that is asked for, else in ticks.
///
/// # Safety
/// `lpmmt` is null, or leads to `cbmmt` bytes of an `MMTIME`.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamPosition(
    hms: HMIDISTRM,
    lpmmt: *mut MMTIME,
    cbmmt: u32,
) -> u32 {
    code(handles::stream(number(hms)).and_then(|stream| {
        if lpmmt.is_null() || (cbmmt as usize) < size_of::<MMTIME>() {
            return Err(MMSYSERR_INVALPARAM);
        }
        // SAFETY: the caller promises it.
        let wanted = unsafe { lpmmt.read_unaligned() }.wType;
        let (ticks, time) = stream.position();
        let low = |number: u128| u32::try_from(number & 0xFFFF_FFFF).unwrap_or_default();
        let (kind, value) = match wanted {
            TIME_MS => (
                TIME_MS,
                MMTIME_0 {
                    ms: low(time.as_millis()),
                },
            ),
            _ => (
                TIME_TICKS,
                MMTIME_0 {
                    ticks: low(u128::from(ticks)),
                },
            ),
        };
        // SAFETY: the caller promises it.
        unsafe {
            give(
                lpmmt,
                MMTIME {
                    wType: kind,
                    u: value,
                },
            )
        }
    }))
}

/// Reads or changes tempo and time division.
///
/// # Safety
/// `lppropdata` is null, or leads to a number of bytes, and as many bytes as it says.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiStreamProperty(
    hms: HMIDISTRM,
    lppropdata: *mut u8,
    dwproperty: u32,
) -> u32 {
    code(handles::stream(number(hms)).and_then(|stream| {
        if lppropdata.is_null() {
            return Err(MMSYSERR_INVALPARAM);
        }
        let size_place = lppropdata.cast::<[u8; 4]>();
        // SAFETY: the caller promises a number.
        let size = u32::from_ne_bytes(unsafe { size_place.read() });
        if size < PROPERTY_SIZE {
            return Err(MMSYSERR_INVALPARAM);
        }
        let place = size_place.wrapping_add(1);
        // SAFETY: the caller promises as many bytes as the number says, of which these are some.
        let value = u32::from_ne_bytes(unsafe { place.read() });
        let asked = |flags: i32| dwproperty == flags.cast_unsigned();
        let tempo = stream.tempo();
        let answer = if asked(MIDIPROP_GET | MIDIPROP_TEMPO) {
            tempo.microseconds
        } else if asked(MIDIPROP_GET | MIDIPROP_TIMEDIV) {
            tempo.division
        } else if asked(MIDIPROP_SET | MIDIPROP_TEMPO) && value > 0 {
            stream.set_microseconds(value);
            return Ok(());
        } else if asked(MIDIPROP_SET | MIDIPROP_TIMEDIV) {
            return stream.set_division(value);
        } else {
            return Err(MMSYSERR_INVALPARAM);
        };
        // SAFETY: as above.
        unsafe { give(place, answer.to_ne_bytes()) }
    }))
}
