//! What ports can do, as the functions tell it.

use windows_sys::Win32::Media::Audio::{
    MIDIINCAPSA, MIDIINCAPSW, MIDIOUTCAPSA, MIDIOUTCAPSW, MOD_MAPPER, MOD_MIDIPORT,
};
use windows_sys::Win32::Media::MM_MICROSOFT;
use windows_sys::Win32::Media::Multimedia::{MM_MSFT_WDMAUDIO_MIDIIN, MM_MSFT_WDMAUDIO_MIDIOUT};

use crate::ports::{self, MIDI_MAPPER};
use crate::results::Outcome;

/// What the system driver says that it is: version 10.0.
const DRIVER_VERSION: u32 = 0x0A00;
/// Ports have all channels.
const ALL_CHANNELS: u16 = 0xFFFF;
/// The mapper's name.
const MAPPER_NAME: &str = "MIDI Mapper";

const fn word(number: u32) -> u16 {
    let [low, high, ..] = number.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A name in UTF-16 with a terminator, cut if it is too long.
fn wide(name: &str) -> [u16; 32] {
    let mut units = [0; 32];
    for (place, unit) in units[..31].iter_mut().zip(name.encode_utf16()) {
        *place = unit;
    }
    units
}

/// The same in bytes; names are ASCII.
fn narrow(name: &str) -> [i8; 32] {
    let mut bytes = [0; 32];
    for (place, byte) in bytes[..31].iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    bytes
}

fn name(device: u32) -> Outcome<&'static str> {
    let port = ports::find(device)?;
    Ok(if device == MIDI_MAPPER {
        MAPPER_NAME
    } else {
        port.name()
    })
}

/// The capabilities of an output; `MMSYSERR_BADDEVICEID` if there is none.
pub(crate) fn output(device: u32) -> Outcome<MIDIOUTCAPSW> {
    let technology = if device == MIDI_MAPPER {
        MOD_MAPPER
    } else {
        MOD_MIDIPORT
    };
    Ok(MIDIOUTCAPSW {
        wMid: word(MM_MICROSOFT),
        wPid: word(MM_MSFT_WDMAUDIO_MIDIOUT),
        vDriverVersion: DRIVER_VERSION,
        szPname: wide(name(device)?),
        wTechnology: word(technology),
        wVoices: 0,
        wNotes: 0,
        wChannelMask: ALL_CHANNELS,
        dwSupport: 0,
    })
}

/// The same for programs without Unicode.
pub(crate) fn output_ansi(device: u32) -> Outcome<MIDIOUTCAPSA> {
    let wide = output(device)?;
    Ok(MIDIOUTCAPSA {
        wMid: wide.wMid,
        wPid: wide.wPid,
        vDriverVersion: wide.vDriverVersion,
        szPname: narrow(name(device)?),
        wTechnology: wide.wTechnology,
        wVoices: wide.wVoices,
        wNotes: wide.wNotes,
        wChannelMask: wide.wChannelMask,
        dwSupport: wide.dwSupport,
    })
}

/// The capabilities of an input; `MMSYSERR_BADDEVICEID` if there is none.
pub(crate) fn input(device: u32) -> Outcome<MIDIINCAPSW> {
    Ok(MIDIINCAPSW {
        wMid: word(MM_MICROSOFT),
        wPid: word(MM_MSFT_WDMAUDIO_MIDIIN),
        vDriverVersion: DRIVER_VERSION,
        szPname: wide(name(device)?),
        dwSupport: 0,
    })
}

/// The same for programs without Unicode.
pub(crate) fn input_ansi(device: u32) -> Outcome<MIDIINCAPSA> {
    let wide = input(device)?;
    Ok(MIDIINCAPSA {
        wMid: wide.wMid,
        wPid: wide.wPid,
        vDriverVersion: wide.vDriverVersion,
        szPname: narrow(name(device)?),
        dwSupport: wide.dwSupport,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_terminated() {
        let long = "x".repeat(40);
        assert_eq!(wide(&long)[30..], [u16::from(b'x'), 0]);
        assert_eq!(narrow("ab")[..3], [97, 98, 0]);
    }
}
