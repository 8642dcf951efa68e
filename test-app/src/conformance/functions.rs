//! winmm's MIDI functions as the checks call them: the host's own, or ones with a fault planted in
//! them.

use std::sync::{Arc, Mutex, PoisonError};

use windows_sys::Win32::Media::Audio::{
    HMIDIIN, HMIDIOUT, HMIDISTRM, MIDIHDR, MIDIINCAPSA, MIDIINCAPSW, MIDIOUTCAPSA, MIDIOUTCAPSW,
};
use windows_sys::Win32::Media::MMTIME;

#[cfg(windows)]
use windows_sys::Win32::Media::Audio as host;
#[cfg(not(windows))]
use winmm as host;

macro_rules! functions {
    ($(fn $name:ident($($parameter:ident: $type:ty),*);)+) => {
        /// winmm's MIDI functions, by their names, with the parameters and results that `mmeapi.h`'s
        /// documentation gives them.
        ///
        /// Each is carried out by the winmm [`behind`](Self::behind) unless it is overridden, so that a
        /// winmm with a fault consists of that fault only.
        #[expect(non_snake_case, reason = "Windows' names")]
        pub trait Winmm: Send + Sync {
            /// The winmm that carries out what this one does not do itself.
            fn behind(&self) -> &dyn Winmm;

            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                ///
                /// # Safety
                /// As `mmeapi.h`'s documentation demands it: pointers lead to what it says, for as long
                /// as it says.
                unsafe fn $name(&self, $($parameter: $type),*) -> u32 {
                    // SAFETY: the caller's promise, handed on.
                    unsafe { self.behind().$name($($parameter),*) }
                }
            )+
        }

        /// The winmm of this host: Windows' own; elsewhere the double that is linked in.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct HostWinmm;

        impl Winmm for HostWinmm {
            fn behind(&self) -> &dyn Winmm {
                self
            }

            $(
                unsafe fn $name(&self, $($parameter: $type),*) -> u32 {
                    // SAFETY: the caller's promise, handed on.
                    unsafe { host::$name($($parameter),*) }
                }
            )+
        }

        impl Winmm for Watched {
            fn behind(&self) -> &dyn Winmm {
                self.behind.as_ref()
            }

            $(
                unsafe fn $name(&self, $($parameter: $type),*) -> u32 {
                    self.calls.set(Some(stringify!($name)));
                    // SAFETY: the caller's promise, handed on.
                    let result = unsafe { self.behind.$name($($parameter),*) };
                    self.calls.set(None);
                    result
                }
            )+
        }
    };
}

functions! {
    fn midiOutGetNumDevs();
    fn midiOutGetDevCapsW(id: usize, capabilities: *mut MIDIOUTCAPSW, size: u32);
    fn midiOutGetDevCapsA(id: usize, capabilities: *mut MIDIOUTCAPSA, size: u32);
    fn midiOutGetErrorTextW(error: u32, text: *mut u16, length: u32);
    fn midiOutGetErrorTextA(error: u32, text: *mut u8, length: u32);
    fn midiOutGetID(port: HMIDIOUT, id: *mut u32);
    fn midiOutOpen(port: *mut HMIDIOUT, id: u32, callback: usize, instance: usize, flags: u32);
    fn midiOutClose(port: HMIDIOUT);
    fn midiOutPrepareHeader(port: HMIDIOUT, header: *mut MIDIHDR, size: u32);
    fn midiOutUnprepareHeader(port: HMIDIOUT, header: *mut MIDIHDR, size: u32);
    fn midiOutShortMsg(port: HMIDIOUT, message: u32);
    fn midiOutLongMsg(port: HMIDIOUT, header: *const MIDIHDR, size: u32);
    fn midiOutReset(port: HMIDIOUT);
    fn midiOutGetVolume(port: HMIDIOUT, volume: *mut u32);
    fn midiOutSetVolume(port: HMIDIOUT, volume: u32);
    fn midiOutMessage(port: HMIDIOUT, message: u32, first: usize, second: usize);
    fn midiInGetNumDevs();
    fn midiInGetDevCapsW(id: usize, capabilities: *mut MIDIINCAPSW, size: u32);
    fn midiInGetDevCapsA(id: usize, capabilities: *mut MIDIINCAPSA, size: u32);
    fn midiInGetErrorTextW(error: u32, text: *mut u16, length: u32);
    fn midiInGetErrorTextA(error: u32, text: *mut u8, length: u32);
    fn midiInGetID(port: HMIDIIN, id: *mut u32);
    fn midiInOpen(port: *mut HMIDIIN, id: u32, callback: usize, instance: usize, flags: u32);
    fn midiInClose(port: HMIDIIN);
    fn midiInPrepareHeader(port: HMIDIIN, header: *mut MIDIHDR, size: u32);
    fn midiInUnprepareHeader(port: HMIDIIN, header: *mut MIDIHDR, size: u32);
    fn midiInAddBuffer(port: HMIDIIN, header: *mut MIDIHDR, size: u32);
    fn midiInStart(port: HMIDIIN);
    fn midiInStop(port: HMIDIIN);
    fn midiInReset(port: HMIDIIN);
    fn midiInMessage(port: HMIDIIN, message: u32, first: usize, second: usize);
    fn midiStreamOpen(stream: *mut HMIDISTRM, id: *mut u32, one: u32, callback: usize, instance: usize, flags: u32);
    fn midiStreamClose(stream: HMIDISTRM);
    fn midiStreamOut(stream: HMIDISTRM, header: *mut MIDIHDR, size: u32);
    fn midiStreamRestart(stream: HMIDISTRM);
    fn midiStreamPause(stream: HMIDISTRM);
    fn midiStreamStop(stream: HMIDISTRM);
    fn midiStreamPosition(stream: HMIDISTRM, time: *mut MMTIME, size: u32);
    fn midiStreamProperty(stream: HMIDISTRM, data: *mut u8, property: u32);
}

/// Which function is being called; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Option<&'static str>>>);

impl Calls {
    /// The function that has not returned yet, if any.
    #[must_use]
    pub fn current(&self) -> Option<&'static str> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, function: Option<&'static str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = function;
    }
}

/// A winmm whose calls are watched, so that one that never returns can be named.
pub struct Watched {
    behind: Arc<dyn Winmm>,
    calls: Calls,
}

impl Watched {
    /// Watches `behind`; `calls` tells what it is doing.
    #[must_use]
    pub fn new(behind: Arc<dyn Winmm>, calls: Calls) -> Self {
        Self { behind, calls }
    }
}
