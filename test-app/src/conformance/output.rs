//! An open output.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, HMIDIOUT, MHDR_DONE, MHDR_PREPARED};

use super::bench::{Bench, succeeded};
use super::buffer::{Buffer, HEADER_SIZE};
use super::heard::{Listener, callback};
use super::verdict::{Checked, ensure};

/// An open output; closed when dropped, whatever state the check has left it in.
pub struct Output<'b> {
    bench: &'b Bench,
    handle: HMIDIOUT,
    is_open: bool,
    buffers: Vec<Buffer>,
    /// What it says.
    pub listener: Arc<Listener>,
}

/// A callback may come when it should not, so that what it writes to must never go away.
pub(super) fn kept_for_ever(listener: &Arc<Listener>) -> usize {
    Arc::into_raw(Arc::clone(listener)) as usize
}

impl<'b> Output<'b> {
    /// Opens the output under test, with a callback function.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn open(bench: &'b Bench) -> Checked<Self> {
        let (code, output) = Self::try_open(bench);
        succeeded("midiOutOpen", code)?;
        Ok(output)
    }

    /// Tries to; returns winmm's result, too.
    pub fn try_open(bench: &'b Bench) -> (u32, Self) {
        let listener = Arc::new(Listener::default());
        let mut handle = ptr::null_mut();
        // SAFETY: there is room for the handle, and the listener stays where it is.
        let code = unsafe {
            bench.winmm.midiOutOpen(
                &raw mut handle,
                bench.ports.output,
                callback as *const c_void as usize,
                kept_for_ever(&listener),
                CALLBACK_FUNCTION,
            )
        };
        let output = Self {
            bench,
            handle,
            is_open: code == 0,
            buffers: Vec::new(),
            listener,
        };
        (code, output)
    }

    /// Its handle.
    #[must_use]
    pub const fn handle(&self) -> HMIDIOUT {
        self.handle
    }

    /// Hands a short message over; returns winmm's result.
    #[must_use]
    pub fn try_send(&self, bytes: &[u8]) -> u32 {
        let mut four = [0; 4];
        four[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: the handle is winmm's.
        unsafe {
            self.bench
                .winmm
                .midiOutShortMsg(self.handle, u32::from_le_bytes(four))
        }
    }

    /// Hands a short message over.
    ///
    /// # Errors
    /// If winmm refuses it.
    pub fn send(&self, bytes: &[u8]) -> Checked {
        succeeded("midiOutShortMsg", self.try_send(bytes))
    }

    /// Prepares a buffer with `data`; returns its number.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn prepare(&mut self, data: Vec<u8>) -> Checked<usize> {
        let buffer = self.adopt(Buffer::new(data));
        succeeded("midiOutPrepareHeader", self.try_prepare(buffer))?;
        Ok(buffer)
    }

    /// Keeps `buffer`, unprepared, for as long as the port is open; returns its number.
    pub fn adopt(&mut self, buffer: Buffer) -> usize {
        self.buffers.push(buffer);
        self.buffers.len() - 1
    }

    /// Prepares a buffer; returns winmm's result.
    #[must_use]
    pub fn try_prepare(&self, buffer: usize) -> u32 {
        let header = self.buffers[buffer].header();
        // SAFETY: the handle is winmm's, and the header stays where it is.
        unsafe {
            self.bench
                .winmm
                .midiOutPrepareHeader(self.handle, header, HEADER_SIZE)
        }
    }

    /// Takes a buffer back; returns winmm's result.
    #[must_use]
    pub fn try_unprepare(&self, buffer: usize) -> u32 {
        let header = self.buffers[buffer].header();
        // SAFETY: the handle is winmm's, and the header stays where it is.
        unsafe {
            self.bench
                .winmm
                .midiOutUnprepareHeader(self.handle, header, HEADER_SIZE)
        }
    }

    /// Hands a buffer over; returns winmm's result.
    #[must_use]
    pub fn try_send_buffer(&self, buffer: usize) -> u32 {
        let header = self.buffers[buffer].header();
        // SAFETY: the handle is winmm's, and the header stays where it is.
        unsafe {
            self.bench
                .winmm
                .midiOutLongMsg(self.handle, header, HEADER_SIZE)
        }
    }

    /// Hands a buffer over.
    ///
    /// # Errors
    /// If winmm refuses it.
    pub fn send_buffer(&self, buffer: usize) -> Checked {
        succeeded("midiOutLongMsg", self.try_send_buffer(buffer))
    }

    /// Hands `data` over in a buffer of its own; returns its number.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn send_long(&mut self, data: &[u8]) -> Checked<usize> {
        let buffer = self.prepare(data.to_vec())?;
        self.send_buffer(buffer)?;
        Ok(buffer)
    }

    /// A buffer.
    #[must_use]
    pub fn buffer(&self, buffer: usize) -> &Buffer {
        &self.buffers[buffer]
    }

    /// Waits until `count` buffers in all have been returned, while `bytes` leave.
    ///
    /// # Errors
    /// If they are not.
    pub fn await_done(&self, count: usize, bytes: usize) -> Checked {
        let patience = Bench::patience(bytes);
        self.listener.wait(patience, |heard| heard.done >= count);
        let done = self.listener.heard().done;
        ensure(
            done == count,
            format!("MOM_DONE for {count} buffers"),
            format!("for {done}"),
        )
    }

    /// Resets it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn reset(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        succeeded("midiOutReset", unsafe {
            self.bench.winmm.midiOutReset(self.handle)
        })
    }

    /// Takes all buffers back.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn unprepare_all(&mut self) -> Checked {
        for buffer in 0..self.buffers.len() {
            succeeded("midiOutUnprepareHeader", self.try_unprepare(buffer))?;
        }
        self.buffers.clear();
        Ok(())
    }

    /// Closes it; returns winmm's result.
    pub fn try_close(&mut self) -> u32 {
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiOutClose(self.handle) };
        self.is_open &= code != 0;
        code
    }

    /// Takes all buffers back and closes it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn close(&mut self) -> Checked {
        self.unprepare_all()?;
        succeeded("midiOutClose", self.try_close())
    }
}

impl Drop for Output<'_> {
    /// As far as winmm lets it: whether it does is not what the check is about any more.
    fn drop(&mut self) {
        if self.is_open {
            let _ = self.reset();
            for buffer in 0..self.buffers.len() {
                let is_prepared = self.buffers[buffer].has(MHDR_PREPARED);
                if is_prepared {
                    self.listener.wait(Bench::patience(0), |_| {
                        self.buffers[buffer].has(MHDR_DONE)
                            || !self.buffers[buffer]
                                .has(windows_sys::Win32::Media::Audio::MHDR_INQUEUE)
                    });
                    let _ = self.try_unprepare(buffer);
                }
            }
            let _ = self.try_close();
        }
        self.listener.clear();
    }
}
