//! The functions themselves: they look at what the program passes, and hand it on.
#![cfg_attr(
    not(windows),
    expect(non_snake_case, reason = "the functions have Windows' names")
)]

pub(crate) mod connect;
pub(crate) mod input;
pub(crate) mod output;
mod questions;
pub(crate) mod stream;

use std::ffi::c_void;

use windows_sys::Win32::Media::MMSYSERR_INVALPARAM;

use crate::error_texts;
use crate::ports::Port;
use crate::results::Outcome;

/// A handle as a number.
fn number(handle: *mut c_void) -> usize {
    handle.addr()
}

/// Writes `value` for the program; `MMSYSERR_INVALPARAM` if there is no place for it.
///
/// # Safety
/// `place` is null, or leads to room for a `T`.
unsafe fn give<T>(place: *mut T, value: T) -> Outcome {
    if place.is_null() {
        return Err(MMSYSERR_INVALPARAM);
    }
    // SAFETY: by this function's contract there is room.
    unsafe { place.write_unaligned(value) };
    Ok(())
}

/// Writes as much of a structure as the program has room for.
///
/// # Safety
/// `place` is null, or leads to `room` bytes.
unsafe fn give_part<T: Copy>(place: *mut T, room: u32, value: &T) -> Outcome {
    if place.is_null() {
        return Err(MMSYSERR_INVALPARAM);
    }
    let count = usize::try_from(room).unwrap_or(usize::MAX);
    let count = count.min(size_of::<T>());
    let source = (&raw const *value).cast::<u8>();
    // SAFETY: `count` is no more than either side has; the program's memory and `value` are apart.
    unsafe { place.cast::<u8>().copy_from_nonoverlapping(source, count) };
    Ok(())
}

/// Writes the text of an error number, as many characters as there is room for, terminated.
///
/// # Safety
/// `place` is null, or leads to `room` units.
unsafe fn give_error_text<T: Copy + From<u8>>(number: u32, place: *mut T, room: u32) -> Outcome {
    let text = error_texts::text(number).ok_or(windows_sys::Win32::Media::MMSYSERR_BADERRNUM)?;
    if place.is_null() {
        return Err(MMSYSERR_INVALPARAM);
    }
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let bytes = text.bytes().take(room.saturating_sub(1));
    for (position, byte) in bytes.chain([0]).take(room).enumerate() {
        // SAFETY: `position` is below `room`.
        unsafe { place.wrapping_add(position).write_unaligned(T::from(byte)) };
    }
    Ok(())
}

/// The device number in a parameter that may be a device number or a handle.
fn device(
    parameter: usize,
    of_handle: impl FnOnce(usize) -> Outcome<&'static Port>,
) -> Outcome<u32> {
    match of_handle(parameter) {
        Ok(port) => port.number(),
        // `MIDI_MAPPER` comes with or without the upper half of its bits.
        Err(_) if parameter == usize::MAX => Ok(u32::MAX),
        Err(_) => Ok(u32::try_from(parameter).unwrap_or(u32::MAX - 1)),
    }
}
