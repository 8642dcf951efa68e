//! The names of what winmm's functions return.

use windows_sys::Win32::Media::Audio::{
    MIDIERR_BADOPENMODE, MIDIERR_DONT_CONTINUE, MIDIERR_INVALIDSETUP, MIDIERR_NODEVICE,
    MIDIERR_NOMAP, MIDIERR_NOTREADY, MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED,
};
use windows_sys::Win32::Media::{
    MMSYSERR_ALLOCATED, MMSYSERR_BADDB, MMSYSERR_BADDEVICEID, MMSYSERR_BADERRNUM,
    MMSYSERR_DELETEERROR, MMSYSERR_ERROR, MMSYSERR_HANDLEBUSY, MMSYSERR_INVALFLAG,
    MMSYSERR_INVALHANDLE, MMSYSERR_INVALIDALIAS, MMSYSERR_INVALPARAM, MMSYSERR_KEYNOTFOUND,
    MMSYSERR_MOREDATA, MMSYSERR_NODRIVER, MMSYSERR_NODRIVERCB, MMSYSERR_NOERROR, MMSYSERR_NOMEM,
    MMSYSERR_NOTENABLED, MMSYSERR_NOTSUPPORTED, MMSYSERR_READERROR, MMSYSERR_VALNOTFOUND,
    MMSYSERR_WRITEERROR,
};

macro_rules! named {
    ($($name:ident),* $(,)?) => { &[$(($name, stringify!($name))),*] };
}

/// The results that the documentation of MIDI functions names.
const OF_MIDI: &[(u32, &str)] = named![
    MMSYSERR_NOERROR,
    MMSYSERR_ERROR,
    MMSYSERR_BADDEVICEID,
    MMSYSERR_NOTENABLED,
    MMSYSERR_ALLOCATED,
    MMSYSERR_INVALHANDLE,
    MMSYSERR_NODRIVER,
    MMSYSERR_NOMEM,
    MMSYSERR_NOTSUPPORTED,
    MMSYSERR_BADERRNUM,
    MMSYSERR_INVALFLAG,
    MMSYSERR_INVALPARAM,
    MMSYSERR_HANDLEBUSY,
    MMSYSERR_INVALIDALIAS,
    MIDIERR_UNPREPARED,
    MIDIERR_STILLPLAYING,
    MIDIERR_NOMAP,
    MIDIERR_NOTREADY,
    MIDIERR_NODEVICE,
    MIDIERR_INVALIDSETUP,
    MIDIERR_BADOPENMODE,
    MIDIERR_DONT_CONTINUE,
];

/// The others of mmsyscom.h.
const OF_OTHERS: &[(u32, &str)] = named![
    MMSYSERR_BADDB,
    MMSYSERR_KEYNOTFOUND,
    MMSYSERR_READERROR,
    MMSYSERR_WRITEERROR,
    MMSYSERR_DELETEERROR,
    MMSYSERR_VALNOTFOUND,
    MMSYSERR_NODRIVERCB,
    MMSYSERR_MOREDATA,
];

/// The constant of a result, if mmsyscom.h or mmeapi.h has one.
#[must_use]
pub fn constant(result: u32) -> Option<&'static str> {
    let mut all = OF_MIDI.iter().chain(OF_OTHERS);
    let found = all.find(|(known, _)| *known == result);
    found.map(|(_, name)| *name)
}

/// The constant of a result; its number if it has none.
#[must_use]
pub fn name(result: u32) -> String {
    constant(result).map_or_else(|| format!("result {result}"), str::to_owned)
}

/// Whether the documentation of winmm's MIDI functions names that result.
#[must_use]
pub fn is_documented(result: u32) -> bool {
    OF_MIDI.iter().any(|(known, _)| *known == result)
}
