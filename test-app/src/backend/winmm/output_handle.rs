//! An open output, function by function.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, HMIDIOUT, MIDIHDR};
use windows_sys::Win32::Media::Multimedia::DRV_QUERYDEVICEINTERFACESIZE;
use windows_sys::Win32::Media::{MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN};

use super::buffer::{Buffer, BufferId, returned};
use super::mme::{
    midiOutClose, midiOutLongMsg, midiOutMessage, midiOutOpen, midiOutPrepareHeader, midiOutReset,
    midiOutShortMsg, midiOutUnprepareHeader, size,
};
use super::refusal::{Refusal, Side, done};

/// What the callback counts.
#[derive(Debug, Default)]
struct Events {
    opened: AtomicU64,
    closed: AtomicBool,
    buffers_returned: AtomicU64,
}

/// An open output of winmm. Each function is the one of mmeapi.h, which documents its errors; dropped, it
/// is reset and closed.
#[derive(Debug)]
pub struct OutputHandle {
    handle: HMIDIOUT,
    events: Arc<Events>,
    open: bool,
}

// SAFETY: a handle is a number to winmm, whose functions can be called on any thread.
unsafe impl Send for OutputHandle {}

fn answer(function: &'static str, code: u32) -> Result<(), Refusal> {
    done(Side::Output, function, code)
}

impl OutputHandle {
    /// `midiOutOpen` with `CALLBACK_FUNCTION`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn open(index: u32) -> Result<Self, Refusal> {
        let events = Arc::new(Events::default());
        let mut handle: HMIDIOUT = ptr::null_mut();
        let callback: Callback = on_message;
        // The callback's own reference; `close` takes it back.
        let instance = Arc::into_raw(Arc::clone(&events)).expose_provenance();
        // SAFETY: the callback is one for outputs, and what its instance is the address of lives until
        // the output is closed.
        let code = unsafe {
            midiOutOpen(
                &raw mut handle,
                index,
                callback as usize,
                instance,
                CALLBACK_FUNCTION,
            )
        };
        let opened = Self {
            handle,
            events,
            open: code == 0,
        };
        if !opened.open {
            opened.release_instance();
        }
        answer("midiOutOpen", code).map(|()| opened)
    }

    /// `midiOutShortMsg`: a message of up to three bytes, the first lowest.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn short_message(&self, packed: u32) -> Result<(), Refusal> {
        // SAFETY: the handle is open.
        answer("midiOutShortMsg", unsafe {
            midiOutShortMsg(self.handle, packed)
        })
    }

    /// `midiOutPrepareHeader`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn prepare(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        buffer.prepare(|header| {
            // SAFETY: the handle is open, and the buffer stays while it is prepared.
            answer("midiOutPrepareHeader", unsafe {
                midiOutPrepareHeader(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiOutUnprepareHeader`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn unprepare(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        buffer.unprepare(|header| {
            // SAFETY: the handle is open; the header is there as long as the buffer.
            answer("midiOutUnprepareHeader", unsafe {
                midiOutUnprepareHeader(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiOutLongMsg`: the buffer is winmm's until [`Buffer::is_queued`] says otherwise.
    ///
    /// # Errors
    /// What winmm answers.
    ///
    /// # Panics
    /// If winmm has the buffer already.
    pub fn long_message(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        assert!(!buffer.is_queued(), "winmm has the buffer");
        buffer.submit(|header| {
            // SAFETY: the handle is open, and the buffer stays while winmm has it.
            answer("midiOutLongMsg", unsafe {
                midiOutLongMsg(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiOutReset`: ends all notes, and gives all buffers back.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn reset(&self) -> Result<(), Refusal> {
        // SAFETY: the handle is open.
        answer("midiOutReset", unsafe { midiOutReset(self.handle) })
    }

    /// `midiOutClose`.
    ///
    /// # Errors
    /// What winmm answers; the output is then still open.
    pub fn close(&mut self) -> Result<(), Refusal> {
        if !self.open {
            return Ok(());
        }
        // SAFETY: the handle is open.
        answer("midiOutClose", unsafe { midiOutClose(self.handle) })?;
        self.open = false;
        self.release_instance();
        Ok(())
    }

    /// Whether the port is still there, as far as winmm can tell: asks by `midiOutMessage` for something
    /// that does not matter.
    ///
    /// # Errors
    /// What winmm answers if it says that the port is gone.
    pub fn is_there(&self) -> Result<(), Refusal> {
        let mut length = 0_u32;
        let place = (&raw mut length).expose_provenance();
        // SAFETY: the handle is open; the message writes a ULONG to where the first parameter leads.
        let code = unsafe { midiOutMessage(self.handle, DRV_QUERYDEVICEINTERFACESIZE, place, 0) };
        let answered = answer("midiOutMessage", code);
        answered.or_else(|refusal| {
            if refusal.port_is_gone() {
                Err(refusal)
            } else {
                Ok(())
            }
        })
    }

    /// How many buffers the callback was told of.
    #[must_use]
    pub fn buffers_returned(&self) -> u64 {
        // Ordering: a count alone.
        self.events.buffers_returned.load(Ordering::Relaxed)
    }

    /// Whether the callback was told that the output is open.
    #[must_use]
    pub fn was_opened(&self) -> bool {
        // Ordering: a count alone.
        self.events.opened.load(Ordering::Relaxed) > 0
    }

    /// Whether the callback was told that the output is closed; nobody asked for it if that is before
    /// [`close`](Self::close).
    #[must_use]
    pub fn was_closed(&self) -> bool {
        // Ordering: a lone flag.
        self.events.closed.load(Ordering::Relaxed)
    }

    /// Takes the callback's reference to the events back.
    fn release_instance(&self) {
        // SAFETY: `open` gave one away for the callback, which winmm does not call any more.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.events)) };
    }
}

impl Drop for OutputHandle {
    fn drop(&mut self) {
        if self.open {
            // What can't be closed stays open until the program ends; so does the callback's instance.
            let _ = self.reset();
            let _ = self.close();
        }
    }
}

/// `MidiOutProc` of mmeapi.h.
type Callback = unsafe extern "system" fn(HMIDIOUT, u32, usize, usize, usize);

/// Counts, and nothing else: it does not wait and does not allocate.
///
/// # Safety
/// `instance` is what [`OutputHandle::open`] gave to winmm, and the output is not closed yet.
unsafe extern "system" fn on_message(
    _handle: HMIDIOUT,
    message: u32,
    instance: usize,
    first: usize,
    _second: usize,
) {
    let events: *const Events = ptr::with_exposed_provenance(instance);
    // SAFETY: the callback holds a reference until the output is closed.
    let events = unsafe { &*events };
    match message {
        // Ordering: a count alone.
        MM_MOM_OPEN => _ = events.opened.fetch_add(1, Ordering::Relaxed),
        // Ordering: a lone flag.
        MM_MOM_CLOSE => events.closed.store(true, Ordering::Relaxed),
        MM_MOM_DONE => {
            // SAFETY: winmm gives back what it was given: the header of a buffer.
            unsafe { returned(BufferId(first)) };
            // Ordering: a count alone.
            events.buffers_returned.fetch_add(1, Ordering::Relaxed);
        }
        _ => {}
    }
}
