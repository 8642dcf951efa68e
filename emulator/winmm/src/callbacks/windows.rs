//! Events, message queues and windows.

use std::ptr::without_provenance_mut;

use windows_sys::Win32::Media::MMSYSERR_INVALPARAM;
use windows_sys::Win32::System::Threading::SetEvent;
use windows_sys::Win32::UI::WindowsAndMessaging::{IsWindow, PostMessageW, PostThreadMessageW};

use super::{Event, Target};
use crate::results::Outcome;

/// Whether there is such a window.
pub(super) fn check(target: Target) -> Outcome {
    if let Target::Window(window) = target {
        // SAFETY: it takes any handle.
        let is_window = unsafe { IsWindow(without_provenance_mut(window)) };
        if is_window == 0 {
            return Err(MMSYSERR_INVALPARAM);
        }
    }
    Ok(())
}

/// Sets the event, or posts the message with the handle and `dwParam1`. A program that does not take
/// them any more is told nothing.
pub(super) fn tell(target: Target, handle: usize, event: Event) {
    let parameter = event.first.cast_signed();
    match target {
        Target::Nowhere | Target::Function { .. } => {}
        Target::Event(object) => {
            // SAFETY: it takes any handle.
            unsafe { SetEvent(without_provenance_mut(object)) };
        }
        Target::Thread(thread) => {
            // SAFETY: it takes any number.
            unsafe { PostThreadMessageW(thread, event.message, handle, parameter) };
        }
        Target::Window(window) => {
            let window = without_provenance_mut(window);
            // SAFETY: it takes any handle.
            unsafe { PostMessageW(window, event.message, handle, parameter) };
        }
    }
}
