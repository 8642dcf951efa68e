//! Open outputs.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Media::Audio::{MIDIERR_NOTREADY, MIDIERR_STILLPLAYING};
use windows_sys::Win32::Media::{
    MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM,
    MMSYSERR_NODRIVER,
};

use crate::callbacks::{Callbacks, Event};
use crate::handles::{self, Open};
use crate::headers::Header;
use crate::ports::Port;
use crate::results::Outcome;
use crate::short_message::{RunningStatus, ShortMessage};
use crate::sounding_notes::SoundingNotes;

/// Bytes of short messages that may wait before the next one has to: most of a second on the wire.
const MOST_WAITING: usize = 2048;
/// A short message waits no longer if the device has taken nothing for so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open output.
pub(crate) struct Output {
    port: &'static Port,
    callbacks: Arc<Callbacks>,
    queue: Mutex<Queue>,
    advanced: Condvar,
}

/// What is to be sent, in order.
#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Bytes of the short messages among them.
    waiting: usize,
    /// Bytes handed to the component.
    handed: u64,
    /// Buffers that have been handed over whole, with `handed` at their ends.
    handed_buffers: VecDeque<(u64, Header)>,
    running: RunningStatus,
    notes: SoundingNotes,
    /// The device refused bytes, and the program does not know yet.
    failed: bool,
    closed: bool,
    vanished: bool,
}

enum Item {
    Short(ShortMessage),
    Long {
        bytes: Vec<u8>,
        sent: usize,
        /// What goes back to the program; nothing for an event of a stream.
        header: Option<Header>,
    },
}

impl Output {
    /// Opens the port's output.
    pub(crate) fn open(port: &'static Port, callbacks: &Arc<Callbacks>) -> Outcome<Arc<Self>> {
        let output = Arc::new(Self {
            port,
            callbacks: Arc::clone(callbacks),
            queue: Mutex::default(),
            advanced: Condvar::new(),
        });
        port.open_output(&output)?;
        Ok(output)
    }

    /// Opens the port's output and makes `handle` its handle; `tell` makes that known to the program
    /// before it is told anything.
    pub(crate) fn open_handle(
        handle: usize,
        port: &'static Port,
        callbacks: &Arc<Callbacks>,
        tell: impl FnOnce(),
    ) -> Outcome {
        let output = Self::open(port, callbacks).inspect_err(|_| callbacks.abort())?;
        handles::insert(handle, Open::Output(output));
        tell();
        callbacks.tell(Event::bare(MM_MOM_OPEN));
        Ok(())
    }

    /// The port.
    pub(crate) fn port(&self) -> &'static Port {
        self.port
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `MMSYSERR_NODRIVER` if the device is not there any more.
    pub(crate) fn check_presence(&self) -> Outcome {
        self.lock().check_presence()
    }

    /// Queues a short message. It waits while too many are queued, if it `may_wait`, but not on a device
    /// that takes nothing.
    pub(crate) fn send_short(&self, packed: u32, may_wait: bool) -> Outcome {
        let mut queue = self.lock();
        queue.check()?;
        while queue.waiting >= MOST_WAITING {
            if !may_wait {
                return Err(MIDIERR_NOTREADY);
            }
            let handed = queue.handed;
            let (woken, waited) = self
                .advanced
                .wait_timeout(queue, PATIENCE)
                .unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            queue.check()?;
            if waited.timed_out() && queue.handed == handed {
                return Err(MIDIERR_NOTREADY);
            }
        }
        let message = queue.running.unpack(packed).ok_or(MMSYSERR_INVALPARAM)?;
        queue.push_short(message);
        drop(queue);
        self.port.wake();
        Ok(())
    }

    /// Queues a buffer of `length` bytes, whatever they are.
    pub(crate) fn send_long(&self, header: Header) -> Outcome {
        let mut queue = self.lock();
        queue.check()?;
        header.enqueue()?;
        queue.running.clear();
        queue.items.push_back(Item::Long {
            bytes: header.bytes(header.buffer_length()),
            sent: 0,
            header: Some(header),
        });
        drop(queue);
        self.port.wake();
        Ok(())
    }

    /// Queues bytes, whatever they are.
    pub(crate) fn send_bytes(&self, bytes: Vec<u8>) -> Outcome {
        let mut queue = self.lock();
        queue.check()?;
        queue.running.clear();
        queue.items.push_back(Item::Long {
            bytes,
            sent: 0,
            header: None,
        });
        drop(queue);
        self.port.wake();
        Ok(())
    }

    /// Does something with a header while nothing else touches it.
    pub(crate) fn with_headers<R>(&self, work: impl FnOnce() -> R) -> R {
        let _queue = self.lock();
        work()
    }

