//! Buffers with their headers.

use std::ptr;

use windows_sys::Win32::Media::Audio::{MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED, MIDIHDR};

/// What functions are told as the size of a header.
#[expect(clippy::cast_possible_truncation, reason = "a header has 112 bytes")]
pub const HEADER_SIZE: u32 = size_of::<MIDIHDR>() as u32;

/// The flags that the documentation names, with their names.
const FLAGS: [(u32, &str); 3] = [
    (MHDR_DONE, "MHDR_DONE"),
    (MHDR_PREPARED, "MHDR_PREPARED"),
    (MHDR_INQUEUE, "MHDR_INQUEUE"),
];

/// A buffer with its header. Both stay where they are for as long as it lives, and a port may write
/// to them at any time.
#[derive(Debug)]
pub struct Buffer {
    header: *mut MIDIHDR,
    capacity: usize,
}

impl Buffer {
    /// A buffer with `data` in it.
    #[must_use]
    pub fn new(data: Vec<u8>) -> Self {
        let capacity = data.len();
        let data = Box::into_raw(data.into_boxed_slice());
        let header = MIDIHDR {
            lpData: data.cast(),
            dwBufferLength: u32::try_from(capacity).unwrap_or(u32::MAX),
            ..MIDIHDR::default()
        };
        Self {
            header: Box::into_raw(Box::new(header)),
            capacity,
        }
    }

    /// An empty buffer with room for `capacity` bytes.
    #[must_use]
    pub fn empty(capacity: usize) -> Self {
        Self::new(vec![0; capacity])
    }

    /// The header, for winmm's functions.
    #[must_use]
    pub const fn header(&self) -> *mut MIDIHDR {
        self.header
    }

    /// The header's address, by which callbacks name it.
    #[must_use]
    pub fn address(&self) -> usize {
        self.header as usize
    }

    /// The `MHDR_…` flags, as they are now.
    #[must_use]
    pub fn flags(&self) -> u32 {
        // SAFETY: the header lives as long as this.
        let flags = unsafe { &raw const (*self.header).dwFlags };
        // SAFETY: a whole and aligned number. A port may write to it meanwhile, hence volatile.
        unsafe { ptr::read_volatile(flags) }
    }

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn has(&self, flags: u32) -> bool {
        self.flags() & flags == flags
    }

    /// How many of its bytes are to be sent or have been recorded.
    pub fn set_recorded(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        // SAFETY: the header lives as long as this, and no port has it when this is called.
        unsafe { (*self.header).dwBytesRecorded = bytes };
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.has(MHDR_INQUEUE) {
            return; // a port that does not give it back may still write to it
        }
        // SAFETY: it was made by `new`, and no port has it.
        let returned = unsafe { Box::from_raw(self.header) };
        let data = ptr::slice_from_raw_parts_mut(returned.lpData.cast::<u8>(), self.capacity);
        // SAFETY: it was made by `new` with that many bytes.
        drop(unsafe { Box::from_raw(data) });
    }
}

/// `MHDR_…` flags in words.
#[must_use]
pub fn flag_names(flags: u32) -> String {
    let set = FLAGS.iter().filter(|(flag, _)| flags & flag != 0);
    let names: Vec<_> = set.map(|(_, name)| *name).collect();
    if names.is_empty() {
        return format!("flags 0x{flags:X}");
    }
    names.join(" | ")
}
