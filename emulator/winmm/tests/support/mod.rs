//! A small program's side of winmm: handles that record what they are told.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::ffi::c_void;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Media::Audio::{
    CALLBACK_FUNCTION, HMIDIIN, HMIDIOUT, MHDR_DONE, MHDR_INQUEUE, MIDIHDR,
};
use windows_sys::Win32::Media::{MM_MIM_DATA, MM_MIM_LONGDATA, MM_MIM_LONGERROR, MM_MIM_MOREDATA};
use winmm::{
    midiInAddBuffer, midiInClose, midiInOpen, midiInPrepareHeader, midiInReset, midiInStart,
    midiInStop, midiInUnprepareHeader, midiOutClose, midiOutLongMsg, midiOutOpen,
    midiOutPrepareHeader, midiOutReset, midiOutShortMsg, midiOutUnprepareHeader,
};

/// Beyond this a test has failed; it says nothing about how long anything takes.
const FOREVER: Duration = Duration::from_mins(2);

/// Nothing was wrong.
pub const OK: u32 = 0;
/// `sizeof(MIDIHDR)`.
pub const HEADER_SIZE: u32 = 112;
const _: () = assert!(size_of::<MIDIHDR>() == HEADER_SIZE as usize);

/// A callback as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub message: u32,
    pub first: usize,
    pub second: usize,
}

/// What a handle's callback has been told.
#[derive(Default)]
pub struct Record {
    told: Mutex<Vec<Told>>,
    /// What came in, byte by byte.
    bytes: Mutex<Vec<u8>>,
    more: Condvar,
    /// Buffers that come back with data are queued again.
    requeues: bool,
}

impl Record {
    /// Hears callbacks; with `requeues` buffers that come back with data are queued again.
    pub fn new(requeues: bool) -> &'static Self {
        Box::leak(Box::new(Self {
            requeues,
            ..Self::default()
        }))
    }

    pub fn told(&self) -> Vec<Told> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The messages' numbers.
    pub fn messages(&self) -> Vec<u32> {
        self.told().iter().map(|told| told.message).collect()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until so many callbacks with that number have come.
    pub fn wait_for(&self, message: u32, count: usize) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |told: &mut Vec<Told>| {
            told.iter().filter(|told| told.message == message).count() < count
        };
        let (told, waited) = self
            .more
            .wait_timeout_while(told, FOREVER, missing)
            .unwrap_or_else(PoisonError::into_inner);
        let got = told.iter().filter(|told| told.message == message).count();
        assert!(!waited.timed_out(), "{got} of {count} callbacks {message}");
    }

    /// Waits until so many bytes have come in.
    pub fn wait_for_bytes(&self, count: usize) {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, waited) = self
            .more
            .wait_timeout_while(bytes, FOREVER, |bytes| bytes.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{} of {count} bytes", bytes.len());
    }
}

/// How many bytes a short message has.
pub fn short_length(status: u8) -> usize {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 3,
        0xC0..=0xDF | 0xF1 | 0xF3 => 2,
        _ => 1,
    }
}

unsafe extern "system" fn callback(
    handle: *mut c_void,
    message: u32,
    instance: usize,
    first: usize,
    second: usize,
) {
    // SAFETY: `instance` is the address of a record that lives for ever.
    let record = unsafe { &*std::ptr::with_exposed_provenance::<Record>(instance) };
    match message {
        MM_MIM_DATA | MM_MIM_MOREDATA => {
            let bytes = first.to_le_bytes();
            let length = short_length(bytes[0]);
            let mut record = record.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            record.extend(&bytes[..length]);
        }
        MM_MIM_LONGDATA | MM_MIM_LONGERROR => {
            let header = std::ptr::with_exposed_provenance_mut::<MIDIHDR>(first);
            // SAFETY: the buffers of `Buffer` stay where they are.
            let copy = unsafe { *header };
            let count = copy.dwBytesRecorded as usize;
            // SAFETY: the double has written so many bytes.
            let bytes = unsafe { std::slice::from_raw_parts(copy.lpData, count) };
            record
                .bytes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(bytes);
            if record.requeues && count > 0 {
                // SAFETY: the header is prepared and back.
                let added = unsafe { midiInAddBuffer(handle, header, HEADER_SIZE) };
                assert_eq!(added, OK);
            }
        }
        _ => {}
    }
    let mut told = record.told.lock().unwrap_or_else(PoisonError::into_inner);
    told.push(Told {
        message,
        first,
        second,
    });
    record.more.notify_all();
}

/// The callback's address.
pub fn callback_address() -> usize {
    (callback as *const ()).expose_provenance()
}

