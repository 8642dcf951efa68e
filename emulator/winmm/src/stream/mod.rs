//! Open streams: a sequencer in front of an output.

mod events;
mod tempo;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Media::Audio::MIDIERR_NOTREADY;
use windows_sys::Win32::Media::{
    MM_MOM_OPEN, MM_MOM_POSITIONCB, MMSYSERR_INVALPARAM, MMSYSERR_NOMEM,
};

use crate::callbacks::{Callbacks, Event};
use crate::handles::{self, Open};
use crate::headers::Header;
use crate::output::Output;
use crate::ports::Port;
use crate::results::Outcome;
use events::{Action, StreamEvent, event};
pub(crate) use tempo::Tempo;

/// Bytes that a stream's buffer may have at most.
pub(crate) const LONGEST_BUFFER: usize = 64 << 10;
/// An output that is full is asked again after this.
const FULL: Duration = Duration::from_millis(5);

/// An open stream.
pub(crate) struct Stream {
    output: Arc<Output>,
    callbacks: Arc<Callbacks>,
    score: Mutex<Score>,
    changed: Condvar,
}

/// Where a stream is in what it plays.
#[derive(Default)]
struct Score {
    parts: VecDeque<Part>,
    tempo: Tempo,
    playing: bool,
    closed: bool,
    /// Ticks and time up to the last event.
    ticks: u64,
    time: Duration,
    /// Time between the last event and `since`, and since when it runs on, if it does.
    passed: Duration,
    since: Option<Instant>,
}

/// A buffer that is played, or waits for it.
struct Part {
    header: Header,
    bytes: Vec<u8>,
    offset: usize,
}

/// What the sequencer does next.
enum Step {
    /// Waits for something to change.
    Rest,
    /// Waits that long.
    Wait(Duration),
    /// Does it.
    Play(StreamEvent),
    /// Gives the first buffer back.
    Finish,
}

impl Stream {
    /// Opens the port's output for a stream, paused, and makes `handle` its handle; `tell` makes that
    /// known to the program before it is told anything.
    pub(crate) fn open_handle(
        handle: usize,
        port: &'static Port,
        callbacks: &Arc<Callbacks>,
        tell: impl FnOnce(),
    ) -> Outcome {
        let output = Output::open(port, callbacks).inspect_err(|_| callbacks.abort())?;
        let stream = Arc::new(Self {
            output,
            callbacks: Arc::clone(callbacks),
            score: Mutex::default(),
            changed: Condvar::new(),
        });
        let sequencer = Arc::clone(&stream);
        let thread = thread::Builder::new().name("MIDI stream".to_owned());
        if thread.spawn(move || sequencer.play()).is_err() {
            stream.output.shut();
            return Err(MMSYSERR_NOMEM);
        }
        handles::insert(handle, Open::Stream(stream));
        tell();
        callbacks.tell(Event::bare(MM_MOM_OPEN));
        Ok(())
    }

    /// The output that it plays to.
    pub(crate) const fn output(&self) -> &Arc<Output> {
        &self.output
    }

    fn lock(&self) -> MutexGuard<'_, Score> {
        self.score.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a buffer of events.
    pub(crate) fn add(&self, header: Header) -> Outcome {
        self.output.check_presence()?;
        let mut score = self.lock();
        let length = header.bytes_recorded();
        let fits = length <= header.buffer_length() && length < LONGEST_BUFFER;
        if !fits || !length.is_multiple_of(4) {
            return Err(MMSYSERR_INVALPARAM);
        }
        header.enqueue()?;
        score.parts.push_back(Part {
            header,
            bytes: header.bytes(length),
            offset: 0,
        });
        score.go_on();
        self.changed.notify_all();
        Ok(())
    }

    /// Plays, or plays on.
    pub(crate) fn restart(&self) {
        let mut score = self.lock();
        score.playing = true;
        score.go_on();
        self.changed.notify_all();
    }

    /// Stands still, and turns off the notes that sound.
    pub(crate) fn pause(&self) {
        let mut score = self.lock();
        if std::mem::take(&mut score.playing) {
            score.stand();
            self.output.turn_notes_off();
        }
        self.changed.notify_all();
    }

    /// Returns all buffers, turns off the notes that sound, and goes back to the beginning.
    pub(crate) fn stop(&self) {
        let mut score = self.lock();
        for part in std::mem::take(&mut score.parts) {
            self.output.return_buffer(part.header);
        }
        *score = Score {
            tempo: score.tempo,
            closed: score.closed,
            ..Score::default()
        };
        self.output.turn_notes_off();
        self.changed.notify_all();
        drop(score);
        self.callbacks.flush();
    }

