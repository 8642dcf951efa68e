//! The volume, of ports that have one.

use windows_sys::Win32::Media::Audio::MIDICAPS_VOLUME;
use windows_sys::Win32::Media::{MMSYSERR_NOERROR, MMSYSERR_NOTSUPPORTED};

use super::device::output_caps;
use crate::conformance::bench::{Bench, returned, succeeded};
use crate::conformance::check::{Check, Source};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

/// Both channels at half their volume, as far as a port distinguishes so much.
const HALF: u32 = 0x8000_8000;

pub(super) const CHECKS: &[Check] = &[Check::new(
    "volume",
    "a port with MIDICAPS_VOLUME tells its volume and lets it be set; one without refuses with MMSYSERR_NOTSUPPORTED",
    Source::LogoTest("device control"),
    volume,
)];

fn volume(bench: &Bench) -> Checked {
    let mut output = Output::open(bench)?;
    let has_volume = has_volume(bench)?;
    let expected = if has_volume {
        MMSYSERR_NOERROR
    } else {
        MMSYSERR_NOTSUPPORTED
    };
    let (code, before) = get(bench, &output);
    returned("midiOutGetVolume", code, expected)?;
    // Of a port that says it has none, this should change nothing.
    let new = if has_volume { HALF } else { before };
    let set_code = set(bench, &output, new);
    let (_, after) = get(bench, &output);
    if has_volume {
        let restored = set(bench, &output, before);
        succeeded("midiOutSetVolume", restored)?;
        bench.remark(format!("0x{HALF:08X} was set, 0x{after:08X} is told"));
    } else {
        bench.remark("the port has none");
    }
    returned("midiOutSetVolume", set_code, expected)?;
    ensure(
        !has_volume || after != before || before == HALF,
        "another volume after midiOutSetVolume",
        format!("0x{after:08X} as before"),
    )?;
    output.close()
}

fn has_volume(bench: &Bench) -> Checked<bool> {
    let caps = output_caps(bench, bench.ports.output as usize)?;
    Ok(caps.dwSupport & MIDICAPS_VOLUME != 0)
}

fn get(bench: &Bench, output: &Output) -> (u32, u32) {
    let mut volume = 0;
    // SAFETY: the handle is winmm's, and there is room for a number.
    let code = unsafe {
        bench
            .winmm
            .midiOutGetVolume(output.handle(), &raw mut volume)
    };
    (code, volume)
}

fn set(bench: &Bench, output: &Output, volume: u32) -> u32 {
    // SAFETY: the handle is winmm's.
    unsafe { bench.winmm.midiOutSetVolume(output.handle(), volume) }
}
