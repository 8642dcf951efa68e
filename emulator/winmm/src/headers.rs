//! Programs' `MIDIHDR`s: when they may be used, and their flags.

use std::ptr::NonNull;
use std::sync::atomic::{Ordering, fence};

use windows_sys::Win32::Media::Audio::{
    MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED, MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED, MIDIHDR,
};
use windows_sys::Win32::Media::MMSYSERR_INVALPARAM;

use crate::results::Outcome;

/// Programs of Windows 3.1's time know no member behind `reserved`.
const OLDEST_SIZE: usize = std::mem::offset_of!(MIDIHDR, dwOffset);

/// A header of the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pointer: NonNull<MIDIHDR>,
    size: usize,
}

// SAFETY: it is an address only. `Header::new`'s contract makes what it leads to usable from any thread.
unsafe impl Send for Header {}

/// Reads or writes a member, which may lie at an odd address.
macro_rules! member {
    ($header:expr, $name:ident) => {{
        // SAFETY: by `Header::new`'s contract the structure is there.
        let member = unsafe { &raw const (*$header.pointer.as_ptr()).$name };
        // SAFETY: the same; alignment does not matter.
        unsafe { member.read_unaligned() }
    }};
    ($header:expr, $name:ident = $value:expr) => {{
        let value = $value;
        // SAFETY: by `Header::new`'s contract the structure is there.
        let member = unsafe { &raw mut (*$header.pointer.as_ptr()).$name };
        // SAFETY: the same, and it may be written to; alignment does not matter.
        unsafe { member.write_unaligned(value) }
    }};
}

impl Header {
    /// Looks at a header that a program passes; `MMSYSERR_INVALPARAM` if it is null, too short, or has no
    /// data.
    ///
    /// # Safety
    /// `pointer` is null, or leads to `size` bytes of a `MIDIHDR` whose `lpData` is null or leads to
    /// `dwBufferLength` bytes; both stay there and in the driver's hands from when they are queued until
    /// they are returned.
    pub(crate) unsafe fn new(pointer: *const MIDIHDR, size: u32) -> Outcome<Self> {
        let pointer = NonNull::new(pointer.cast_mut()).ok_or(MMSYSERR_INVALPARAM)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let header = Self { pointer, size };
        if size < OLDEST_SIZE || member!(header, lpData).is_null() {
            return Err(MMSYSERR_INVALPARAM);
        }
        Ok(header)
    }

    /// The address, as callbacks tell it.
    pub(crate) fn address(self) -> usize {
        self.pointer.as_ptr().expose_provenance()
    }

    /// The size of the buffer.
    pub(crate) fn buffer_length(self) -> usize {
        member!(self, dwBufferLength) as usize
    }

    /// How much of the buffer is data.
    pub(crate) fn bytes_recorded(self) -> usize {
        member!(self, dwBytesRecorded) as usize
    }

    /// Tells the program how much of the buffer is data.
    pub(crate) fn set_bytes_recorded(self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        member!(self, dwBytesRecorded = count);
    }

    /// Tells the program where in the buffer an event is, if its header has room for that.
    pub(crate) fn set_offset(self, offset: usize) {
        if self.size >= size_of::<MIDIHDR>() {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            member!(self, dwOffset = offset);
        }
    }

    /// The first `count` bytes of the buffer; no more than there are.
    pub(crate) fn bytes(self, count: usize) -> Vec<u8> {
        let data = member!(self, lpData).cast_const();
        let count = count.min(self.buffer_length());
        // SAFETY: by `Header::new`'s contract there are `dwBufferLength` bytes, and `count` is no more.
        unsafe { std::slice::from_raw_parts(data, count) }.to_vec()
    }

    /// Writes a byte into the buffer; beyond its end nothing happens.
    pub(crate) fn write(self, position: usize, byte: u8) {
        if position < self.buffer_length() {
            let data = member!(self, lpData).wrapping_add(position);
            // SAFETY: by `Header::new`'s contract there are `dwBufferLength` bytes, and this is one.
            unsafe { data.write(byte) };
        }
    }

