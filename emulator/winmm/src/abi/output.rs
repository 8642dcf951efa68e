//! `midiOut…`.

use windows_sys::Win32::Media::Audio::{
    HMIDIOUT, MIDI_WAVE_OPEN_TYPE, MIDIERR_NODEVICE, MIDIHDR, MIDIOUTCAPSA, MIDIOUTCAPSW,
};
use windows_sys::Win32::Media::{MMSYSERR_INVALPARAM, MMSYSERR_NOTSUPPORTED};
use windows_sys::core::{PSTR, PWSTR};

use super::{device, give, give_error_text, give_part, number, questions};
use crate::callbacks::Callbacks;
use crate::capabilities;
use crate::handles;
use crate::headers::Header;
use crate::output::Output;
use crate::ports::{self, MIDI_MAPPER, Port};
use crate::results::{Outcome, code};
use crate::stream::LONGEST_BUFFER;

fn port_of(handle: usize) -> Outcome<&'static Port> {
    Ok(handles::output(handle)?.port())
}

/// How many outputs there are.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
#[must_use]
pub unsafe extern "system" fn midiOutGetNumDevs() -> u32 {
    u32::try_from(ports::present().count()).unwrap_or(u32::MAX)
}

/// What an output can do; it is told by its number or a handle.
///
/// # Safety
/// `pmoc` is null, or leads to `cbmoc` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetDevCapsA(
    udeviceid: usize,
    pmoc: *mut MIDIOUTCAPSA,
    cbmoc: u32,
) -> u32 {
    let capabilities = device(udeviceid, port_of).and_then(capabilities::output_ansi);
    // SAFETY: the caller promises it.
    code(capabilities.and_then(|value| unsafe { give_part(pmoc, cbmoc, &value) }))
}

/// What an output can do; it is told by its number or a handle.
///
/// # Safety
/// `pmoc` is null, or leads to `cbmoc` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetDevCapsW(
    udeviceid: usize,
    pmoc: *mut MIDIOUTCAPSW,
    cbmoc: u32,
) -> u32 {
    let capabilities = device(udeviceid, port_of).and_then(capabilities::output);
    // SAFETY: the caller promises it.
    code(capabilities.and_then(|value| unsafe { give_part(pmoc, cbmoc, &value) }))
}

/// What an error number means. The words are not Windows' own.
///
/// # Safety
/// `psztext` is null, or leads to `cchtext` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetErrorTextA(
    mmrerror: u32,
    psztext: PSTR,
    cchtext: u32,
) -> u32 {
    // SAFETY: the caller promises it.
    code(unsafe { give_error_text(mmrerror, psztext, cchtext) })
}

/// What an error number means. The words are not Windows' own.
///
/// # Safety
/// `psztext` is null, or leads to `cchtext` units.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetErrorTextW(
    mmrerror: u32,
    psztext: PWSTR,
    cchtext: u32,
) -> u32 {
    // SAFETY: the caller promises it.
    code(unsafe { give_error_text(mmrerror, psztext, cchtext) })
}

/// Opens an output. Another open of the same port is refused: the driver has one pin for it.
///
/// # Safety
/// `phmo` is null, or leads to room for a handle. For `CALLBACK_FUNCTION`, `dwcallback` is null or the
/// address of a `MidiOutProc` that can be called on any thread until the handle is closed.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutOpen(
    phmo: *mut HMIDIOUT,
    udeviceid: u32,
    dwcallback: usize,
    dwinstance: usize,
    fdwopen: MIDI_WAVE_OPEN_TYPE,
) -> u32 {
    if phmo.is_null() {
        return MMSYSERR_INVALPARAM;
    }
    let handle = handles::reserve();
    // SAFETY: the caller promises it.
    let callbacks = unsafe { Callbacks::new(handle, dwcallback, dwinstance, fdwopen) };
    let open = callbacks.and_then(|callbacks| {
        let port = find(udeviceid).inspect_err(|_| callbacks.abort())?;
        let tell = || {
            // SAFETY: the caller promises it.
            unsafe { phmo.write_unaligned(std::ptr::without_provenance_mut(handle)) };
        };
        Output::open_handle(handle, port, &callbacks, tell)
    });
    code(open)
}

/// The port of a device number; the mapper has an error of its own.
pub(super) fn find(device: u32) -> Outcome<&'static Port> {
    let no_device = |error| {
        if device == MIDI_MAPPER {
            MIDIERR_NODEVICE
        } else {
            error
        }
    };
    ports::find(device).map_err(no_device)
}