fn instance(record: &'static Record) -> usize {
    (&raw const *record).expose_provenance()
}

/// A buffer with its header, which stays where it is until the process ends.
#[derive(Clone, Copy)]
pub struct Buffer {
    header: *mut MIDIHDR,
}

impl Buffer {
    /// A buffer with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let data = Box::leak(bytes.to_vec().into_boxed_slice());
        let length = u32::try_from(data.len()).expect("a buffer of no more than 4 GiB");
        Self {
            header: Box::leak(Box::new(MIDIHDR {
                lpData: data.as_mut_ptr(),
                dwBufferLength: length,
                dwBytesRecorded: length,
                ..MIDIHDR::default()
            })),
        }
    }

    pub fn header(self) -> *mut MIDIHDR {
        self.header
    }

    pub fn address(self) -> usize {
        self.header.expose_provenance()
    }

    fn copy(self) -> MIDIHDR {
        // SAFETY: the header is there; a stale copy does no harm.
        unsafe { self.header.read_unaligned() }
    }

    pub fn flags(self) -> u32 {
        self.copy().dwFlags
    }

    pub fn recorded(self) -> usize {
        self.copy().dwBytesRecorded as usize
    }

    pub fn offset(self) -> u32 {
        self.copy().dwOffset
    }

    pub fn is_back(self) -> bool {
        self.flags() & (MHDR_DONE | MHDR_INQUEUE) == MHDR_DONE
    }
}

/// An open output that has not been closed yet.
pub struct Output {
    pub handle: HMIDIOUT,
    pub record: &'static Record,
}

impl Output {
    pub fn try_open(device: u32) -> Result<Self, u32> {
        let record = Record::new(false);
        let mut handle = null_mut();
        // SAFETY: the callback and its record live for ever.
        let result = unsafe {
            midiOutOpen(
                &raw mut handle,
                device,
                callback_address(),
                instance(record),
                CALLBACK_FUNCTION,
            )
        };
        if result == OK {
            Ok(Self { handle, record })
        } else {
            Err(result)
        }
    }

    pub fn open(device: u32) -> Self {
        Self::try_open(device).expect("the port opens")
    }

    pub fn short(&self, bytes: &[u8]) -> u32 {
        let mut packed = [0; 4];
        packed[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: it takes anything.
        unsafe { midiOutShortMsg(self.handle, u32::from_le_bytes(packed)) }
    }

    pub fn prepare(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiOutPrepareHeader(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn unprepare(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiOutUnprepareHeader(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn long(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiOutLongMsg(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn reset(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiOutReset(self.handle) }
    }

    pub fn close(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiOutClose(self.handle) }
    }
}

/// An open input that has not been closed yet.
pub struct Input {
    pub handle: HMIDIIN,
    pub record: &'static Record,
}

impl Input {
    pub fn try_open(device: u32, requeues: bool) -> Result<Self, u32> {
        let record = Record::new(requeues);
        let mut handle = null_mut();
        // SAFETY: the callback and its record live for ever.
        let result = unsafe {
            midiInOpen(
                &raw mut handle,
                device,
                callback_address(),
                instance(record),
                CALLBACK_FUNCTION,
            )
        };
        if result == OK {
            Ok(Self { handle, record })
        } else {
            Err(result)
        }
    }

    /// Opens and starts an input with so many buffers of that size, which are queued again whenever they
    /// come back with data.
    pub fn listen(device: u32, buffers: usize, size: usize) -> (Self, Vec<Buffer>) {
        let input = Self::try_open(device, true).expect("the port opens");
        let buffers: Vec<Buffer> = (0..buffers).map(|_| Buffer::new(&vec![0; size])).collect();
        for &buffer in &buffers {
            assert_eq!(input.prepare(buffer), OK);
            assert_eq!(input.add(buffer), OK);
        }
        assert_eq!(input.start(), OK);
        (input, buffers)
    }

    pub fn prepare(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiInPrepareHeader(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn unprepare(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiInUnprepareHeader(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn add(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiInAddBuffer(self.handle, buffer.header, HEADER_SIZE) }
    }

    pub fn start(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiInStart(self.handle) }
    }

    pub fn stop(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiInStop(self.handle) }
    }

    pub fn reset(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiInReset(self.handle) }
    }

    pub fn close(&self) -> u32 {
        // SAFETY: it takes anything.
        unsafe { midiInClose(self.handle) }
    }
}

/// A handle that was never given.
pub fn no_handle(number: usize) -> *mut c_void {
    without_provenance_mut(number)
}
