//! What a port says through its callback.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use windows_sys::Win32::Media::Audio::MIDIHDR;
use windows_sys::Win32::Media::{MM_MIM_DATA, MM_MIM_LONGDATA, MM_MIM_LONGERROR, MM_MOM_DONE};

use crate::midi::message::data_bytes;

/// A call of the callback.
#[derive(Clone, Debug)]
pub struct Event {
    /// `MM_MIM_…` or `MM_MOM_…`.
    pub message: u32,
    /// The handle it came with.
    pub port: usize,
    /// Its first parameter: a short message, or the address of a header.
    pub first: usize,
    /// Its second parameter: the time stamp, in milliseconds.
    pub second: usize,
    /// What the buffer had in it, for messages that return one to an input.
    pub recorded: Option<Recorded>,
    /// When it came.
    pub at: Instant,
    /// On which thread.
    pub thread: ThreadId,
}

/// An input buffer when it was returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The address of its header.
    pub header: usize,
    /// What it had in it.
    pub bytes: Vec<u8>,
    /// How much it has room for.
    pub capacity: usize,
    /// `MHDR_…` flags.
    pub flags: u32,
    /// Whether it came with `MIM_LONGERROR`.
    pub is_error: bool,
}

/// All that was heard so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// The calls, in order.
    pub events: Vec<Event>,
    /// How many short messages are among them.
    pub short: usize,
    /// How many returned input buffers.
    pub long: usize,
    /// How many bytes are in these.
    pub long_bytes: usize,
    /// How many returned output buffers.
    pub done: usize,
}

impl Heard {
    /// The short messages, as bytes.
    #[must_use]
    pub fn messages(&self) -> Vec<Vec<u8>> {
        let short = self.events.iter();
        short
            .filter(|event| event.message == MM_MIM_DATA)
            .map(|event| unpack(event.first))
            .collect()
    }

    /// The input buffers that were returned.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.events
            .iter()
            .filter_map(|event| event.recorded.clone())
            .collect()
    }

    /// The time stamps, in milliseconds.
    #[must_use]
    pub fn stamps(&self) -> Vec<usize> {
        let is_input = |event: &&Event| matches!(event.message, MM_MIM_DATA | MM_MIM_LONGDATA);
        let stamped = self.events.iter().filter(is_input);
        stamped.map(|event| event.second).collect()
    }
}

/// A short message's bytes.
#[must_use]
pub fn unpack(packed: usize) -> Vec<u8> {
    let bytes = packed.to_le_bytes();
    bytes[..=data_bytes(bytes[0]).min(2)].to_vec()
}

/// Hears a port; its callback writes here.
#[derive(Debug, Default)]
pub struct Listener {
    heard: Mutex<Heard>,
    more: Condvar,
}

impl Listener {
    /// All that was heard so far. The port waits while this is held.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was heard.
    pub fn clear(&self) {
        *self.heard() = Heard::default();
    }

    /// Waits until `enough` has been heard, or nothing more for the time of `patience`; returns
    /// whether it was enough.
    pub fn wait(&self, patience: Duration, mut enough: impl FnMut(&Heard) -> bool) -> bool {
        let mut heard = self.heard();
        loop {
            if enough(&heard) {
                return true;
            }
            let before = heard.events.len();
            let waited = self
                .more
                .wait_timeout_while(heard, patience, |heard| heard.events.len() == before);
            let (after, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            heard = after;
            if timeout.timed_out() {
                return enough(&heard);
            }
        }
    }

    fn add(&self, event: Event) {
        let mut heard = self.heard();
        match event.message {
            MM_MIM_DATA => heard.short += 1,
            MM_MOM_DONE => heard.done += 1,
            _ => {}
        }
        if let Some(recorded) = &event.recorded {
            heard.long += 1;
            heard.long_bytes += recorded.bytes.len();
        }
        heard.events.push(event);
        drop(heard);
        self.more.notify_all();
    }
}

/// The callback of every port that the checks open: `MidiInProc` and `MidiOutProc` of `mmeapi.h`'s
/// documentation.
///
/// # Safety
/// `instance` is the address of a [`Listener`] that stays where it is.
pub unsafe extern "system" fn callback(
    port: *mut core::ffi::c_void,
    message: u32,
    instance: usize,
    first: usize,
    second: usize,
) {
    // SAFETY: the instance is a listener's address.
    let listener = unsafe { &*(instance as *const Listener) };
    let recorded = matches!(message, MM_MIM_LONGDATA | MM_MIM_LONGERROR).then(|| {
        // SAFETY: these messages come with a header of ours, which has been returned and stays
        // where it is until it is added again.
        unsafe { recorded(first, message == MM_MIM_LONGERROR) }
    });
    listener.add(Event {
        message,
        port: port as usize,
        first,
        second,
        recorded,
        at: Instant::now(),
        thread: thread::current().id(),
    });
}

/// # Safety
/// `header` is the address of a header whose buffer nobody writes to.
unsafe fn recorded(header: usize, is_error: bool) -> Recorded {
    // SAFETY: it is a header's address.
    let MIDIHDR {
        lpData,
        dwBufferLength,
        dwBytesRecorded,
        dwFlags,
        ..
    } = unsafe { *(header as *const MIDIHDR) };
    let length = dwBytesRecorded.min(dwBufferLength) as usize;
    // SAFETY: the buffer has at least that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(lpData.cast::<u8>(), length) };
    Recorded {
        header,
        bytes: bytes.to_vec(),
        capacity: dwBufferLength as usize,
        flags: dwFlags,
        is_error,
    }
}
