//! How a program hears what happens: by a callback function, an event, or messages.

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(windows))]
mod elsewhere;
#[cfg(not(windows))]
use elsewhere as system;

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, CALLBACK_NULL, CALLBACK_TYPEMASK};
use windows_sys::Win32::Media::{MMSYSERR_INVALPARAM, MMSYSERR_NOMEM};

use crate::results::Outcome;

/// How long closing waits for a callback that does not return.
const CLOSING_TIME: Duration = Duration::from_secs(5);
/// How long stopping and resetting wait for one. A program may hold a lock meanwhile that its callback
/// wants.
const FLUSHING_TIME: Duration = Duration::from_secs(1);

/// `MidiInProc` and `MidiOutProc`.
type Procedure = unsafe extern "system" fn(*mut c_void, u32, usize, usize, usize);

/// Something that a program is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// One of the `MM_MIM_…` and `MM_MOM_…` numbers.
    pub(crate) message: u32,
    /// `dwParam1`.
    pub(crate) first: usize,
    /// `dwParam2`.
    pub(crate) second: usize,
}

impl Event {
    /// An event without parameters.
    pub(crate) const fn bare(message: u32) -> Self {
        Self {
            message,
            first: 0,
            second: 0,
        }
    }
}

/// Where a program wants to hear it.
#[derive(Clone, Copy)]
enum Target {
    Nowhere,
    Function {
        procedure: Procedure,
        instance: usize,
    },
    System(system::Target),
}

impl Target {
    fn new(callback: usize, instance: usize, flags: u32) -> Outcome<Self> {
        match flags & CALLBACK_TYPEMASK {
            CALLBACK_NULL => Ok(Self::Nowhere),
            CALLBACK_FUNCTION if callback == 0 => Err(MMSYSERR_INVALPARAM),
            CALLBACK_FUNCTION => {
                let address = std::ptr::with_exposed_provenance::<()>(callback);
                // SAFETY: by the contract of the function that opens, this is the address of a
                // function of this type; it is not null.
                let procedure = unsafe { std::mem::transmute::<*const (), Procedure>(address) };
                Ok(Self::Function {
                    procedure,
                    instance,
                })
            }
            kind => system::target(callback, kind).map(Self::System),
        }
    }
}

/// Tells one program about one handle: in order, on a thread of its own, with no lock held.
pub(crate) struct Callbacks {
    handle: usize,
    target: Target,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    thread: Option<ThreadId>,
    /// The thread is telling an event.
    telling: bool,
    ended: bool,
}

impl Callbacks {
    /// Understands the last three parameters of the functions that open.
    ///
    /// # Safety
    /// For `CALLBACK_FUNCTION`, `callback` is null or the address of a `MidiInProc` or `MidiOutProc`
    /// that can be called on any thread until the handle is closed.
    pub(crate) unsafe fn new(
        handle: usize,
        callback: usize,
        instance: usize,
        flags: u32,
    ) -> Outcome<Arc<Self>> {
        let callbacks = Arc::new(Self {
            handle,
            target: Target::new(callback, instance, flags)?,
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        if !callbacks.is_silent() {
            let teller = Arc::clone(&callbacks);
            let thread = thread::Builder::new().name("MIDI callbacks".to_owned());
            let thread = thread.spawn(move || teller.tell_events());
            let thread = thread.map_err(|_| MMSYSERR_NOMEM)?;
            callbacks.lock().thread = Some(thread.thread().id());
        }
        Ok(callbacks)
    }

    /// Whether the program wants to hear nothing.
    const fn is_silent(&self) -> bool {
        matches!(self.target, Target::Nowhere)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an event told, after those before it. It does not wait.
    pub(crate) fn post(&self, event: Event) {
        let mut queue = self.lock();
        if !self.is_silent() && !queue.ended {
            queue.events.push_back(event);
            self.changed.notify_all();
        }
    }

    /// Events that have not been told yet.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().events.len()
    }

    /// Whether an event is being told, or waits for it.
    pub(crate) fn is_busy(&self) -> bool {
        let queue = self.lock();
        queue.telling || !queue.events.is_empty()
    }

    /// Tells an event here and now.
    pub(crate) fn tell(&self, event: Event) {
        match self.target {
            Target::Nowhere => {}
            Target::Function {
                procedure,
                instance,
            } => {
                let handle = std::ptr::without_provenance_mut(self.handle);
                // SAFETY: by `new`'s contract this is such a function, and the handle is open.
                unsafe { procedure(handle, event.message, instance, event.first, event.second) }
            }
            Target::System(target) => system::tell(target, self.handle, event),
        }
    }

    fn tell_events(&self) {
        let mut queue = self.lock();
        while !queue.ended {
            if let Some(event) = queue.events.pop_front() {
                queue.telling = true;
                drop(queue);
                self.tell(event);
                queue = self.lock();
                queue.telling = false;
                self.changed.notify_all();
            } else {
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Waits until everything is told. In a callback, what is left is told right there.
    pub(crate) fn flush(&self) {
        self.flush_within(FLUSHING_TIME);
    }

    fn flush_within(&self, limit: Duration) {
        let mut queue = self.lock();
        if queue.thread == Some(thread::current().id()) {
            while let Some(event) = queue.events.pop_front() {
                drop(queue);
                self.tell(event);
                queue = self.lock();
            }
        } else {
            let busy = |queue: &mut Queue| queue.telling || !queue.events.is_empty();
            // After the limit it goes on all the same: the program holds its own callback up.
            let _ = self.changed.wait_timeout_while(queue, limit, busy);
        }
    }

    /// Tells what is left and then nothing more.
    pub(crate) fn end(&self) {
        self.flush_within(CLOSING_TIME);
        self.abort();
    }

    /// Tells nothing more.
    pub(crate) fn abort(&self) {
        let mut queue = self.lock();
        queue.ended = true;
        queue.events.clear();
        self.changed.notify_all();
    }
}