/// Closes an output, once the driver has accepted the short messages before.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutClose(hmo: HMIDIOUT) -> u32 {
    let handle = number(hmo);
    code(handles::plain_output(handle).and_then(|output| output.close(handle)))
}

/// Prepares a buffer.
///
/// # Safety
/// `pmh` is null, or leads to `cbmh` bytes of a header whose `lpData` is null or leads to
/// `dwBufferLength` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutPrepareHeader(
    hmo: HMIDIOUT,
    pmh: *mut MIDIHDR,
    cbmh: u32,
) -> u32 {
    code(handles::output(number(hmo)).and_then(|output| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        if handles::stream(number(hmo)).is_ok() && header.buffer_length() > LONGEST_BUFFER {
            return Err(MMSYSERR_INVALPARAM);
        }
        output.with_headers(|| header.prepare());
        Ok(())
    }))
}

/// Takes a buffer's preparation back.
///
/// # Safety
/// As for [`midiOutPrepareHeader`].
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutUnprepareHeader(
    hmo: HMIDIOUT,
    pmh: *mut MIDIHDR,
    cbmh: u32,
) -> u32 {
    code(handles::output(number(hmo)).and_then(|output| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        output.with_headers(|| header.unprepare())
    }))
}

/// Sends a short message. It waits while a second's worth of them is queued, and returns
/// `MIDIERR_NOTREADY` if the device takes nothing, or refused bytes before.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutShortMsg(hmo: HMIDIOUT, dwmsg: u32) -> u32 {
    code(handles::output(number(hmo)).and_then(|output| output.send_short(dwmsg, true)))
}

/// Sends the bytes of a buffer, whatever they are. The buffer comes back when the driver has accepted
/// them all.
///
/// # Safety
/// As for [`midiOutPrepareHeader`]; the header and its buffer stay there until they are returned.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutLongMsg(hmo: HMIDIOUT, pmh: *const MIDIHDR, cbmh: u32) -> u32 {
    code(handles::output(number(hmo)).and_then(|output| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        output.send_long(header)
    }))
}

/// Returns all buffers, turns off the notes that short messages turned on, and lifts all sustain pedals.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutReset(hmo: HMIDIOUT) -> u32 {
    code(handles::output(number(hmo)).and_then(|output| {
        if let Ok(stream) = handles::stream(number(hmo)) {
            stream.stop();
        }
        output.reset()
    }))
}

/// The device number of a handle.
///
/// # Safety
/// `pudeviceid` is null, or leads to room for a number.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetID(hmo: HMIDIOUT, pudeviceid: *mut u32) -> u32 {
    let device = port_of(number(hmo)).and_then(Port::number);
    // SAFETY: the caller promises it.
    code(device.and_then(|device| unsafe { give(pudeviceid, device) }))
}

/// Ports have no volume: `MMSYSERR_NOTSUPPORTED`.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutGetVolume(hmo: HMIDIOUT, _pdwvolume: *mut u32) -> u32 {
    code(unsupported(hmo))
}

/// Ports have no volume: `MMSYSERR_NOTSUPPORTED`.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutSetVolume(hmo: HMIDIOUT, _dwvolume: u32) -> u32 {
    code(unsupported(hmo))
}

/// Ports have no patches: `MMSYSERR_NOTSUPPORTED`.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutCachePatches(
    hmo: HMIDIOUT,
    _ubank: u32,
    _pwpa: *const u16,
    _fucache: u32,
) -> u32 {
    code(unsupported(hmo))
}

/// Ports have no patches: `MMSYSERR_NOTSUPPORTED`.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutCacheDrumPatches(
    hmo: HMIDIOUT,
    _upatch: u32,
    _pwkya: *const u16,
    _fucache: u32,
) -> u32 {
    code(unsupported(hmo))
}

fn unsupported(hmo: HMIDIOUT) -> Outcome {
    device(number(hmo), port_of).and_then(ports::find)?;
    Err(MMSYSERR_NOTSUPPORTED)
}

/// Asks the driver for the device's interface path; all else is not supported.
///
/// # Safety
/// For `DRV_QUERYDEVICEINTERFACESIZE` `dw1` is null or leads to a `u32`; for
/// `DRV_QUERYDEVICEINTERFACE` it is null or leads to `dw2` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiOutMessage(
    hmo: HMIDIOUT,
    umsg: u32,
    dw1: usize,
    dw2: usize,
) -> u32 {
    let port = device(number(hmo), port_of).and_then(ports::find);
    // SAFETY: the caller promises it.
    code(port.and_then(|port| unsafe { questions::answer(port, umsg, dw1, dw2) }))
}
