//! Device control: what ports are called, and what they can do.

use std::ptr;

use windows_sys::Win32::Media::Audio::{
    MIDIERR_LASTERROR, MIDIINCAPSA, MIDIINCAPSW, MIDIOUTCAPSA, MIDIOUTCAPSW, MOD_MIDIPORT,
    MOD_SWSYNTH,
};
use windows_sys::Win32::Media::Multimedia::{
    DRV_QUERYDEVICEINTERFACE, DRV_QUERYDEVICEINTERFACESIZE,
};
use windows_sys::Win32::Media::{
    MIDIERR_BASE, MMSYSERR_BADDEVICEID, MMSYSERR_BADERRNUM, MMSYSERR_LASTERROR, MMSYSERR_NOERROR,
    MMSYSERR_NOTSUPPORTED,
};

use crate::backend::winmm::results;
use crate::conformance::bench::{Bench, returned, succeeded};
use crate::conformance::check::{Check, Source};
use crate::conformance::input::Input;
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, Objection, ensure};

/// How often what should not change is looked at.
const LOOKS: usize = 3;
/// Room for an error text: `MAXERRORLENGTH`.
const TEXT_UNITS: usize = 256;
/// No error has this number.
const NO_ERROR_NUMBER: u32 = 0xFFFF;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "output-capabilities",
        "MIDIOUTCAPS has a name and a technology, is the same each time and with an open handle, and the same in ANSI",
        Source::LogoTest("device control"),
        output_capabilities,
    ),
    Check::new(
        "input-capabilities",
        "MIDIINCAPS has a name, is the same each time and with an open handle, and the same in ANSI",
        Source::LogoTest("device control"),
        input_capabilities,
    ),
    Check::new(
        "capabilities-of-no-device",
        "numbers that no device has are refused with MMSYSERR_BADDEVICEID",
        Source::Mmeapi("midiOutGetDevCaps, midiInGetDevCaps"),
        capabilities_of_no_device,
    ),
    Check::new(
        "device-number-of-handle",
        "midiOutGetID and midiInGetID give the number that was opened",
        Source::Mmeapi("midiOutGetID, midiInGetID"),
        device_number_of_handle,
    ),
    Check::new(
        "error-texts",
        "each error has a text that ends with a zero and is cut to the room for it; others are refused",
        Source::Mmeapi("midiOutGetErrorText, midiInGetErrorText"),
        error_texts,
    ),
    Check::new(
        "device-interface",
        "the driver tells the path of the port's device interface, output and input",
        Source::Mmeapi("DRV_QUERYDEVICEINTERFACE"),
        device_interface,
    ),
];

/// `size_of` as winmm wants it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "structures of winmm's are small"
)]
const fn size<T>() -> u32 {
    size_of::<T>() as u32
}

fn output_capabilities(bench: &Bench) -> Checked {
    let id = bench.ports.output as usize;
    let first = output_caps(bench, id)?;
    for _ in 1..LOOKS {
        same_output(&first, &output_caps(bench, id)?)?;
    }
    let name = text(&{ first.szPname })?;
    let technology = u32::from(first.wTechnology);
    ensure(
        (MOD_MIDIPORT..=MOD_SWSYNTH).contains(&technology),
        "a MOD_… constant in wTechnology",
        technology.to_string(),
    )?;
    if technology == MOD_MIDIPORT {
        let (voices, notes, channels) = (first.wVoices, first.wNotes, first.wChannelMask);
        ensure(
            (voices, notes, channels) == (0, 0, 0xFFFF),
            "wVoices 0, wNotes 0 and wChannelMask 0xFFFF of a port",
            format!("{voices}, {notes} and 0x{channels:04X}"),
        )?;
    }
    let mut ansi = MIDIOUTCAPSA::default();
    // SAFETY: there is room for a structure of that size.
    let code = unsafe {
        let size = size::<MIDIOUTCAPSA>();
        bench.winmm.midiOutGetDevCapsA(id, &raw mut ansi, size)
    };
    succeeded("midiOutGetDevCapsA", code)?;
    same_name(&name, &{ ansi.szPname })?;
    let output = Output::open(bench)?;
    same_output(&first, &output_caps(bench, output.handle() as usize)?)
}

