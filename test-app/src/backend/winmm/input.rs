//! An open input that loses nothing: a thread of its own takes up what the callback was told, and gives
//! winmm its buffers back.
//!
//! The documentation of `MidiInProc` forbids calls of winmm from the callback, `midiInAddBuffer` too; so
//! the callback wakes the thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::buffer::{Buffer, BufferId};
use super::input_handle::{InputEvent, InputEventKind, InputHandle};
use super::output::{CLOSE_LIMIT, Closed};
use super::refusal::Refusal;
use crate::midi::message::data_bytes;

/// How many buffers winmm has for System Exclusive messages.
const BUFFERS: usize = 64;

/// How much goes into each.
const BUFFER_SIZE: usize = 4096;

/// How long the thread sleeps if the callback does not wake it.
const DOZE: Duration = Duration::from_millis(20);

/// How long winmm may take for giving all buffers back after a reset.
const RETURN_LIMIT: Duration = Duration::from_secs(5);

/// How often the thread looks whether the port is still there, while nothing comes.
const LOOK: Duration = Duration::from_millis(200);

/// Something that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When the callback began.
    pub at: Instant,
    /// winmm's own stamp: milliseconds since the input was started.
    pub stamp_ms: u32,
    /// What it is.
    pub what: Sound,
}

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A message of one to three bytes.
    Short(u32),
    /// System Exclusive bytes: a message, or a part of one that goes on in the next.
    Long(Vec<u8>),
    /// What is no message: `MIM_ERROR`.
    ShortError(u32),
    /// What is no System Exclusive message, or a broken one: `MIM_LONGERROR`.
    LongError(Vec<u8>),
}

impl Sound {
    /// The bytes. What is no message has those that its status byte asks for.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Short(packed) | Self::ShortError(packed) => {
                let bytes = packed.to_le_bytes();
                let length = match bytes[0] {
                    0x80.. => 1 + data_bytes(bytes[0]),
                    _ => 1,
                };
                bytes[..length].to_vec()
            }
            Self::Long(bytes) | Self::LongError(bytes) => bytes,
        }
    }
}

/// How much was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputCounts {
    /// Short messages.
    pub short: u64,
    /// Buffers that came back with something in them.
    pub long: u64,
    /// `MIM_ERROR`.
    pub errors: u64,
    /// `MIM_LONGERROR`.
    pub long_errors: u64,
    /// `MIM_MOREDATA`: short messages with winmm's complaint that the callback is slow.
    pub more_data: u64,
    /// Calls of the callback that were lost because nobody looked for too long.
    pub overflowed: u64,
}

/// An open and started input. Dropped, it is reset and closed.
#[derive(Debug)]
pub struct Input {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<Closed>>,
}

/// What the keeper and the others share.
#[derive(Debug, Default)]
struct Shared {
    heard: Mutex<Inbox>,
    news: Condvar,
    end: AtomicBool,
}

#[derive(Debug, Default)]
struct Inbox {
    heard: Vec<Heard>,
    counts: InputCounts,
    /// Why nothing more will come.
    over: Option<Over>,
}

/// Why nothing more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// winmm closed the port by itself: `MIM_CLOSE`.
    Closed,
    /// winmm did not take a buffer.
    Refused(Refusal),
}

impl Input {
    /// Opens the input of the number `index`, and starts it.
    ///
    /// # Errors
    /// What winmm answers.
    pub fn open(index: u32) -> Result<Self, Refusal> {
        let mut keeper = Keeper {
            handle: InputHandle::open(index)?,
            buffers: HashMap::with_capacity(BUFFERS),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&keeper.shared);
        keeper.prepare()?;
        let keeper = thread::spawn(move || keeper.run());
        Ok(Self {
            shared,
            keeper: Some(keeper),
        })
    }

    /// What was received since last asked, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut self.shared.inbox().heard)
    }

    /// Waits until something was received or nothing more will come, but no longer than `limit`.
    pub fn wait(&self, limit: Duration) {
        let inbox = self.shared.inbox();
        let nothing = |inbox: &mut Inbox| inbox.heard.is_empty() && inbox.over.is_none();
        // What was received is in any case asked for next.
        drop(self.shared.news.wait_timeout_while(inbox, limit, nothing));
    }

    /// How much was received.
    #[must_use]
    pub fn counts(&self) -> InputCounts {
        self.shared.inbox().counts
    }

    /// Why nothing more will come, if that is so.
    #[must_use]
    pub fn over(&self) -> Option<Over> {
        self.shared.inbox().over
    }

    /// Closes the port within bounded time, if it is still open; what was received before can still be taken.
    pub fn close(&mut self) -> Closed {
        let Some(keeper) = self.keeper.take() else {
            return Closed::CLEAN;
        };
        // Ordering: a lone flag.
        self.shared.end.store(true, Ordering::Relaxed);
        keeper.thread().unpark();
        let deadline = Instant::now() + CLOSE_LIMIT;
        while !keeper.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        if keeper.is_finished() {
            keeper.join().unwrap_or(Closed::STUCK)
        } else {
            Closed::STUCK
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            let _ = self.close();
        }
    }
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that keeps an input going.
struct Keeper {
    handle: InputHandle,
    buffers: HashMap<BufferId, Buffer>,
    shared: Arc<Shared>,
}

