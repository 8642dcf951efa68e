//! What winmm answers if it does not do what it is asked for.

use std::fmt;

use windows_sys::Win32::Media::Audio::MIDIERR_NODEVICE;
use windows_sys::Win32::Media::{
    MMSYSERR_ALLOCATED, MMSYSERR_BADDEVICEID, MMSYSERR_INVALHANDLE, MMSYSERR_NODRIVER,
    MMSYSERR_NOERROR, MMSYSERR_NOMEM, MMSYSERR_NOTENABLED,
};

use super::mme::{midiInGetErrorTextW, midiOutGetErrorTextW};
use super::results;
use crate::failure::Failure;

/// `MAXERRORLENGTH` of mmeapi.h, in UTF-16 units.
const LONGEST_TEXT: u32 = 256;

/// A direction of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is sent to.
    Output,
    /// What is received from.
    Input,
}

impl Side {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
        }
    }

    /// The option that chooses such a port.
    const fn option(self) -> &'static str {
        match self {
            Self::Output => "--out",
            Self::Input => "--in",
        }
    }
}

/// A function of winmm did not return `MMSYSERR_NOERROR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The direction that was asked.
    pub side: Side,
    /// The function's name.
    pub function: &'static str,
    /// What it returned: an `MMSYSERR_…` or `MIDIERR_…` number.
    pub code: u32,
}

impl Refusal {
    /// The number's constant, if the headers have one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        results::constant(self.code)
    }

    /// Windows' text for the number, in the user's language: `midiOutGetErrorText` or
    /// `midiInGetErrorText`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = [0_u16; LONGEST_TEXT as usize];
        let place = text.as_mut_ptr();
        let code = match self.side {
            // SAFETY: the place has room for as many units as the last argument says.
            Side::Output => unsafe { midiOutGetErrorTextW(self.code, place, LONGEST_TEXT) },
            // SAFETY: as above.
            Side::Input => unsafe { midiInGetErrorTextW(self.code, place, LONGEST_TEXT) },
        };
        let length = text.iter().position(|unit| *unit == 0).unwrap_or(0);
        let text = String::from_utf16_lossy(&text[..length]);
        if code != MMSYSERR_NOERROR || text.is_empty() {
            return "Windows has no text for this error".to_owned();
        }
        text.trim_end_matches(['.', ' ', '\r', '\n']).to_owned()
    }

    /// Whether the number says that the port is not there any more.
    #[must_use]
    pub const fn port_is_gone(&self) -> bool {
        matches!(
            self.code,
            MMSYSERR_NODRIVER
                | MMSYSERR_BADDEVICEID
                | MMSYSERR_INVALHANDLE
                | MMSYSERR_NOTENABLED
                | MIDIERR_NODEVICE
        )
    }

    /// What the user is told of it, for the port of the name `port`; with the next step.
    #[must_use]
    pub fn failure(&self, port: &str) -> Failure {
        let (side, option) = (self.side.name(), self.side.option());
        Failure::Device(match self.code {
            MMSYSERR_ALLOCATED => format!(
                "the {side} '{port}' is in use by another program ({self}): close that program, or \
                 choose another port with {option}"
            ),
            MMSYSERR_NOMEM => format!(
                "Windows has not enough memory, or no room for one more user, for the {side} \
                 '{port}' ({self}): close other programs that use it"
            ),
            _ if self.port_is_gone() => gone(port, &self.to_string()),
            _ => format!(
                "the {side} '{port}' fails: {self}; connect it again, or choose another port with \
                 {option}"
            ),
        })
    }
}

/// The text about the port of the name `port` that is not there any more, as `sign` shows.
#[must_use]
pub fn gone(port: &str, sign: &str) -> String {
    format!("the port '{port}' is gone: {sign}; connect it again, and see `list`")
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (", self.function, self.text())?;
        match self.name() {
            Some(name) => formatter.write_str(name)?,
            None => write!(formatter, "{}", self.code)?,
        }
        formatter.write_str(")")
    }
}

/// The result of a call to `function`, which returned `code`.
pub(super) const fn done(side: Side, function: &'static str, code: u32) -> Result<(), Refusal> {
    if code == MMSYSERR_NOERROR {
        return Ok(());
    }
    Err(Refusal {
        side,
        function,
        code,
    })
}
