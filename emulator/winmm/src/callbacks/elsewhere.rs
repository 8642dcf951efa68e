//! Where there are no events, message queues and windows.

use windows_sys::Win32::Media::MMSYSERR_NOTSUPPORTED;

use super::{Event, Target};
use crate::results::Outcome;

/// There are none.
pub(super) fn check(_target: Target) -> Outcome {
    Err(MMSYSERR_NOTSUPPORTED)
}

/// Nothing is told where [`check`] lets nobody listen.
pub(super) fn tell(_target: Target, _handle: usize, _event: Event) {}
