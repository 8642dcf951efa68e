//! Events, message queues and windows.

use std::ptr::without_provenance_mut;

use windows_sys::Win32::Media::Audio::{CALLBACK_EVENT, CALLBACK_THREAD, CALLBACK_WINDOW};
use windows_sys::Win32::Media::{MMSYSERR_INVALFLAG, MMSYSERR_INVALPARAM};
use windows_sys::Win32::System::Threading::SetEvent;
use windows_sys::Win32::UI::WindowsAndMessaging::{IsWindow, PostMessageW, PostThreadMessageW};

use super::Event;
use crate::results::Outcome;

/// A kernel object, a message queue, or a window.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Event(usize),
    Thread(u32),
    Window(usize),
}

/// What a program passes with one of the `CALLBACK_…` numbers.
pub(super) fn target(callback: usize, kind: u32) -> Outcome<Target> {
    match kind {
        CALLBACK_EVENT if callback != 0 => Ok(Target::Event(callback)),
        CALLBACK_THREAD if callback != 0 => {
            let thread = u32::try_from(callback).map_err(|_| MMSYSERR_INVALPARAM)?;
            Ok(Target::Thread(thread))
        }
        CALLBACK_WINDOW if is_window(callback) => Ok(Target::Window(callback)),
        CALLBACK_EVENT | CALLBACK_THREAD | CALLBACK_WINDOW => Err(MMSYSERR_INVALPARAM),
        _ => Err(MMSYSERR_INVALFLAG),
    }
}

fn is_window(window: usize) -> bool {
    // SAFETY: it takes any handle.
    unsafe { IsWindow(without_provenance_mut(window)) != 0 }
}

/// Sets the event, or posts the message with the handle and `dwParam1`. A program that does not take
/// them any more is told nothing.
pub(super) fn tell(target: Target, handle: usize, event: Event) {
    let parameter = event.first.cast_signed();
    match target {
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