    /// Returns all buffers, turns off the notes that sound, and lifts the sustain pedals. Short messages
    /// that are queued are still sent, as are bytes of a buffer that are under way.
    pub(crate) fn reset(&self) -> Outcome {
        let mut queue = self.lock();
        self.return_buffers(&mut queue);
        let outcome = queue.check_presence();
        if outcome.is_ok() {
            let messages = queue.notes.reset();
            queue.push_own(&messages);
        }
        drop(queue);
        self.port.wake();
        self.callbacks.flush();
        outcome
    }

    /// Turns off the notes that sound.
    pub(crate) fn turn_notes_off(&self) {
        let mut queue = self.lock();
        let messages = queue.notes.turn_off();
        queue.push_own(&messages);
        drop(queue);
        self.port.wake();
    }

    fn return_buffers(&self, queue: &mut Queue) {
        let handed = std::mem::take(&mut queue.handed_buffers);
        for (_, header) in handed {
            self.return_buffer(header);
        }
        queue.items.retain(|item| match item {
            Item::Short(_) => true,
            Item::Long { header, .. } => {
                if let Some(header) = header {
                    self.return_buffer(*header);
                }
                false
            }
        });
    }

    /// Gives a buffer back that the program has queued.
    pub(crate) fn return_buffer(&self, header: Header) {
        header.done();
        self.callbacks.post(Event {
            message: MM_MOM_DONE,
            first: header.address(),
            second: 0,
        });
    }

    /// Closes the output, once the driver has accepted the short messages that are queued.
    pub(crate) fn close(&self, handle: usize) -> Outcome {
        let queue = self.lock();
        if queue.has_buffers() {
            return Err(MIDIERR_STILLPLAYING);
        }
        handles::remove(handle)?;
        drop(queue);
        self.shut();
        Ok(())
    }

    /// Closes the output whose handle is not valid any more.
    pub(crate) fn shut(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        self.return_buffers(&mut queue);
        self.advanced.notify_all();
        drop(queue);
        self.port.close_output();
        self.callbacks.end();
        self.callbacks.tell(Event::bare(MM_MOM_CLOSE));
    }

    // --- the port's side --------------------------------------------------------------------------

    /// The next bytes for the component, no more than `most` of them.
    pub(crate) fn next_piece(&self, most: usize) -> Option<Vec<u8>> {
        let mut queue = self.lock();
        let queue = &mut *queue;
        let piece = match queue.items.front_mut()? {
            Item::Short(message) => {
                let piece = message.bytes().to_vec();
                queue.waiting -= piece.len();
                queue.items.pop_front();
                self.advanced.notify_all();
                piece
            }
            Item::Long {
                bytes,
                sent,
                header,
            } => {
                let end = bytes.len().min(*sent + most);
                let piece = bytes[*sent..end].to_vec();
                *sent = end;
                if end == bytes.len() {
                    let end = queue.handed + piece.len() as u64;
                    queue
                        .handed_buffers
                        .extend(header.map(|header| (end, header)));
                    queue.items.pop_front();
                }
                piece
            }
        };
        queue.handed += piece.len() as u64;
        Some(piece)
    }

    /// The driver has done with so many bytes in all, with success or not.
    pub(crate) fn finished(&self, bytes: u64, failed: bool) {
        let mut queue = self.lock();
        queue.failed |= failed;
        while let Some(&(end, header)) = queue.handed_buffers.front()
            && end <= bytes
        {
            queue.handed_buffers.pop_front();
            self.return_buffer(header);
        }
    }

    /// Whether everything has been handed to the component.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// The device is not there any more.
    pub(crate) fn vanish(&self) {
        let mut queue = self.lock();
        queue.vanished = true;
        self.return_buffers(&mut queue);
        queue.items.clear();
        self.advanced.notify_all();
    }
}

impl Queue {
    fn check_presence(&self) -> Outcome {
        if self.closed {
            Err(MMSYSERR_INVALHANDLE)
        } else if self.vanished {
            Err(MMSYSERR_NODRIVER)
        } else {
            Ok(())
        }
    }

    /// Whether something can be sent; a failure of the device's is told once.
    fn check(&mut self) -> Outcome {
        self.check_presence()?;
        if std::mem::take(&mut self.failed) {
            return Err(MIDIERR_NOTREADY);
        }
        Ok(())
    }

    fn has_buffers(&self) -> bool {
        let is_buffer = |item: &Item| {
            matches!(
                item,
                Item::Long {
                    header: Some(_),
                    ..
                }
            )
        };
        !self.handed_buffers.is_empty() || self.items.iter().any(is_buffer)
    }

    /// Adds messages that are not the program's.
    fn push_own(&mut self, messages: &[[u8; 3]]) {
        self.running.clear();
        for &message in messages {
            self.push_short(ShortMessage::whole(message));
        }
    }

    fn push_short(&mut self, message: ShortMessage) {
        self.notes.follow(message.bytes());
        self.waiting += message.bytes().len();
        self.items.push_back(Item::Short(message));
    }
}
