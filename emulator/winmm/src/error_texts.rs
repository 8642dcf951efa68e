//! What the error numbers mean, in words.

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

const TEXTS: [(u32, &str); 30] = [
    (MMSYSERR_NOERROR, "The function succeeded."),
    (MMSYSERR_ERROR, "An unspecified error occurred."),
    (MMSYSERR_BADDEVICEID, "There is no device of that number."),
    (MMSYSERR_NOTENABLED, "The driver could not be enabled."),
    (MMSYSERR_ALLOCATED, "The device is in use already."),
    (MMSYSERR_INVALHANDLE, "The device handle is not valid."),
    (MMSYSERR_NODRIVER, "The device or its driver is not there."),
    (MMSYSERR_NOMEM, "There is not enough memory."),
    (MMSYSERR_NOTSUPPORTED, "The function is not supported."),
    (MMSYSERR_BADERRNUM, "The error number is out of range."),
    (MMSYSERR_INVALFLAG, "A flag is not valid."),
    (MMSYSERR_INVALPARAM, "A parameter is not valid."),
    (
        MMSYSERR_HANDLEBUSY,
        "The handle is being used by another thread.",
    ),
    (MMSYSERR_INVALIDALIAS, "The alias was not found."),
    (MMSYSERR_BADDB, "The registry database is damaged."),
    (MMSYSERR_KEYNOTFOUND, "The registry key was not found."),
    (MMSYSERR_READERROR, "The registry could not be read."),
    (MMSYSERR_WRITEERROR, "The registry could not be written."),
    (
        MMSYSERR_DELETEERROR,
        "The registry key could not be deleted.",
    ),
    (MMSYSERR_VALNOTFOUND, "The registry value was not found."),
    (
        MMSYSERR_NODRIVERCB,
        "The driver does not call DriverCallback.",
    ),
    (MMSYSERR_MOREDATA, "There is more data."),
    (MIDIERR_UNPREPARED, "The MIDI header was not prepared."),
    (
        MIDIERR_STILLPLAYING,
        "MIDI data are still being played or recorded; reset the device, or wait.",
    ),
    (MIDIERR_NOMAP, "There is no MIDI map."),
    (
        MIDIERR_NOTREADY,
        "The MIDI device is busy; wait until it has sent its data.",
    ),
    (
        MIDIERR_NODEVICE,
        "The MIDI mapper leads to a device that is not there.",
    ),
    (MIDIERR_INVALIDSETUP, "The MIDI setup is damaged."),
    (
        MIDIERR_BADOPENMODE,
        "The function can't be used in the mode in which the device was opened.",
    ),
    (
        MIDIERR_DONT_CONTINUE,
        "The thru driver does not hand the message on.",
    ),
];

/// The text of an `MMSYSERR_…` or `MIDIERR_…` number, if it is one.
pub(crate) fn text(number: u32) -> Option<&'static str> {
    let found = TEXTS.iter().find(|(known, _)| *known == number);
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Media::Audio::MIDIERR_LASTERROR;
    use windows_sys::Win32::Media::{MIDIERR_BASE, MMSYSERR_LASTERROR};

    use super::*;

    #[test]
    fn every_number_of_the_headers_has_a_text() {
        for number in (0..=MMSYSERR_LASTERROR).chain(MIDIERR_BASE..=MIDIERR_LASTERROR) {
            assert!(text(number).is_some(), "{number}");
        }
        for number in [
            MMSYSERR_LASTERROR + 1,
            MIDIERR_BASE - 1,
            MIDIERR_LASTERROR + 1,
        ] {
            assert_eq!(text(number), None);
        }
    }
}