pub(super) fn output_caps(bench: &Bench, id: usize) -> Checked<MIDIOUTCAPSW> {
    let mut caps = MIDIOUTCAPSW::default();
    // SAFETY: there is room for a structure of that size.
    let code = unsafe {
        let size = size::<MIDIOUTCAPSW>();
        bench.winmm.midiOutGetDevCapsW(id, &raw mut caps, size)
    };
    succeeded("midiOutGetDevCapsW", code)?;
    Ok(caps)
}

fn same_output(first: &MIDIOUTCAPSW, other: &MIDIOUTCAPSW) -> Checked {
    let fields = |caps: &MIDIOUTCAPSW| {
        let MIDIOUTCAPSW {
            wMid,
            wPid,
            vDriverVersion,
            szPname,
            wTechnology,
            wChannelMask,
            dwSupport,
            ..
        } = *caps;
        format!(
            "{wMid} {wPid} {vDriverVersion:X} {} {wTechnology} {wChannelMask:X} {dwSupport:X}",
            String::from_utf16_lossy(&szPname).trim_end_matches('\0')
        )
    };
    ensure(
        fields(first) == fields(other),
        format!("the same MIDIOUTCAPS again ({})", fields(first)),
        fields(other),
    )
}

fn input_capabilities(bench: &Bench) -> Checked {
    let id = bench.ports.input as usize;
    let first = input_caps(bench, id)?;
    for _ in 1..LOOKS {
        same_input(&first, &input_caps(bench, id)?)?;
    }
    let name = text(&{ first.szPname })?;
    let mut ansi = MIDIINCAPSA::default();
    // SAFETY: there is room for a structure of that size.
    let code = unsafe {
        let size = size::<MIDIINCAPSA>();
        bench.winmm.midiInGetDevCapsA(id, &raw mut ansi, size)
    };
    succeeded("midiInGetDevCapsA", code)?;
    same_name(&name, &{ ansi.szPname })?;
    let input = Input::open(bench)?;
    same_input(&first, &input_caps(bench, input.handle() as usize)?)
}

fn input_caps(bench: &Bench, id: usize) -> Checked<MIDIINCAPSW> {
    let mut caps = MIDIINCAPSW::default();
    // SAFETY: there is room for a structure of that size.
    let code = unsafe {
        let size = size::<MIDIINCAPSW>();
        bench.winmm.midiInGetDevCapsW(id, &raw mut caps, size)
    };
    succeeded("midiInGetDevCapsW", code)?;
    Ok(caps)
}

fn same_input(first: &MIDIINCAPSW, other: &MIDIINCAPSW) -> Checked {
    let fields = |caps: &MIDIINCAPSW| {
        let MIDIINCAPSW {
            wMid,
            wPid,
            vDriverVersion,
            szPname,
            ..
        } = *caps;
        format!(
            "{wMid} {wPid} {vDriverVersion:X} {}",
            String::from_utf16_lossy(&szPname).trim_end_matches('\0')
        )
    };
    ensure(
        fields(first) == fields(other),
        format!("the same MIDIINCAPS again ({})", fields(first)),
        fields(other),
    )
}

/// A name with its closing zero.
fn text(units: &[u16]) -> Checked<String> {
    let end = units.iter().position(|unit| *unit == 0);
    let name = end.map(|end| String::from_utf16_lossy(&units[..end]));
    match name {
        Some(name) if !name.trim().is_empty() => Ok(name),
        Some(_) => Err(Objection::wrong("a name in szPname", "none")),
        None => Err(Objection::wrong("a zero at the end of szPname", "none")),
    }
}

