//! One use of an output, an input, or both, in real time.

use std::thread;
use std::time::{Duration, Instant};

use super::input::{Heard, Input, Over};
use super::output::{Closed, Output};
use super::refusal::{Refusal, Side, gone};
use crate::backend::{Cable, Carries, FarEnd, PortInfo, ReceivedBytes, Session, Setup, WireByte};
use crate::failure::Failure;
use crate::midi::message::short_length;
use crate::midi::sounding::Sounding;
use crate::midi::wire_time;

/// Bytes that may wait in winmm before more are handed over: a second's worth on the wire.
const MOST_QUEUED: usize = 3125;

/// Between two looks whether winmm has got further.
const LOOK: Duration = Duration::from_millis(1);

/// How long a sleep goes on before it is looked whether the ports are still there.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// A device that takes no byte for so long takes none any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// One use of the ports.
pub(super) struct WinmmSession {
    origin: Instant,
    output: Option<Output>,
    output_port: Option<PortInfo>,
    input: Option<Input>,
    input_port: Option<PortInfo>,
    /// What a closed input had received.
    left_over: Vec<Heard>,
    /// Calls of the callback that were lost on inputs that are closed.
    overflowed: u64,
    sounding: Sounding,
    /// When a cable would have carried the short messages, counted from the origin. Of them winmm does
    /// not tell.
    carried_by: Duration,
    looked_at: Instant,
}

impl WinmmSession {
    pub(super) fn new(setup: &Setup) -> Self {
        let now = Instant::now();
        Self {
            origin: now,
            output: None,
            output_port: setup.output.clone(),
            input: None,
            input_port: setup.input.clone(),
            left_over: Vec::new(),
            overflowed: 0,
            sounding: Sounding::default(),
            carried_by: Duration::ZERO,
            looked_at: now,
        }
    }

    /// Closes what the work left open. After a `failed` one no note stays.
    ///
    /// # Errors
    /// [`Failure::Device`] if winmm kept something, or the tool itself lost something.
    pub(super) fn finish(mut self, failed: bool) -> Result<(), Failure> {
        let silenced = match self.output.take() {
            Some(output) if failed => told(
                output.silence_and_close(&self.sounding),
                Side::Output,
                self.output_port.as_ref(),
            ),
            Some(output) => told(output.close(), Side::Output, self.output_port.as_ref()),
            None => Ok(()),
        };
        let closed = self.close_input();
        silenced.and(closed)?;
        if self.overflowed > 0 {
            return Err(Failure::Device(format!(
                "this program was too slow: {} received messages were lost in it, not in the port; end \
                 other programs, and run it again",
                self.overflowed
            )));
        }
        Ok(())
    }

    fn output(&mut self) -> Result<&mut Output, Failure> {
        let closed = || Failure::Device("the output is closed".into());
        self.output.as_mut().ok_or_else(closed)
    }

    fn refused(&self, refusal: Refusal) -> Failure {
        let port = match refusal.side {
            Side::Output => &self.output_port,
            Side::Input => &self.input_port,
        };
        refusal.failure(name(port.as_ref()))
    }

    /// Whether the ports are still there; asks winmm itself only now and then.
    fn check(&mut self) -> Result<(), Failure> {
        if let Some(over) = self.input.as_ref().and_then(Input::over) {
            return Err(match over {
                Over::Closed => closed_by_itself(self.input_port.as_ref()),
                Over::Refused(refusal) => self.refused(refusal),
            });
        }
        let Some(output) = &self.output else {
            return Ok(());
        };
        if output.was_closed() {
            return Err(closed_by_itself(self.output_port.as_ref()));
        }
        if self.looked_at.elapsed() < LONGEST_SLEEP {
            return Ok(());
        }
        self.looked_at = Instant::now();
        let there = output.is_there();
        there.map_err(|refusal| self.refused(refusal))
    }

    /// Waits while winmm has `bytes` of long messages or more.
    fn await_fewer_than(
        &mut self,
        bytes: usize,
        deadline: Option<Duration>,
    ) -> Result<(), Failure> {
        let mut queued = self.output()?.queued_bytes();
        let mut progress = Instant::now();
        while queued >= bytes {
            self.check()?;
            let is_late = deadline.is_some_and(|deadline| self.now() >= deadline);
            if is_late || progress.elapsed() >= PATIENCE {
                return Err(Failure::Device(format!(
                    "the output '{}' takes no more bytes, and has {queued} that were handed over; connect \
                     it again",
                    name(self.output_port.as_ref())
                )));
            }
            thread::sleep(LOOK);
            let left = self.output()?.queued_bytes();
            if left < queued {
                progress = Instant::now();
            }
            queued = left;
        }
        Ok(())
    }
}

