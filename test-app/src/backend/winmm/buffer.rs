//! Buffers for long messages: a `MIDIHDR` and the memory that it describes.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Media::Audio::MIDIHDR;

/// The longest data that a header can describe.
const LARGEST: usize = u32::MAX as usize;

/// What a header's address leads to. The header comes first, so that both have the same address.
#[repr(C)]
struct Slot {
    header: MIDIHDR,
    /// Whether winmm has it: from just before it is handed over until the callback has it again.
    queued: AtomicBool,
    /// Where the header's data are; never touched through this field while the buffer lives.
    memory: *mut [u8],
}

/// A header with its data, which winmm can be given.
///
/// Nothing here touches header or data while winmm has them. A buffer that is dropped while winmm has
/// it, or while it is still prepared, stays in memory for ever: a driver that has lost its way may still
/// write to it.
#[derive(Debug)]
pub struct Buffer {
    slot: NonNull<Slot>,
    prepared: bool,
}

// SAFETY: the slot belongs to the buffer alone while winmm does not have it, and winmm does not care for
// threads.
unsafe impl Send for Buffer {}

/// Tells buffers apart: the header's address, as callbacks give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub(super) usize);

impl Buffer {
    /// A buffer for `capacity` bytes, which are 0.
    ///
    /// # Panics
    /// If that is more than 4 GiB.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let memory = Box::into_raw(vec![0_u8; capacity].into_boxed_slice());
        let slot = Box::new(Slot {
            header: MIDIHDR {
                lpData: memory.cast(),
                dwBufferLength: length(capacity),
                ..MIDIHDR::default()
            },
            queued: AtomicBool::new(false),
            memory,
        });
        Self {
            slot: NonNull::from(Box::leak(slot)),
            prepared: false,
        }
    }

    /// A buffer with `bytes` in it.
    ///
    /// # Panics
    /// If they are more than 4 GiB.
    #[must_use]
    pub fn with(bytes: &[u8]) -> Self {
        let mut buffer = Self::new(bytes.len());
        buffer.set(bytes);
        buffer
    }

    /// Tells it from others.
    #[must_use]
    pub fn id(&self) -> BufferId {
        BufferId(self.slot.as_ptr().expose_provenance())
    }

    /// How many bytes it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        // SAFETY: nobody writes to this field.
        let memory = unsafe { (*self.slot.as_ptr()).memory };
        memory.len()
    }

    /// Puts `bytes` in, and says in the header that there are so many.
    ///
    /// # Panics
    /// If they are more than it has room for, or winmm has it.
    pub fn set(&mut self, bytes: &[u8]) {
        assert!(!self.is_queued(), "winmm has the buffer");
        assert!(bytes.len() <= self.capacity(), "the bytes do not fit");
        let header = self.header();
        // SAFETY: winmm does not have it, so that it is this buffer's alone; the header is there as long
        // as the buffer.
        let data = unsafe { (*header).lpData };
        // SAFETY: the data have room for as many, as was just made sure of, and are other memory than
        // what is borrowed.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len()) };
        // SAFETY: as for the read.
        unsafe { (*header).dwBufferLength = length(bytes.len()) };
    }

    /// How many bytes were put in, or are to be received.
    pub(super) fn length(&self) -> usize {
        // SAFETY: winmm does not write to this field; the header is there as long as the buffer.
        let length = unsafe { (*self.header()).dwBufferLength };
        length as usize
    }

    /// What was received into it; nothing while winmm has it.
    #[must_use]
    pub fn recorded(&self) -> &[u8] {
        if self.is_queued() {
            return &[];
        }
        // SAFETY: winmm does not have it; the header is there as long as the buffer.
        let header = unsafe { self.header().read_unaligned() };
        let recorded = self.capacity().min(header.dwBytesRecorded as usize);
        // SAFETY: the data have as many bytes, and nobody writes to them before the buffer is lent as
        // mutable again, to be handed over.
        unsafe { std::slice::from_raw_parts(header.lpData, recorded) }
    }

    /// The header's `MHDR_…` flags; nothing while winmm has it.
    #[must_use]
    pub fn flags(&self) -> Option<u32> {
        if self.is_queued() {
            return None;
        }
        // SAFETY: winmm does not have it; the header is there as long as the buffer.
        Some(unsafe { (*self.header()).dwFlags })
    }

    /// Whether winmm has it.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        // Ordering: with the callback's release, what winmm wrote is seen by who sees that it is back.
        self.queued().load(Ordering::Acquire)
    }

    /// Hands it over by `submit`, which gets the header and returns winmm's answer.
    pub(super) fn submit<E>(
        &mut self,
        submit: impl FnOnce(*mut MIDIHDR) -> Result<(), E>,
    ) -> Result<(), E> {
        // Ordering: nothing is published by it: the callback hears of the buffer from winmm.
        self.queued().store(true, Ordering::Relaxed);
        let submitted = submit(self.header());
        if submitted.is_err() {
            // Ordering: as above.
            self.queued().store(false, Ordering::Relaxed);
        }
        submitted
    }

    /// Has `prepare` prepare the header.
    pub(super) fn prepare<E>(
        &mut self,
        prepare: impl FnOnce(*mut MIDIHDR) -> Result<(), E>,
    ) -> Result<(), E> {
        prepare(self.header())?;
        self.prepared = true;
        Ok(())
    }

    /// Has `unprepare` take the preparation back.
    pub(super) fn unprepare<E>(
        &mut self,
        unprepare: impl FnOnce(*mut MIDIHDR) -> Result<(), E>,
    ) -> Result<(), E> {
        unprepare(self.header())?;
        self.prepared = false;
        Ok(())
    }

    fn header(&self) -> *mut MIDIHDR {
        self.slot.as_ptr().cast()
    }

    fn queued(&self) -> &AtomicBool {
        // SAFETY: the slot is there as long as the buffer, and this field is only used atomically.
        unsafe { &(*self.slot.as_ptr()).queued }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.prepared || self.is_queued() {
            return;
        }
        // SAFETY: `new` made it with a box, and winmm does not know it.
        let slot = unsafe { Box::from_raw(self.slot.as_ptr()) };
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(slot.memory) });
    }
}

/// Takes note in a callback that winmm has given the buffer of this header back.
///
/// # Safety
/// The header is one of a [`Buffer`] that winmm had until now.
pub(super) unsafe fn returned(header: BufferId) {
    let slot: *const Slot = ptr::with_exposed_provenance(header.0);
    // SAFETY: buffers that winmm has are not freed; the caller says that it is one.
    let queued = unsafe { &(*slot).queued };
    // Ordering: what winmm wrote before is for who sees this.
    queued.store(false, Ordering::Release);
}

fn length(bytes: usize) -> u32 {
    assert!(bytes <= LARGEST, "more than a header can describe");
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