    fn flags(self) -> u32 {
        member!(self, dwFlags)
    }

    fn set_flags(self, flags: u32) {
        // Ordering: Release, so that a program that sees the flag sees the data that go with it.
        fence(Ordering::Release);
        member!(self, dwFlags = flags);
    }

    /// Prepares the header; one that is prepared stays as it is.
    pub(crate) fn prepare(self) {
        if self.flags() & MHDR_PREPARED == 0 {
            let flags = self.flags() & !(MHDR_DONE | MHDR_INQUEUE);
            self.set_flags(flags | MHDR_PREPARED);
        }
    }

    /// Takes the preparation back; one that is not prepared stays as it is.
    pub(crate) fn unprepare(self) -> Outcome {
        if self.flags() & MHDR_INQUEUE != 0 {
            return Err(MIDIERR_STILLPLAYING);
        }
        self.set_flags(self.flags() & !MHDR_PREPARED);
        Ok(())
    }

    /// The header goes into a queue.
    pub(crate) fn enqueue(self) -> Outcome {
        let flags = self.flags();
        if flags & MHDR_PREPARED == 0 {
            return Err(MIDIERR_UNPREPARED);
        }
        if flags & MHDR_INQUEUE != 0 {
            return Err(MIDIERR_STILLPLAYING);
        }
        self.set_flags(flags & !MHDR_DONE | MHDR_INQUEUE);
        Ok(())
    }

    /// The header goes back to the program.
    pub(crate) fn done(self) {
        self.set_flags(self.flags() & !MHDR_INQUEUE | MHDR_DONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size() -> u32 {
        u32::try_from(size_of::<MIDIHDR>()).expect("a small structure")
    }

    fn header(raw: &mut MIDIHDR, size: u32) -> Outcome<Header> {
        // SAFETY: `raw` leads to its data, and both outlive the test's use of the header.
        unsafe { Header::new(raw, size) }
    }

    #[test]
    fn a_header_goes_its_way() {
        let mut data = [1_u8, 2, 3];
        let mut raw = MIDIHDR {
            lpData: data.as_mut_ptr(),
            dwBufferLength: 3,
            ..MIDIHDR::default()
        };
        let header = header(&mut raw, size()).expect("a good header");
        assert_eq!(header.enqueue(), Err(MIDIERR_UNPREPARED));
        assert_eq!(header.unprepare(), Ok(()));
        header.prepare();
        header.prepare();
        assert_eq!(header.flags(), MHDR_PREPARED);
        assert_eq!(header.enqueue(), Ok(()));
        assert_eq!(header.enqueue(), Err(MIDIERR_STILLPLAYING));
        assert_eq!(header.unprepare(), Err(MIDIERR_STILLPLAYING));
        header.prepare();
        assert_eq!(header.flags(), MHDR_PREPARED | MHDR_INQUEUE);
        header.done();
        assert_eq!(header.flags(), MHDR_PREPARED | MHDR_DONE);
        header.write(2, 9);
        header.write(3, 9);
        assert_eq!(header.bytes(100), [1, 2, 9]);
        assert_eq!(header.unprepare(), Ok(()));
        assert_eq!(header.flags(), MHDR_DONE);
    }

    #[test]
    fn bad_headers_are_refused() {
        let mut data = [0_u8];
        let mut raw = MIDIHDR {
            dwBufferLength: 1,
            ..MIDIHDR::default()
        };
        assert_eq!(header(&mut raw, size()), Err(MMSYSERR_INVALPARAM));
        raw.lpData = data.as_mut_ptr();
        assert_eq!(header(&mut raw, 8), Err(MMSYSERR_INVALPARAM));
        let oldest = u32::try_from(OLDEST_SIZE).expect("a small structure");
        assert!(header(&mut raw, oldest).is_ok());
        // SAFETY: a null pointer is no header.
        let none = unsafe { Header::new(std::ptr::null(), size()) };
        assert_eq!(none, Err(MMSYSERR_INVALPARAM));
    }
}
