//! Where there are no events, message queues and windows.

use windows_sys::Win32::Media::MMSYSERR_NOTSUPPORTED;

use super::Event;
use crate::results::Outcome;

/// There are none.
#[derive(Clone, Copy)]
pub(super) enum Target {}

/// There are none: `MMSYSERR_NOTSUPPORTED`.
pub(super) fn target(_callback: usize, _kind: u32) -> Outcome<Target> {
    Err(MMSYSERR_NOTSUPPORTED)
}

/// Tells an event.
pub(super) fn tell(target: Target, _handle: usize, _event: Event) {
    match target {}
}