    /// Closes the stream; its buffers go back.
    pub(crate) fn close(&self, handle: usize) -> Outcome {
        handles::remove(handle)?;
        self.lock().closed = true;
        self.stop();
        self.output.shut();
        Ok(())
    }

    /// Ticks and time that have been played.
    pub(crate) fn position(&self) -> (u64, Duration) {
        let score = self.lock();
        let passed = score.passed_now(Instant::now());
        let ticks = score.ticks + score.tempo.ticks(passed);
        (ticks, score.time + passed)
    }

    /// Tempo and time division.
    pub(crate) fn tempo(&self) -> Tempo {
        self.lock().tempo
    }

    /// Changes the tempo.
    pub(crate) fn set_microseconds(&self, microseconds: u32) {
        self.lock().tempo.microseconds = microseconds;
        self.changed.notify_all();
    }

    /// Changes the time division, which can't be done while it plays.
    pub(crate) fn set_division(&self, division: u32) -> Outcome {
        let mut score = self.lock();
        if score.playing || !Tempo::is_division(division) {
            return Err(MMSYSERR_INVALPARAM);
        }
        score.tempo.division = division;
        Ok(())
    }

    /// Does what the score says until the stream is closed.
    fn play(&self) {
        let mut score = self.lock();
        while !score.closed {
            let pause = match score.step(Instant::now()) {
                Step::Rest => None,
                Step::Wait(pause) => Some(pause),
                Step::Finish => {
                    score.finish_part(&self.output);
                    continue;
                }
                Step::Play(event) => match self.perform(&mut score, event) {
                    Ok(()) => continue,
                    Err(pause) => Some(pause),
                },
            };
            score = match pause {
                None => self
                    .changed
                    .wait(score)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(pause) => {
                    let waited = self.changed.wait_timeout(score, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Plays an event and goes past it; or says how long to wait for the output to have room.
    fn perform(&self, score: &mut Score, event: StreamEvent) -> Result<(), Duration> {
        let tempo = match event.action {
            Action::Short(packed) => match self.output.send_short(packed, false) {
                Err(MIDIERR_NOTREADY) => return Err(FULL),
                // What a device that is gone does not take is passed over in silence.
                Ok(()) | Err(_) => None,
            },
            Action::Long(bytes) => {
                // The same.
                let _ = self.output.send_bytes(bytes);
                None
            }
            Action::Tempo(microseconds) => Some(microseconds),
            Action::Nothing => None,
        };
        if event.calls_back
            && let Some(part) = score.parts.front()
        {
            part.header.set_offset(part.offset);
            self.callbacks.post(Event {
                message: MM_MOM_POSITIONCB,
                first: part.header.address(),
                second: 0,
            });
        }
        score.pass(event.delta, event.next);
        if let Some(microseconds) = tempo {
            score.tempo.microseconds = microseconds;
        }
        Ok(())
    }
}

impl Score {
    fn passed_now(&self, now: Instant) -> Duration {
        let running = self.since.map(|since| now.saturating_duration_since(since));
        self.passed + running.unwrap_or_default()
    }

    /// Time runs while there is something to play.
    fn go_on(&mut self) {
        if self.playing && !self.parts.is_empty() {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    fn stand(&mut self) {
        self.passed = self.passed_now(Instant::now());
        self.since = None;
    }

    fn step(&self, now: Instant) -> Step {
        let Some(part) = self.parts.front().filter(|_| self.playing) else {
            return Step::Rest;
        };
        let Some(event) = event(&part.bytes, part.offset) else {
            return Step::Finish;
        };
        let due = self.tempo.duration(u64::from(event.delta));
        match due.checked_sub(self.passed_now(now)) {
            Some(rest) if !rest.is_zero() => Step::Wait(rest),
            _ => Step::Play(event),
        }
    }

    /// Goes past an event at the moment at which it was due, so that lateness does not add up.
    fn pass(&mut self, delta: u32, next: usize) {
        let due = self.tempo.duration(u64::from(delta));
        self.ticks += u64::from(delta);
        self.time += due;
        let rest = due.saturating_sub(self.passed);
        self.passed = self.passed.saturating_sub(due);
        if let Some(since) = &mut self.since {
            *since += rest;
        }
        if let Some(part) = self.parts.front_mut() {
            part.offset = next;
        }
    }

    /// Gives the first buffer back. After the last one time stands still.
    fn finish_part(&mut self, output: &Output) {
        if let Some(part) = self.parts.pop_front() {
            output.return_buffer(part.header);
        }
        if self.parts.is_empty() {
            self.since = None;
            self.passed = Duration::ZERO;
        }
    }
}
