//! An open output with what makes it easy to send: a pool of buffers, and an end within bounded time.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::output_handle::OutputHandle;
use super::refusal::{Refusal, Side};
use crate::failure::Failure;
use crate::midi::sounding::Sounding;

/// The least room that a buffer of the pool has.
const LEAST_CAPACITY: usize = 4096;

/// Between two looks whether a buffer is back.
const LOOK: Duration = Duration::from_millis(1);

/// How long winmm may take for giving buffers back after a reset.
const RETURN_LIMIT: Duration = Duration::from_secs(5);

/// How long closing may take in all.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(15);

/// An open output. Dropped, it is reset and closed.
#[derive(Debug)]
pub struct Output {
    handle: OutputHandle,
    /// Those that winmm has, in the order in which it got them.
    queued: VecDeque<Buffer>,
    /// Those that can be used.
    free: Vec<Buffer>,
    queued_bytes: usize,
}

/// How an output or input was closed.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// How many buffers winmm did not give back; they stay in memory until the program ends.
    pub kept_buffers: usize,
    /// What winmm did not do on the way, first.
    pub refusal: Option<Refusal>,
    /// Whether winmm did not return from a call in time; the port then stays open until the program ends.
    pub stuck: bool,
}

impl Closed {
    /// Everything went as it should.
    pub(super) const CLEAN: Self = Self {
        kept_buffers: 0,
        refusal: None,
        stuck: false,
    };

    /// What a call that did not return in time comes to.
    pub(super) const STUCK: Self = Self {
        kept_buffers: 0,
        refusal: None,
        stuck: true,
    };

    /// What the user has to know of it, for the port of the name `port`.
    ///
    /// # Errors
    /// [`Failure::Device`] unless everything went as it should.
    pub fn result(self, side: Side, port: &str) -> Result<(), Failure> {
        let side = side.name();
        if self.stuck {
            return Err(Failure::Device(format!(
                "the driver of the {side} '{port}' hangs: Windows did not close it within {} s; connect \
                 it again",
                CLOSE_LIMIT.as_secs()
            )));
        }
        match (self.refusal, self.kept_buffers) {
            (Some(refusal), _) => Err(refusal.failure(port)),
            (None, 0) => Ok(()),
            (None, kept) => Err(Failure::Device(format!(
                "the driver of the {side} '{port}' did not give {kept} buffers back; they stay in memory \
                 until this program ends"
            ))),
        }
    }
}

impl Output {
    /// Opens the output of the number `index`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn open(index: u32) -> Result<Self, Refusal> {
        Ok(Self {
            handle: OutputHandle::open(index)?,
            queued: VecDeque::new(),
            free: Vec::new(),
            queued_bytes: 0,
        })
    }

    /// Sends a complete message of one to three bytes that is not System Exclusive.
    ///
    /// # Errors
    /// What winmm answers.
    ///
    /// # Panics
    /// If there are more than three bytes.
    pub fn short_message(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut packed = [0; 4];
        packed[..3][..bytes.len()].copy_from_slice(bytes);
        self.handle.short_message(u32::from_le_bytes(packed))
    }

    /// Sends any other bytes in a buffer of the pool; does not wait until they have left.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn long_message(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.take_back();
        let fitting = self.free.iter().position(|it| it.capacity() >= bytes.len());
        let mut buffer = if let Some(position) = fitting {
            self.free.swap_remove(position)
        } else {
            let mut buffer = Buffer::new(bytes.len().max(LEAST_CAPACITY));
            self.handle.prepare(&mut buffer)?;
            buffer
        };
        buffer.set(bytes);
        if let Err(refusal) = self.handle.long_message(&mut buffer) {
            self.free.push(buffer);
            return Err(refusal);
        }
        self.queued_bytes += bytes.len();
        self.queued.push_back(buffer);
        Ok(())
    }

    /// How many bytes of long messages winmm has.
    pub fn queued_bytes(&mut self) -> usize {
        self.take_back();
        self.queued_bytes
    }

    /// Whether winmm closed the port by itself.
    #[must_use]
    pub fn was_closed(&self) -> bool {
        self.handle.was_closed()
    }

    /// Whether the port is still there, as far as winmm can tell.
    ///
    /// # Errors
    /// What winmm answers if it says that the port is gone.
    pub fn is_there(&self) -> Result<(), Refusal> {
        self.handle.is_there()
    }

    /// Ends all notes, and has all buffers given back: `midiOutReset`.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn reset(&mut self) -> Result<(), Refusal> {
        self.handle.reset()
    }

    /// Closes the port within bounded time. What winmm still has is not sent any more, if there is
    /// something: see [`queued_bytes`](Self::queued_bytes).
    pub fn close(mut self) -> Closed {
        within(CLOSE_LIMIT, move || self.end())
    }

    /// Ends the notes that sound, as [`reset`](Self::reset) does for drivers that know what sounds,
    /// and closes the port within bounded time.
    pub fn silence_and_close(mut self, sounding: &Sounding) -> Closed {
        let ends = sounding.ends();
        within(CLOSE_LIMIT, move || {
            // A port that does not take one takes no other.
            let silenced = ends.iter().try_for_each(|it| self.short_message(it));
            let silenced = silenced.and(self.reset());
            let closed = self.end();
            Closed {
                refusal: closed.refusal.or(silenced.err()),
                ..closed
            }
        })
    }

    /// Takes back what winmm does not have any more.
    fn take_back(&mut self) {
        while self.queued.front().is_some_and(|it| !it.is_queued()) {
            if let Some(buffer) = self.queued.pop_front() {
                self.queued_bytes -= buffer.length();
                self.free.push(buffer);
            }
        }
    }

    /// Gets all buffers back, unprepares them, and closes: in the order that winmm asks for.
    fn end(&mut self) -> Closed {
        let mut refusal = None;
        let mut note = |done: Result<(), Refusal>| {
            refusal = refusal.or(done.err());
        };
        self.take_back();
        if !self.queued.is_empty() {
            note(self.handle.reset());
            let deadline = Instant::now() + RETURN_LIMIT;
            while !self.queued.is_empty() && Instant::now() < deadline {
                thread::sleep(LOOK);
                self.take_back();
            }
        }
        let mut kept_buffers = self.queued.len();
        for mut buffer in self.free.drain(..) {
            if let Err(fault) = self.handle.unprepare(&mut buffer) {
                kept_buffers += 1;
                note(Err(fault));
            }
        }
        // Dropped while winmm has them, they stay in memory.
        self.queued.clear();
        note(self.handle.close());
        Closed {
            kept_buffers,
            refusal,
            stuck: false,
        }
    }
}

/// Carries out `work`, which calls winmm, but does not wait for it longer than `limit`: a driver that
/// hangs must not hang the program.
pub(super) fn within(limit: Duration, work: impl FnOnce() -> Closed + Send + 'static) -> Closed {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more if it took too long.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(limit).unwrap_or(Closed::STUCK)
}
