//! The ports that winmm has, and what it tells of them.

use windows_sys::Win32::Media::Audio::{
    HMIDIIN, HMIDIOUT, MIDICAPS_CACHE, MIDICAPS_LRVOLUME, MIDICAPS_STREAM, MIDICAPS_VOLUME,
    MIDIINCAPSW, MIDIOUTCAPSW, MOD_FMSYNTH, MOD_MAPPER, MOD_MIDIPORT, MOD_SQSYNTH, MOD_SWSYNTH,
    MOD_SYNTH, MOD_WAVETABLE,
};
use windows_sys::Win32::Media::MMSYSERR_NOERROR;
use windows_sys::Win32::Media::Multimedia::{
    DRV_QUERYDEVICEINTERFACE, DRV_QUERYDEVICEINTERFACESIZE,
};

use super::mme::{
    midiInGetDevCapsW, midiInGetNumDevs, midiInMessage, midiOutGetDevCapsW, midiOutGetNumDevs,
    midiOutMessage, size,
};
use super::refusal::{Refusal, Side, done};
use crate::backend::{Capabilities, PortInfo, Ports};

/// What is behind an output: the `MOD_` constants of mmeapi.h, and what people call it.
const TECHNOLOGIES: &[(u32, &str, &str)] = &[
    (MOD_MIDIPORT, "MOD_MIDIPORT", "MIDI port"),
    (MOD_SYNTH, "MOD_SYNTH", "synthesizer"),
    (MOD_SQSYNTH, "MOD_SQSYNTH", "square wave synthesizer"),
    (MOD_FMSYNTH, "MOD_FMSYNTH", "FM synthesizer"),
    (MOD_MAPPER, "MOD_MAPPER", "MIDI mapper"),
    (MOD_WAVETABLE, "MOD_WAVETABLE", "wave table synthesizer"),
    (MOD_SWSYNTH, "MOD_SWSYNTH", "software synthesizer"),
];

/// Optional functions of an output: the `MIDICAPS_` constants of mmeapi.h.
const SUPPORTS: &[(u32, &str)] = &[
    (MIDICAPS_VOLUME, "MIDICAPS_VOLUME"),
    (MIDICAPS_LRVOLUME, "MIDICAPS_LRVOLUME"),
    (MIDICAPS_CACHE, "MIDICAPS_CACHE"),
    (MIDICAPS_STREAM, "MIDICAPS_STREAM"),
];

/// What an input is, for people: winmm does not tell.
const INPUT: &str = "MIDI port";

/// The longest path that is asked for, in bytes: `UNICODE_STRING`'s longest.
const LONGEST_PATH: u32 = u16::MAX as u32;

/// All ports. One that vanishes while it is asked is left out, and keeps its number.
#[must_use]
pub fn ports() -> Ports {
    Ports {
        outputs: (0..output_count())
            .filter_map(|it| output(it).ok())
            .collect(),
        inputs: (0..input_count()).filter_map(|it| input(it).ok()).collect(),
    }
}

/// `midiOutGetNumDevs`.
#[must_use]
pub fn output_count() -> u32 {
    // SAFETY: it takes nothing.
    unsafe { midiOutGetNumDevs() }
}

/// `midiInGetNumDevs`.
#[must_use]
pub fn input_count() -> u32 {
    // SAFETY: it takes nothing.
    unsafe { midiInGetNumDevs() }
}

