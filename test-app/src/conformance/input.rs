//! An open input.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Media::Audio::{CALLBACK_FUNCTION, HMIDIIN, MHDR_PREPARED};

use super::bench::{Bench, succeeded};
use super::buffer::{Buffer, HEADER_SIZE};
use super::heard::{Listener, Recorded, callback};
use super::output::kept_for_ever;
use super::verdict::{Checked, ensure};

/// For how long nothing comes when all has come.
pub const QUIET: Duration = Duration::from_millis(100);

/// An open input; closed when dropped, whatever state the check has left it in.
pub struct Input<'b> {
    bench: &'b Bench,
    handle: HMIDIIN,
    is_open: bool,
    buffers: Vec<Buffer>,
    /// What it says.
    pub listener: Arc<Listener>,
}

impl<'b> Input<'b> {
    /// Opens the input under test, with a callback function.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn open(bench: &'b Bench) -> Checked<Self> {
        let (code, input) = Self::try_open(bench);
        succeeded("midiInOpen", code)?;
        Ok(input)
    }

    /// Opens and starts it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn started(bench: &'b Bench) -> Checked<Self> {
        let input = Self::open(bench)?;
        input.start()?;
        Ok(input)
    }

    /// Opens and starts it with `count` buffers of `size` bytes queued.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn recording(bench: &'b Bench, count: usize, size: usize) -> Checked<Self> {
        let mut input = Self::open(bench)?;
        input.queue(count, size)?;
        input.start()?;
        Ok(input)
    }

    /// Tries to open it; returns winmm's result, too.
    pub fn try_open(bench: &'b Bench) -> (u32, Self) {
        let listener = Arc::new(Listener::default());
        let mut handle = ptr::null_mut();
        // SAFETY: there is room for the handle, and the listener stays where it is.
        let code = unsafe {
            bench.winmm.midiInOpen(
                &raw mut handle,
                bench.ports.input,
                callback as *const c_void as usize,
                kept_for_ever(&listener),
                CALLBACK_FUNCTION,
            )
        };
        let input = Self {
            bench,
            handle,
            is_open: code == 0,
            buffers: Vec::new(),
            listener,
        };
        (code, input)
    }

    /// Its handle.
    #[must_use]
    pub const fn handle(&self) -> HMIDIIN {
        self.handle
    }

    /// Starts it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn start(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        succeeded("midiInStart", unsafe {
            self.bench.winmm.midiInStart(self.handle)
        })
    }

    /// Stops it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn stop(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        succeeded("midiInStop", unsafe {
            self.bench.winmm.midiInStop(self.handle)
        })
    }

    /// Resets it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn reset(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        succeeded("midiInReset", unsafe {
            self.bench.winmm.midiInReset(self.handle)
        })
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
                .midiInPrepareHeader(self.handle, header, HEADER_SIZE)
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
                .midiInUnprepareHeader(self.handle, header, HEADER_SIZE)
        }
    }

    /// Queues a buffer; returns winmm's result.
    #[must_use]
    pub fn try_add(&self, buffer: usize) -> u32 {
        let header = self.buffers[buffer].header();
        // SAFETY: the handle is winmm's, and the header stays where it is.
        unsafe {
            self.bench
                .winmm
                .midiInAddBuffer(self.handle, header, HEADER_SIZE)
        }
    }

    /// Queues `count` new buffers of `size` bytes.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn queue(&mut self, count: usize, size: usize) -> Checked {
        for _ in 0..count {
            let buffer = self.adopt(Buffer::empty(size));
            succeeded("midiInPrepareHeader", self.try_prepare(buffer))?;
            succeeded("midiInAddBuffer", self.try_add(buffer))?;
        }
        Ok(())
    }

    /// A buffer.
    #[must_use]
    pub fn buffer(&self, buffer: usize) -> &Buffer {
        &self.buffers[buffer]
    }

    /// Its buffers.
    #[must_use]
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// Waits until `count` short messages in all have come, and a little longer for such as should
    /// not; returns all.
    #[must_use = "that is what they are waited for"]
    pub fn messages(&self, count: usize) -> Vec<Vec<u8>> {
        let patience = Bench::patience(0);
        self.listener.wait(patience, |heard| heard.short >= count);
        self.listener.wait(QUIET, |heard| heard.short > count);
        self.listener.heard().messages()
    }

    /// Waits until a short message `marker` has come.
    ///
    /// # Errors
    /// If it does not.
    pub fn await_message(&self, marker: &[u8], bytes_before: usize) -> Checked {
        let mut seen = 0;
        let found = self.listener.wait(Bench::patience(bytes_before), |heard| {
            let new = &heard.events[seen.min(heard.events.len())..];
            seen = heard.events.len();
            new.iter().any(|event| {
                event.message == windows_sys::Win32::Media::MM_MIM_DATA
                    && super::heard::unpack(event.first) == marker
            })
        });
        ensure(
            found,
            format!("the message {} to arrive", hex(marker)),
            "nothing of the kind",
        )
    }

    /// Records System Exclusive data until `bytes` of them have come; each buffer that is returned is
    /// queued again.
    ///
    /// # Errors
    /// If winmm refuses a buffer.
    pub fn record(&self, bytes: usize) -> Checked<Vec<Recorded>> {
        let mut taken = 0;
        loop {
            let patience = Bench::patience(bytes);
            let came = self.listener.wait(patience, |heard| heard.long > taken);
            let (recorded, total) = {
                let heard = self.listener.heard();
                (heard.recorded(), heard.long_bytes)
            };
            if !came || total >= bytes {
                return Ok(recorded);
            }
            for one in &recorded[taken..] {
                let mine = |buffer: &Buffer| buffer.address() == one.header;
                if let Some(buffer) = self.buffers.iter().position(mine) {
                    succeeded("midiInAddBuffer", self.try_add(buffer))?;
                }
            }
            taken = recorded.len();
        }
    }

    /// Waits until nothing has come for a while.
    pub fn settle(&self) {
        let mut count = usize::MAX;
        while self.listener.wait(QUIET, |heard| {
            let is_new = count != usize::MAX && heard.events.len() > count;
            count = heard.events.len();
            is_new
        }) {}
    }

    /// Takes all buffers back.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn unprepare_all(&mut self) -> Checked {
        for buffer in 0..self.buffers.len() {
            succeeded("midiInUnprepareHeader", self.try_unprepare(buffer))?;
        }
        self.buffers.clear();
        Ok(())
    }

    /// Closes it; returns winmm's result.
    pub fn try_close(&mut self) -> u32 {
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiInClose(self.handle) };
        self.is_open &= code != 0;
        code
    }

    /// Takes all buffers back and closes it.
    ///
    /// # Errors
    /// If winmm refuses.
    pub fn close(&mut self) -> Checked {
        self.reset()?;
        self.unprepare_all()?;
        succeeded("midiInClose", self.try_close())
    }
}

impl Drop for Input<'_> {
    /// As far as winmm lets it: whether it does is not what the check is about any more.
    fn drop(&mut self) {
        if self.is_open {
            let _ = self.reset();
            for buffer in 0..self.buffers.len() {
                if self.buffers[buffer].has(MHDR_PREPARED) {
                    let _ = self.try_unprepare(buffer);
                }
            }
            let _ = self.try_close();
        }
        self.listener.clear();
    }
}

/// Bytes as people write them.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

/// Objects unless `got` is `expected`, message by message.
///
/// # Errors
/// [`super::verdict::Objection::Wrong`], which names the first difference.
pub fn same_messages(expected: &[Vec<u8>], got: &[Vec<u8>]) -> Checked {
    let differ = |(expected, got): (&Vec<u8>, &Vec<u8>)| expected != got;
    if let Some(number) = expected.iter().zip(got).position(differ) {
        return ensure(
            false,
            format!("{} as message {number}", hex(&expected[number])),
            format!(
                "{} ({} messages of {} in all)",
                hex(&got[number]),
                got.len(),
                expected.len()
            ),
        );
    }
    ensure(
        expected.len() == got.len(),
        format!("{} messages", expected.len()),
        got.len().to_string(),
    )
}