/// What ANSI has no character for may be anything.
fn same_name(wide: &str, ansi: &[i8]) -> Checked {
    let ansi: Vec<u8> = ansi.iter().map(|byte| byte.cast_unsigned()).collect();
    let end = ansi
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(ansi.len());
    let ansi = &ansi[..end];
    ensure(
        !wide.is_ascii() || wide.as_bytes() == ansi,
        format!("the name '{wide}' in ANSI"),
        format!("'{}'", String::from_utf8_lossy(ansi)),
    )
}

fn capabilities_of_no_device(bench: &Bench) -> Checked {
    // SAFETY: it takes nothing.
    let outputs = unsafe { bench.winmm.midiOutGetNumDevs() };
    // SAFETY: it takes nothing.
    let inputs = unsafe { bench.winmm.midiInGetNumDevs() };
    for beyond in [0, 1, 100] {
        let id = (outputs + beyond) as usize;
        let mut caps = MIDIOUTCAPSW::default();
        // SAFETY: there is room for a structure of that size.
        let code = unsafe {
            let size = size::<MIDIOUTCAPSW>();
            bench.winmm.midiOutGetDevCapsW(id, &raw mut caps, size)
        };
        returned("midiOutGetDevCapsW", code, MMSYSERR_BADDEVICEID)?;
        let id = (inputs + beyond) as usize;
        let mut caps = MIDIINCAPSW::default();
        // SAFETY: there is room for a structure of that size.
        let code = unsafe {
            let size = size::<MIDIINCAPSW>();
            bench.winmm.midiInGetDevCapsW(id, &raw mut caps, size)
        };
        returned("midiInGetDevCapsW", code, MMSYSERR_BADDEVICEID)?;
    }
    ensure(
        bench.ports.output < outputs && bench.ports.input < inputs,
        "the ports among midiOutGetNumDevs and midiInGetNumDevs",
        format!("{outputs} outputs and {inputs} inputs"),
    )
}

fn device_number_of_handle(bench: &Bench) -> Checked {
    let output = Output::open(bench)?;
    let mut id = u32::MAX;
    // SAFETY: the handle is winmm's, and there is room for a number.
    let code = unsafe { bench.winmm.midiOutGetID(output.handle(), &raw mut id) };
    succeeded("midiOutGetID", code)?;
    let expected = bench.ports.output;
    ensure(id == expected, format!("output {expected}"), id.to_string())?;
    let input = Input::open(bench)?;
    let mut id = u32::MAX;
    // SAFETY: the handle is winmm's, and there is room for a number.
    let code = unsafe { bench.winmm.midiInGetID(input.handle(), &raw mut id) };
    succeeded("midiInGetID", code)?;
    let expected = bench.ports.input;
    ensure(id == expected, format!("input {expected}"), id.to_string())
}

type WideText = unsafe fn(&Bench, u32, *mut u16, u32) -> u32;
type AnsiText = unsafe fn(&Bench, u32, *mut u8, u32) -> u32;

const WIDE_TEXTS: [(&str, WideText); 2] = [
    ("midiOutGetErrorTextW", |bench, error, text, length| {
        // SAFETY: the caller's promise.
        unsafe { bench.winmm.midiOutGetErrorTextW(error, text, length) }
    }),
    ("midiInGetErrorTextW", |bench, error, text, length| {
        // SAFETY: the caller's promise.
        unsafe { bench.winmm.midiInGetErrorTextW(error, text, length) }
    }),
];

const ANSI_TEXTS: [(&str, AnsiText); 2] = [
    ("midiOutGetErrorTextA", |bench, error, text, length| {
        // SAFETY: the caller's promise.
        unsafe { bench.winmm.midiOutGetErrorTextA(error, text, length) }
    }),
    ("midiInGetErrorTextA", |bench, error, text, length| {
        // SAFETY: the caller's promise.
        unsafe { bench.winmm.midiInGetErrorTextA(error, text, length) }
    }),
];

