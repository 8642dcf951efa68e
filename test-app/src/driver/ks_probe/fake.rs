//! Kernel streaming that is made up: what is written comes back as a script has it.

use std::collections::VecDeque;
use std::time::Duration;

use super::beside::{Beside, BesideRead};
use super::streaming::{Asking, FRAME_EXTENT, Frame, KernelStreaming, Pin, State};
use crate::driver::windows::{Called, SystemError};
use crate::interrupt::Interrupt;

/// Packs records.
pub fn records(records: &[(u32, &[u8])]) -> Vec<u8> {
    let mut packed = Vec::new();
    for (delta, bytes) in records {
        packed.extend(delta.to_le_bytes());
        packed.extend(u32::try_from(bytes.len()).expect("few").to_le_bytes());
        packed.extend(*bytes);
        packed.resize(packed.len().next_multiple_of(4), 0);
    }
    packed
}

/// A frame that begins with these bytes, and whose `DataUsed` is how many these are.
pub fn frame(bytes: &[u8]) -> Frame {
    let mut buffer = bytes.to_vec();
    buffer.resize(FRAME_EXTENT, 0);
    Frame {
        data_used: u32::try_from(bytes.len()).expect("few"),
        time: Asking::Midisrv.time(),
        bytes: buffer,
    }
}

/// What a message that was written becomes: the frames that complete reads, given the milliseconds since
/// RUN.
pub type Echo = fn(u32, &[u8]) -> Vec<Frame>;

/// Kernel streaming that is made up.
pub struct FakeStreaming {
    pub echo: Echo,
    pub asking: Asking,
    /// Reads complete with zeroed frames, without end, once something was written.
    pub firehose: bool,
    /// The function that fails, after that many calls, and its error.
    pub failing: Option<(&'static str, usize, u32)>,
    pub now: Duration,
    /// Is raised when the first message is written.
    pub interrupted: Option<Interrupt>,
    /// States that were set, in order.
    pub states: Vec<(Pin, State)>,
    pub written: Vec<Vec<u8>>,
    pub is_pended: bool,
    running_since: Duration,
    frames: VecDeque<Frame>,
    calls: usize,
}

impl FakeStreaming {
    pub fn new(echo: Echo) -> Self {
        Self {
            echo,
            asking: Asking::default(),
            firehose: false,
            failing: None,
            now: Duration::from_secs(100),
            interrupted: None,
            states: Vec::new(),
            written: Vec::new(),
            is_pended: false,
            running_since: Duration::ZERO,
            frames: VecDeque::new(),
            calls: 0,
        }
    }

    fn call(&mut self, function: &'static str) -> Called<()> {
        if let Some((failing, after, code)) = self.failing
            && failing == function
        {
            self.calls += 1;
            if self.calls > after {
                return Err(SystemError { function, code });
            }
        }
        Ok(())
    }
}

impl KernelStreaming for FakeStreaming {
    fn asking(&self) -> Asking {
        self.asking
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    fn open(&mut self, pin: Pin) -> Called<()> {
        self.call(match pin {
            Pin::Output => "open output",
            Pin::Input => "open input",
        })
    }

    fn set_state(&mut self, pin: Pin, state: State) -> Called<()> {
        self.call("set_state")?;
        if (pin, state) == (Pin::Input, State::Run) {
            self.running_since = self.now;
        }
        self.states.push((pin, state));
        Ok(())
    }

    fn pend_read(&mut self) -> Called<()> {
        assert!(!self.is_pended, "a read is pended already");
        self.call("pend_read")?;
        self.is_pended = true;
        Ok(())
    }

    fn completed_read(&mut self, limit: Duration) -> Called<Option<Frame>> {
        assert!(self.is_pended, "no read is pended");
        self.call("completed_read")?;
        let frame = if self.firehose && !self.written.is_empty() {
            let mut zeroed = frame(&[]);
            zeroed.data_used = u32::try_from(FRAME_EXTENT).expect("it is small");
            Some(zeroed)
        } else {
            self.frames.pop_front()
        };
        if frame.is_some() {
            self.is_pended = false;
            self.now += Duration::from_micros(300);
        } else {
            self.now += limit;
        }
        Ok(frame)
    }

    fn write(&mut self, message: &[u8]) -> Called<()> {
        self.call("write")?;
        if let Some(interrupt) = self.interrupted.take() {
            interrupt.raise();
        }
        self.written.push(message.to_vec());
        let since = self.now.saturating_sub(self.running_since).as_millis();
        let since = u32::try_from(since).expect("not long");
        self.frames.extend((self.echo)(since, message));
        Ok(())
    }
}

/// Another way to the loop, which is made up too.
pub struct FakeBeside(pub Result<Vec<BesideRead>, String>);

impl FakeBeside {
    /// Everything comes back.
    pub fn hears_all() -> Self {
        let messages = super::probe::messages().into_iter();
        let reads = messages.map(|bytes| BesideRead {
            stamp_ms: 300,
            bytes: bytes.to_vec(),
        });
        Self(Ok(reads.collect()))
    }
}

impl Beside for FakeBeside {
    fn name(&self) -> String {
        "winmm, port 'made up'".to_owned()
    }

    fn loop_back(&mut self, _: &[&[u8]]) -> Result<Vec<BesideRead>, String> {
        self.0.clone()
    }
}
