//! An open input, function by function.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_queue::ArrayQueue;
use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, HMIDIIN, MIDI_IO_STATUS, MIDIHDR};
use windows_sys::Win32::Media::Multimedia::DRV_QUERYDEVICEINTERFACESIZE;
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_DATA, MM_MIM_ERROR, MM_MIM_LONGDATA, MM_MIM_LONGERROR, MM_MIM_MOREDATA,
    MM_MIM_OPEN,
};

use super::buffer::{Buffer, BufferId, returned};
use super::mme::{
    midiInAddBuffer, midiInClose, midiInMessage, midiInOpen, midiInPrepareHeader, midiInReset,
    midiInStart, midiInStop, midiInUnprepareHeader, size,
};
use super::refusal::{Refusal, Side, done};

/// How many calls of the callback wait to be looked at, at most: more than 100 000 messages back to
/// back, even if nobody looks meanwhile.
const EVENTS: usize = 1 << 17;

/// What the callback was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputEvent {
    /// When the callback began.
    pub at: Instant,
    /// winmm's own stamp: milliseconds since `midiInStart`.
    pub stamp_ms: u32,
    /// What it was told.
    pub what: InputEventKind,
}

/// What the callback was told, by the names of mmeapi.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputEventKind {
    /// `MIM_OPEN`.
    Opened,
    /// `MIM_CLOSE`.
    Closed,
    /// `MIM_DATA`: a packed message, the first byte lowest.
    Data(u32),
    /// `MIM_MOREDATA`: as `MIM_DATA`; the callback is too slow.
    MoreData(u32),
    /// `MIM_ERROR`: a packed message that is not valid.
    Error(u32),
    /// `MIM_LONGDATA`: a buffer comes back.
    LongData(BufferId),
    /// `MIM_LONGERROR`: a buffer comes back with what is no System Exclusive message.
    LongError(BufferId),
    /// A message that mmeapi.h does not name.
    Other(u32),
}

/// What the callback works with.
#[derive(Debug)]
struct Events {
    queue: ArrayQueue<InputEvent>,
    overflowed: AtomicU64,
    /// Who is woken, once somebody wants to be.
    reader: OnceLock<Thread>,
}

/// An open input of winmm. Each function is the one of mmeapi.h, which documents its errors; dropped, it
/// is reset and closed.
#[derive(Debug)]
pub struct InputHandle {
    handle: HMIDIIN,
    events: Arc<Events>,
    open: bool,
}

// SAFETY: a handle is a number to winmm, whose functions can be called on any thread.
unsafe impl Send for InputHandle {}

fn answer(function: &'static str, code: u32) -> Result<(), Refusal> {
    done(Side::Input, function, code)
}

