//! Where one check works: the ports that it may use, and what it says about them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::functions::Winmm;
use super::verdict::{Checked, Objection};
use crate::backend::winmm::results;
use crate::midi::wire_time;

/// How long a port may be silent before what is still missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much longer than at MIDI's speed bytes may take.
const SLOWNESS: u32 = 3;

/// Which ports are checked, and how much is sent to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The number of the output.
    pub output: u32,
    /// The number of the input to which the output leads.
    pub input: u32,
    /// How many messages make up a long run.
    pub messages: usize,
}

/// Where one check works.
pub struct Bench {
    /// The functions under test.
    pub winmm: Arc<dyn Winmm>,
    /// The ports under test.
    pub ports: Ports,
    remark: Mutex<Option<String>>,
}

impl Bench {
    /// A bench for one check.
    #[must_use]
    pub fn new(winmm: Arc<dyn Winmm>, ports: Ports) -> Self {
        Self {
            winmm,
            ports,
            remark: Mutex::default(),
        }
    }

    /// Says something that is worth knowing if the check passes.
    pub fn remark(&self, remark: impl Into<String>) {
        *self.remark.lock().unwrap_or_else(PoisonError::into_inner) = Some(remark.into());
    }

    /// What was remarked.
    pub fn take_remark(&self) -> Option<String> {
        let mut remark = self.remark.lock().unwrap_or_else(PoisonError::into_inner);
        remark.take()
    }

    /// How long to wait while nothing is heard and `bytes` are on their way.
    #[must_use]
    pub fn patience(bytes: usize) -> Duration {
        PATIENCE + wire_time(bytes) * SLOWNESS
    }
}

/// Objects unless `function` returned `expected`.
///
/// # Errors
/// [`Objection::Wrong`].
pub fn returned(function: &str, code: u32, expected: u32) -> Checked {
    returned_one_of(function, code, &[expected])
}

/// Objects unless `function` returned one of `expected`.
///
/// # Errors
/// [`Objection::Wrong`].
pub fn returned_one_of(function: &str, code: u32, expected: &[u32]) -> Checked {
    if expected.contains(&code) {
        return Ok(());
    }
    let names: Vec<_> = expected.iter().map(|code| results::name(*code)).collect();
    Err(Objection::wrong(
        format!("{} from {function}", names.join(" or ")),
        results::name(code),
    ))
}

/// `MMSYSERR_NOERROR`.
///
/// # Errors
/// [`Objection::Wrong`] for any other result.
pub fn succeeded(function: &str, code: u32) -> Checked {
    returned(function, code, windows_sys::Win32::Media::MMSYSERR_NOERROR)
}