impl Keeper {
    fn prepare(&mut self) -> Result<(), Refusal> {
        let mut queue = || {
            for _ in 0..BUFFERS {
                let mut buffer = Buffer::new(BUFFER_SIZE);
                self.handle.prepare(&mut buffer)?;
                let added = self.handle.add(&mut buffer);
                self.buffers.insert(buffer.id(), buffer);
                added?;
            }
            self.handle.start()
        };
        let started = queue();
        if started.is_err() {
            let _ = self.end();
        }
        started
    }

    fn run(mut self) -> Closed {
        self.handle.wake_this_thread();
        let mut looked_at = Instant::now();
        // Ordering: a lone flag.
        while !self.shared.end.load(Ordering::Relaxed) {
            if self.take_up(true) {
                continue;
            }
            if looked_at.elapsed() >= LOOK {
                looked_at = Instant::now();
                if let Err(refusal) = self.handle.is_there() {
                    self.shared
                        .inbox()
                        .over
                        .get_or_insert(Over::Refused(refusal));
                    self.shared.news.notify_all();
                }
            }
            thread::park_timeout(DOZE);
        }
        self.end()
    }

    /// Takes up all that the callback was told; with `give_back`, winmm gets its buffers again. Returns
    /// whether there was something.
    fn take_up(&mut self, give_back: bool) -> bool {
        let mut heard = Vec::new();
        let mut over = None;
        let mut counts = InputCounts::default();
        while let Some(event) = self.handle.next_event() {
            let InputEvent { at, stamp_ms, what } = event;
            let what = match what {
                InputEventKind::Data(packed) => {
                    counts.short += 1;
                    Sound::Short(packed)
                }
                InputEventKind::MoreData(packed) => {
                    counts.more_data += 1;
                    Sound::Short(packed)
                }
                InputEventKind::Error(packed) => {
                    counts.errors += 1;
                    Sound::ShortError(packed)
                }
                InputEventKind::LongData(id) | InputEventKind::LongError(id) => {
                    let (bytes, refused) = self.returned(id, give_back);
                    over = over.or(refused.map(Over::Refused));
                    if bytes.is_empty() {
                        continue;
                    }
                    if matches!(what, InputEventKind::LongData(_)) {
                        counts.long += 1;
                        Sound::Long(bytes)
                    } else {
                        counts.long_errors += 1;
                        Sound::LongError(bytes)
                    }
                }
                InputEventKind::Closed if give_back => {
                    over = over.or(Some(Over::Closed));
                    continue;
                }
                InputEventKind::Opened | InputEventKind::Closed | InputEventKind::Other(_) => {
                    continue;
                }
            };
            heard.push(Heard { at, stamp_ms, what });
        }
        let something = !heard.is_empty() || over.is_some();
        let mut inbox = self.shared.inbox();
        inbox.heard.append(&mut heard);
        inbox.counts.add(&counts);
        inbox.counts.overflowed = self.handle.overflowed();
        inbox.over = inbox.over.or(over);
        drop(inbox);
        if something {
            self.shared.news.notify_all();
        }
        something
    }

    /// The bytes in a buffer that came back; gives it to winmm again, if it shall have it.
    fn returned(&mut self, id: BufferId, give_back: bool) -> (Vec<u8>, Option<Refusal>) {
        let Some(buffer) = self.buffers.get_mut(&id) else {
            return (Vec::new(), None);
        };
        let bytes = buffer.recorded().to_vec();
        let refused = if give_back {
            self.handle.add(buffer).err()
        } else {
            None
        };
        (bytes, refused)
    }

    /// Gets all buffers back, unprepares them, and closes: in the order that winmm asks for.
    fn end(&mut self) -> Closed {
        let mut refusal = None;
        let mut note = |done: Result<(), Refusal>| {
            refusal = refusal.or(done.err());
        };
        note(self.handle.reset());
        let deadline = Instant::now() + RETURN_LIMIT;
        loop {
            self.take_up(false);
            if !self.buffers.values().any(Buffer::is_queued) || Instant::now() >= deadline {
                break;
            }
            thread::park_timeout(Duration::from_millis(1));
        }
        // What was told between the last look and the last buffer's return.
        self.take_up(false);
        let mut kept_buffers = 0;
        for (_, mut buffer) in self.buffers.drain() {
            if buffer.is_queued() {
                kept_buffers += 1;
            } else if let Err(fault) = self.handle.unprepare(&mut buffer) {
                kept_buffers += 1;
                note(Err(fault));
            }
        }
        note(self.handle.close());
        Closed {
            kept_buffers,
            refusal,
            stuck: false,
        }
    }
}

impl InputCounts {
    fn add(&mut self, more: &Self) {
        self.short += more.short;
        self.long += more.long;
        self.errors += more.errors;
        self.long_errors += more.long_errors;
        self.more_data += more.more_data;
    }
}