/// `midiOutGetDevCaps`, and the path of the device interface.
///
/// # Errors
/// What winmm answers.
pub fn output(index: u32) -> Result<PortInfo, Refusal> {
    let mut told = MIDIOUTCAPSW::default();
    // SAFETY: the place has the size that is told.
    let code = unsafe { midiOutGetDevCapsW(index as usize, &raw mut told, size::<MIDIOUTCAPSW>()) };
    done(Side::Output, "midiOutGetDevCaps", code)?;
    let technology = u32::from(told.wTechnology);
    let known = TECHNOLOGIES.iter().find(|(it, ..)| *it == technology);
    let synthesizes = technology != MOD_MIDIPORT && technology != MOD_MAPPER;
    let supports = told.dwSupport;
    let names = SUPPORTS.iter().filter(|(flag, _)| supports & flag != 0);
    Ok(PortInfo {
        index,
        name: text(&{ told.szPname }),
        hardware: known.map_or("unknown", |(_, _, words)| words).to_owned(),
        capabilities: Some(Capabilities {
            manufacturer: told.wMid,
            product: told.wPid,
            driver_version: version(told.vDriverVersion),
            technology: Some(known.map_or_else(|| technology.to_string(), |it| it.1.to_owned())),
            voices: synthesizes.then_some(told.wVoices),
            notes: synthesizes.then_some(told.wNotes),
            channel_mask: Some(told.wChannelMask),
            supports: names.map(|(_, name)| (*name).to_owned()).collect(),
            interface: interface(Side::Output, index),
        }),
    })
}

/// `midiInGetDevCaps`, and the path of the device interface.
///
/// # Errors
/// What winmm answers.
pub fn input(index: u32) -> Result<PortInfo, Refusal> {
    let mut told = MIDIINCAPSW::default();
    // SAFETY: the place has the size that is told.
    let code = unsafe { midiInGetDevCapsW(index as usize, &raw mut told, size::<MIDIINCAPSW>()) };
    done(Side::Input, "midiInGetDevCaps", code)?;
    Ok(PortInfo {
        index,
        name: text(&{ told.szPname }),
        hardware: INPUT.to_owned(),
        capabilities: Some(Capabilities {
            manufacturer: told.wMid,
            product: told.wPid,
            driver_version: version(told.vDriverVersion),
            interface: interface(Side::Input, index),
            ..Capabilities::default()
        }),
    })
}

/// The path of a port's device interface, as `DRV_QUERYDEVICEINTERFACESIZE` and
/// `DRV_QUERYDEVICEINTERFACE` of mmddk.h tell it; nothing for ports that have none, as Windows' own
/// synthesizer's.
#[must_use]
pub fn interface(side: Side, index: u32) -> Option<String> {
    let mut length = 0_u32;
    let place = (&raw mut length).expose_provenance();
    // SAFETY: the message writes a ULONG to where the first parameter leads.
    let code = unsafe { message(side, index, DRV_QUERYDEVICEINTERFACESIZE, place, 0) };
    if code != MMSYSERR_NOERROR || length == 0 || length > LONGEST_PATH {
        return None;
    }
    let mut path: Vec<u16> = vec![0; length.div_ceil(2) as usize];
    let place = path.as_mut_ptr().expose_provenance();
    // SAFETY: the message writes as many bytes as the second parameter says, and there is room for them.
    let code = unsafe {
        message(
            side,
            index,
            DRV_QUERYDEVICEINTERFACE,
            place,
            length as usize,
        )
    };
    (code == MMSYSERR_NOERROR).then(|| text(&path))
}

/// `midiOutMessage` or `midiInMessage`, which take a number as well as a handle.
///
/// # Safety
/// The parameters are what the message wants.
unsafe fn message(side: Side, index: u32, number: u32, first: usize, second: usize) -> u32 {
    let device = index as usize;
    match side {
        Side::Output => {
            let device: HMIDIOUT = std::ptr::without_provenance_mut(device);
            // SAFETY: the caller says that the parameters are right.
            unsafe { midiOutMessage(device, number, first, second) }
        }
        Side::Input => {
            let device: HMIDIIN = std::ptr::without_provenance_mut(device);
            // SAFETY: the caller says that the parameters are right.
            unsafe { midiInMessage(device, number, first, second) }
        }
    }
}

fn version(number: u32) -> String {
    format!("{}.{}", (number >> 8) & 0xFF, number & 0xFF)
}

/// What stands before the first 0.
fn text(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0);
    String::from_utf16_lossy(&units[..end.unwrap_or(units.len())])
}
