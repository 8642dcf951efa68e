//! winmm's MIDI functions, by their names: Windows' own, or the double's that is linked in.

#[cfg(windows)]
use windows_sys::Win32::Media::Audio as winmm;

pub use winmm::{
    midiInAddBuffer, midiInClose, midiInGetDevCapsW, midiInGetErrorTextW, midiInGetNumDevs,
    midiInMessage, midiInOpen, midiInPrepareHeader, midiInReset, midiInStart, midiInStop,
    midiInUnprepareHeader, midiOutClose, midiOutGetDevCapsW, midiOutGetErrorTextW,
    midiOutGetNumDevs, midiOutLongMsg, midiOutMessage, midiOutOpen, midiOutPrepareHeader,
    midiOutReset, midiOutShortMsg, midiOutUnprepareHeader,
};

/// The size of a structure, as the functions want to be told.
#[expect(
    clippy::cast_possible_truncation,
    reason = "structures of winmm have a hundred bytes"
)]
pub const fn size<T>() -> u32 {
    size_of::<T>() as u32
}
