//! `midiConnect` and `midiDisconnect`.

use std::ffi::c_void;

use windows_sys::Win32::Media::Audio::{HMIDI, HMIDIOUT};
use windows_sys::Win32::Media::MMSYSERR_INVALPARAM;

use super::number;
use crate::handles;
use crate::results::{Outcome, code};

fn connect(hmi: HMIDI, hmo: HMIDIOUT, reserved: *const c_void) -> Outcome {
    let input = handles::input(number(hmi))?;
    let output = handles::output(number(hmo))?;
    if !reserved.is_null() {
        return Err(MMSYSERR_INVALPARAM);
    }
    input.connect(output)
}

fn disconnect(hmi: HMIDI, hmo: HMIDIOUT, reserved: *const c_void) -> Outcome {
    let input = handles::input(number(hmi))?;
    let output = handles::output(number(hmo))?;
    if !reserved.is_null() {
        return Err(MMSYSERR_INVALPARAM);
    }
    input.disconnect(&output)
}

/// Sends the short messages of an input to an output, too. There are no thru devices.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiConnect(
    hmi: HMIDI,
    hmo: HMIDIOUT,
    reserved: *const c_void,
) -> u32 {
    code(connect(hmi, hmo, reserved))
}

/// Ends what [`midiConnect`] began.
///
/// # Safety
/// None is needed; the signature is that of Windows.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn midiDisconnect(
    hmi: HMIDI,
    hmo: HMIDIOUT,
    reserved: *const c_void,
) -> u32 {
    code(disconnect(hmi, hmo, reserved))
}