impl Session for WinmmSession {
    fn cable(&self) -> Cable {
        let far_end = match self.input_port {
            Some(_) => FarEnd::AssumedLoop,
            None => FarEnd::Others,
        };
        Cable {
            wire_visible: false,
            far_end,
            carries: Carries::Messages,
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn open_output(&mut self) -> Result<(), Failure> {
        let port = self.output_port.as_ref();
        let none = || Failure::Device("no output is chosen".into());
        let index = port.ok_or_else(none)?.index;
        let opened = Output::open(index);
        self.output = Some(opened.map_err(|refusal| self.refused(refusal))?);
        Ok(())
    }

    fn close_output(&mut self) -> Result<(), Failure> {
        self.await_fewer_than(1, None)?;
        match self.output.take() {
            Some(output) => told(output.close(), Side::Output, self.output_port.as_ref()),
            None => Ok(()),
        }
    }

    /// Without a chosen input there is nothing to open, and nothing will be received.
    fn open_input(&mut self) -> Result<(), Failure> {
        let Some(port) = &self.input_port else {
            return Ok(());
        };
        let opened = Input::open(port.index);
        self.input = Some(opened.map_err(|refusal| self.refused(refusal))?);
        Ok(())
    }

    fn close_input(&mut self) -> Result<(), Failure> {
        let Some(mut input) = self.input.take() else {
            return Ok(());
        };
        let closed = input.close();
        self.left_over.extend(input.take());
        self.overflowed += input.counts().overflowed;
        told(closed, Side::Input, self.input_port.as_ref())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.await_fewer_than(MOST_QUEUED, None)?;
        self.check()?;
        let is_short = short_length(bytes) == Some(bytes.len());
        let output = self.output()?;
        let sent = if is_short {
            output.short_message(bytes)
        } else {
            output.long_message(bytes)
        };
        sent.map_err(|refusal| self.refused(refusal))?;
        if is_short {
            self.sounding.follow(bytes);
            self.carried_by = self.carried_by.max(self.now()) + wire_time(bytes.len());
        }
        Ok(())
    }

    /// Sleeps as precisely as the standard library does: on Windows by a waitable timer of high
    /// resolution.
    fn wait_until(&mut self, at: Duration) -> Result<(), Failure> {
        loop {
            self.check()?;
            let left = at.saturating_sub(self.now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(LONGEST_SLEEP));
        }
    }

    /// Waits until winmm has given back all long messages. When short messages have left nobody tells;
    /// where no input hears them, it waits as long as a cable takes for them.
    fn drain(&mut self, limit: Duration) -> Result<(), Failure> {
        let deadline = self.now() + limit;
        self.await_fewer_than(1, Some(deadline))?;
        if self.input.is_none() {
            self.wait_until(self.carried_by.min(deadline))?;
        }
        Ok(())
    }

    fn received(&mut self) -> Vec<ReceivedBytes> {
        let mut heard = std::mem::take(&mut self.left_over);
        heard.extend(self.input.iter().flat_map(Input::take));
        let received = heard.into_iter().map(|heard| ReceivedBytes {
            at: heard.at.saturating_duration_since(self.origin),
            bytes: heard.what.into_bytes(),
        });
        received.collect()
    }

    fn on_the_wire(&mut self) -> Vec<WireByte> {
        Vec::new()
    }

    fn far_end_sends(&mut self, _bytes: &[u8]) -> Result<Duration, Failure> {
        Err(Failure::Device("the other end is not ours".into()))
    }
}

fn name(port: Option<&PortInfo>) -> &str {
    port.map_or("", |port| &port.name)
}

fn closed_by_itself(port: Option<&PortInfo>) -> Failure {
    Failure::Device(gone(name(port), "Windows has closed it"))
}

fn told(closed: Closed, side: Side, port: Option<&PortInfo>) -> Result<(), Failure> {
    closed.result(side, name(port))
}