impl InputHandle {
    /// `midiInOpen` with `CALLBACK_FUNCTION` and `MIDI_IO_STATUS`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn open(index: u32) -> Result<Self, Refusal> {
        let events = Arc::new(Events {
            queue: ArrayQueue::new(EVENTS),
            overflowed: AtomicU64::new(0),
            reader: OnceLock::new(),
        });
        let mut handle: HMIDIIN = ptr::null_mut();
        let callback: Callback = on_message;
        // The callback's own reference; `close` takes it back.
        let instance = Arc::into_raw(Arc::clone(&events)).expose_provenance();
        // SAFETY: the callback is one for inputs, and what its instance is the address of lives until the
        // input is closed.
        let code = unsafe {
            midiInOpen(
                &raw mut handle,
                index,
                callback as usize,
                instance,
                CALLBACK_FUNCTION | MIDI_IO_STATUS,
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
        answer("midiInOpen", code).map(|()| opened)
    }

    /// `midiInPrepareHeader`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn prepare(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        buffer.prepare(|header| {
            // SAFETY: the handle is open, and the buffer stays while it is prepared.
            answer("midiInPrepareHeader", unsafe {
                midiInPrepareHeader(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiInUnprepareHeader`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn unprepare(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        buffer.unprepare(|header| {
            // SAFETY: the handle is open; the header is there as long as the buffer.
            answer("midiInUnprepareHeader", unsafe {
                midiInUnprepareHeader(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiInAddBuffer`: the buffer is winmm's until [`Buffer::is_queued`] says otherwise.
    ///
    /// # Errors
    /// What winmm answers.
    ///
    /// # Panics
    /// If winmm has the buffer already.
    pub fn add(&self, buffer: &mut Buffer) -> Result<(), Refusal> {
        assert!(!buffer.is_queued(), "winmm has the buffer");
        buffer.submit(|header| {
            // SAFETY: the handle is open, and the buffer stays while winmm has it.
            answer("midiInAddBuffer", unsafe {
                midiInAddBuffer(self.handle, header, size::<MIDIHDR>())
            })
        })
    }

    /// `midiInStart`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn start(&self) -> Result<(), Refusal> {
        // SAFETY: the handle is open.
        answer("midiInStart", unsafe { midiInStart(self.handle) })
    }

    /// `midiInStop`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn stop(&self) -> Result<(), Refusal> {
        // SAFETY: the handle is open.
        answer("midiInStop", unsafe { midiInStop(self.handle) })
    }

    /// `midiInReset`: stops, and gives all buffers back.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn reset(&self) -> Result<(), Refusal> {
        // SAFETY: the handle is open.
        answer("midiInReset", unsafe { midiInReset(self.handle) })
    }

    /// `midiInClose`.
    ///
    /// # Errors
    /// What winmm answers; the input is then still open.
    pub fn close(&mut self) -> Result<(), Refusal> {
        if !self.open {
            return Ok(());
        }
        // SAFETY: the handle is open.
        answer("midiInClose", unsafe { midiInClose(self.handle) })?;
        self.open = false;
        self.release_instance();
        Ok(())
    }

    /// Whether the port is still there, as far as winmm can tell: asks by `midiInMessage` for something
    /// that does not matter.
    ///
    /// # Errors
    /// What winmm answers if it says that the port is gone.
    pub fn is_there(&self) -> Result<(), Refusal> {
        let mut length = 0_u32;
        let place = (&raw mut length).expose_provenance();
        // SAFETY: the handle is open; the message writes a ULONG to where the first parameter leads.
        let code = unsafe { midiInMessage(self.handle, DRV_QUERYDEVICEINTERFACESIZE, place, 0) };
        let answered = answer("midiInMessage", code);
        answered.or_else(|refusal| {
            if refusal.port_is_gone() {
                Err(refusal)
            } else {
                Ok(())
            }
        })
    }

    /// The next thing that the callback was told.
    #[must_use]
    pub fn next_event(&self) -> Option<InputEvent> {
        self.events.queue.pop()
    }

    /// How many events were lost because the queue was full.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        // Ordering: a count alone.
        self.events.overflowed.load(Ordering::Relaxed)
    }

    /// Has the callback unpark the calling thread from now on. Only the first call counts.
    pub fn wake_this_thread(&self) {
        let _ = self.events.reader.set(thread::current());
    }

    /// Takes the callback's reference to the events back.
    fn release_instance(&self) {
        // SAFETY: `open` gave one away for the callback, which winmm does not call any more.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.events)) };
    }
}

impl Drop for InputHandle {
    fn drop(&mut self) {
        if self.open {
            // What can't be closed stays open until the program ends; so does the callback's instance.
            let _ = self.reset();
            let _ = self.close();
        }
    }
}

/// `MidiInProc` of mmeapi.h.
type Callback = unsafe extern "system" fn(HMIDIIN, u32, usize, usize, usize);

/// Takes the time and queues what it is told: it does not wait, does not allocate, and calls nothing of
/// winmm, as the documentation of `MidiInProc` asks for.
///
/// # Safety
/// `instance` is what [`InputHandle::open`] gave to winmm, and the input is not closed yet.
unsafe extern "system" fn on_message(
    _handle: HMIDIIN,
    message: u32,
    instance: usize,
    first: usize,
    second: usize,
) {
    let at = Instant::now();
    let events: *const Events = ptr::with_exposed_provenance(instance);
    // SAFETY: the callback holds a reference until the input is closed.
    let events = unsafe { &*events };
    let id = BufferId(first);
    if matches!(message, MM_MIM_LONGDATA | MM_MIM_LONGERROR) {
        // SAFETY: winmm gives back what it was given: the header of a buffer.
        unsafe { returned(id) };
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both are DWORDs in what is as wide as a pointer"
    )]
    let (packed, stamp_ms) = (first as u32, second as u32);
    let what = match message {
        MM_MIM_OPEN => InputEventKind::Opened,
        MM_MIM_CLOSE => InputEventKind::Closed,
        MM_MIM_DATA => InputEventKind::Data(packed),
        MM_MIM_MOREDATA => InputEventKind::MoreData(packed),
        MM_MIM_ERROR => InputEventKind::Error(packed),
        MM_MIM_LONGDATA => InputEventKind::LongData(id),
        MM_MIM_LONGERROR => InputEventKind::LongError(id),
        other => InputEventKind::Other(other),
    };
    let event = InputEvent { at, stamp_ms, what };
    if events.queue.push(event).is_err() {
        // Ordering: a count alone.
        events.overflowed.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(reader) = events.reader.get() {
        reader.unpark();
    }
}