fn error_texts(bench: &Bench) -> Checked {
    /// Room for seven characters and a zero.
    const SHORT: u32 = 8;
    let errors = (MMSYSERR_NOERROR..=MMSYSERR_LASTERROR).chain(MIDIERR_BASE..=MIDIERR_LASTERROR);
    for error in errors.filter(|error| results::is_documented(*error)) {
        for (function, get) in WIDE_TEXTS {
            let mut text = [0xFFFF_u16; TEXT_UNITS];
            // SAFETY: there is room for 256 units.
            let code = unsafe { get(bench, error, text.as_mut_ptr(), 256) };
            succeeded(function, code)?;
            let length = text.iter().position(|unit| *unit == 0).unwrap_or(0);
            ensure(
                length > 0,
                format!("a text of {} from {function}", results::name(error)),
                "none",
            )?;
            let mut short = [0xFFFF_u16; TEXT_UNITS];
            // SAFETY: there is room for more than that.
            let code = unsafe { get(bench, error, short.as_mut_ptr(), SHORT) };
            succeeded(function, code)?;
            ensure(
                short[..SHORT as usize].contains(&0) && short[SHORT as usize] == 0xFFFF,
                format!("a text of at most {SHORT} units with its zero from {function}"),
                "more",
            )?;
        }
        for (function, get) in ANSI_TEXTS {
            let mut text = [0xFF_u8; TEXT_UNITS];
            // SAFETY: there is room for 256 bytes.
            let code = unsafe { get(bench, error, text.as_mut_ptr(), 256) };
            succeeded(function, code)?;
            let length = text.iter().position(|byte| *byte == 0).unwrap_or(0);
            ensure(
                length > 0,
                format!("a text of {} from {function}", results::name(error)),
                "none",
            )?;
        }
    }
    for (function, get) in WIDE_TEXTS {
        let mut text = [0_u16; TEXT_UNITS];
        // SAFETY: there is room for 256 units.
        let code = unsafe { get(bench, NO_ERROR_NUMBER, text.as_mut_ptr(), 256) };
        returned(function, code, MMSYSERR_BADERRNUM)?;
    }
    Ok(())
}

fn device_interface(bench: &Bench) -> Checked {
    let output = interface("midiOutMessage", |message, first, second| {
        let id = ptr::without_provenance_mut(bench.ports.output as usize);
        // SAFETY: these messages take a device's number for a handle; the parameters are the caller's.
        unsafe { bench.winmm.midiOutMessage(id, message, first, second) }
    })?;
    let input = interface("midiInMessage", |message, first, second| {
        let id = ptr::without_provenance_mut(bench.ports.input as usize);
        // SAFETY: as above.
        unsafe { bench.winmm.midiInMessage(id, message, first, second) }
    })?;
    // The paths themselves tell which machine it is: `list --interfaces` shows them.
    bench.remark(if output == input {
        "one for both"
    } else {
        "one for each"
    });
    Ok(())
}

fn interface(function: &str, ask: impl Fn(u32, usize, usize) -> u32) -> Checked<String> {
    let mut bytes = 0_u32;
    let code = ask(DRV_QUERYDEVICEINTERFACESIZE, &raw mut bytes as usize, 0);
    if code == MMSYSERR_NOTSUPPORTED {
        return Err(Objection::Impossible(format!(
            "the driver does not tell ({function} gives MMSYSERR_NOTSUPPORTED)"
        )));
    }
    succeeded(function, code)?;
    let mut path = vec![0xFFFF_u16; bytes as usize / 2];
    let code = ask(
        DRV_QUERYDEVICEINTERFACE,
        path.as_mut_ptr() as usize,
        bytes as usize,
    );
    succeeded(function, code)?;
    ensure(
        path.iter().position(|unit| *unit == 0) == path.len().checked_sub(1) && path.len() > 1,
        "a path as long as the driver said, with its zero",
        String::from_utf16_lossy(&path),
    )?;
    Ok(String::from_utf16_lossy(&path[..path.len() - 1]))
}
