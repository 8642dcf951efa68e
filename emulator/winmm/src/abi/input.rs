//! `midiIn…`.

use windows_sys::Win32::Media::Audio::{
    CALLBACK_TYPEMASK, HMIDIIN, MIDI_IO_STATUS, MIDI_WAVE_OPEN_TYPE, MIDIHDR, MIDIINCAPSA,
    MIDIINCAPSW,
};
use windows_sys::Win32::Media::{MMSYSERR_INVALFLAG, MMSYSERR_INVALPARAM};
use windows_sys::core::{PSTR, PWSTR};

use super::{device, give, give_error_text, give_part, number, questions};
use crate::callbacks::Callbacks;
use crate::capabilities;
use crate::handles;
use crate::headers::Header;
use crate::input::Input;
use crate::ports::{self, Port};
use crate::results::{Outcome, code};

fn port_of(handle: usize) -> Outcome<&'static Port> {
    Ok(handles::input(handle)?.port())
}

/// How many inputs there are.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
#[must_use]
pub unsafe extern "system" fn midiInGetNumDevs() -> u32 {
    u32::try_from(ports::present().count()).unwrap_or(u32::MAX)
}

/// What an input can do; it is told by its number or a handle.
///
/// # Safety
/// `pmic` is null, or leads to `cbmic` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInGetDevCapsA(
    udeviceid: usize,
    pmic: *mut MIDIINCAPSA,
    cbmic: u32,
) -> u32 {
    let capabilities = device(udeviceid, port_of).and_then(capabilities::input_ansi);
    // SAFETY: the caller promises it.
    code(capabilities.and_then(|value| unsafe { give_part(pmic, cbmic, &value) }))
}

/// What an input can do; it is told by its number or a handle.
///
/// # Safety
/// `pmic` is null, or leads to `cbmic` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInGetDevCapsW(
    udeviceid: usize,
    pmic: *mut MIDIINCAPSW,
    cbmic: u32,
) -> u32 {
    let capabilities = device(udeviceid, port_of).and_then(capabilities::input);
    // SAFETY: the caller promises it.
    code(capabilities.and_then(|value| unsafe { give_part(pmic, cbmic, &value) }))
}

/// What an error number means. The words are not Windows' own.
///
/// # Safety
/// `psztext` is null, or leads to `cchtext` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInGetErrorTextA(
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
pub unsafe extern "system" fn midiInGetErrorTextW(
    mmrerror: u32,
    psztext: PWSTR,
    cchtext: u32,
) -> u32 {
    // SAFETY: the caller promises it.
    code(unsafe { give_error_text(mmrerror, psztext, cchtext) })
}

/// Opens an input. Another open of the same port is refused: the driver has one pin for it.
///
/// # Safety
/// `phmi` is null, or leads to room for a handle. For `CALLBACK_FUNCTION`, `dwcallback` is null or the
/// address of a `MidiInProc` that can be called on any thread until the handle is closed.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInOpen(
    phmi: *mut HMIDIIN,
    udeviceid: u32,
    dwcallback: usize,
    dwinstance: usize,
    fdwopen: MIDI_WAVE_OPEN_TYPE,
) -> u32 {
    if phmi.is_null() {
        return MMSYSERR_INVALPARAM;
    }
    if fdwopen & !(CALLBACK_TYPEMASK | MIDI_IO_STATUS) != 0 {
        return MMSYSERR_INVALFLAG;
    }
    let handle = handles::reserve();
    // SAFETY: the caller promises it.
    let callbacks = unsafe { Callbacks::new(handle, dwcallback, dwinstance, fdwopen) };
    let open = callbacks.and_then(|callbacks| {
        let port = ports::find(udeviceid).inspect_err(|_| callbacks.abort())?;
        let tell = || {
            // SAFETY: the caller promises it.
            unsafe { phmi.write_unaligned(std::ptr::without_provenance_mut(handle)) };
        };
        let tells_more_data = fdwopen & MIDI_IO_STATUS != 0;
        Input::open_handle(handle, port, &callbacks, tells_more_data, tell)
    });
    code(open)
}

/// Closes an input.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInClose(hmi: HMIDIIN) -> u32 {
    let handle = number(hmi);
    code(handles::input(handle).and_then(|input| input.close(handle)))
}

/// Prepares a buffer.
///
/// # Safety
/// `pmh` is null, or leads to `cbmh` bytes of a header whose `lpData` is null or leads to
/// `dwBufferLength` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInPrepareHeader(
    hmi: HMIDIIN,
    pmh: *mut MIDIHDR,
    cbmh: u32,
) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        input.with_headers(|| header.prepare());
        Ok(())
    }))
}

/// Takes a buffer's preparation back.
///
/// # Safety
/// As for [`midiInPrepareHeader`].
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInUnprepareHeader(
    hmi: HMIDIIN,
    pmh: *mut MIDIHDR,
    cbmh: u32,
) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        input.with_headers(|| header.unprepare())
    }))
}

/// Queues a buffer for System Exclusive messages. It comes back when it is full, or its message ends.
///
/// # Safety
/// As for [`midiInPrepareHeader`]; the header and its buffer stay there until they are returned.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInAddBuffer(hmi: HMIDIIN, pmh: *mut MIDIHDR, cbmh: u32) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| {
        // SAFETY: the caller promises it.
        let header = unsafe { Header::new(pmh, cbmh) }?;
        input.add_buffer(header)
    }))
}

/// Starts input.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInStart(hmi: HMIDIIN) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| input.start()))
}

/// Stops input, and returns the buffer that is partly filled.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInStop(hmi: HMIDIIN) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| input.stop()))
}

/// Stops input, and returns all buffers.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInReset(hmi: HMIDIIN) -> u32 {
    code(handles::input(number(hmi)).and_then(|input| input.reset()))
}

/// The device number of a handle.
///
/// # Safety
/// `pudeviceid` is null, or leads to room for a number.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInGetID(hmi: HMIDIIN, pudeviceid: *mut u32) -> u32 {
    let device = port_of(number(hmi)).and_then(Port::number);
    // SAFETY: the caller promises it.
    code(device.and_then(|device| unsafe { give(pudeviceid, device) }))
}

/// Asks the driver for the device's interface path; all else is not supported.
///
/// # Safety
/// For `DRV_QUERYDEVICEINTERFACESIZE` `dw1` is null or leads to a `u32`; for
/// `DRV_QUERYDEVICEINTERFACE` it is null or leads to `dw2` bytes.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiInMessage(
    hmi: HMIDIIN,
    umsg: u32,
    dw1: usize,
    dw2: usize,
) -> u32 {
    let port = device(number(hmi), port_of).and_then(ports::find);
    // SAFETY: the caller promises it.
    code(port.and_then(|port| unsafe { questions::answer(port, umsg, dw1, dw2) }))
}
