//! Open inputs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::Media::Audio::{MIDIERR_NOTREADY, MIDIERR_STILLPLAYING};
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_DATA, MM_MIM_ERROR, MM_MIM_LONGDATA, MM_MIM_LONGERROR, MM_MIM_MOREDATA,
    MM_MIM_OPEN, MMSYSERR_INVALPARAM, MMSYSERR_NODRIVER,
};

use crate::callbacks::{Callbacks, Event};
use crate::handles::{self, Open};
use crate::headers::Header;
use crate::output::Output;
use crate::parser::{Parser, Piece};
use crate::ports::Port;
use crate::results::Outcome;

/// With `MIDI_IO_STATUS`, a program that is behind by so many events is told so.
const BEHIND: usize = 64;
/// Received bytes wait so long for a buffer that the program has just got back.
const GRACE: Duration = Duration::from_millis(100);
/// No more bytes than this wait for a buffer.
const MOST_HELD: usize = 4 << 20;

/// An open input.
pub(crate) struct Input {
    port: &'static Port,
    callbacks: Arc<Callbacks>,
    tells_more_data: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When input was started, if it is.
    started: Option<Instant>,
    parser: Parser,
    /// Received, but not told yet.
    held: VecDeque<(Instant, u8)>,
    buffers: VecDeque<Header>,
    /// Bytes in the first buffer.
    recorded: usize,
    /// The System Exclusive message that is coming in found no buffer.
    dropping: bool,
    /// When the program last got a buffer back.
    returned: Option<Instant>,
    /// Where short messages go as well.
    connected: Option<Arc<Output>>,
    vanished: bool,
}

impl Input {
    /// Opens the port's input and makes `handle` its handle; `tell` makes that known to the program
    /// before it is told anything. With `tells_more_data`, a program that is slow hears
    /// `MIM_MOREDATA` in place of `MIM_DATA`.
    pub(crate) fn open_handle(
        handle: usize,
        port: &'static Port,
        callbacks: &Arc<Callbacks>,
        tells_more_data: bool,
        tell: impl FnOnce(),
    ) -> Outcome {
        let input = Arc::new(Self {
            port,
            callbacks: Arc::clone(callbacks),
            tells_more_data,
            state: Mutex::default(),
        });
        port.open_input(&input).inspect_err(|_| callbacks.abort())?;
        handles::insert(handle, Open::Input(input));
        tell();
        callbacks.tell(Event::bare(MM_MIM_OPEN));
        Ok(())
    }

    /// The port.
    pub(crate) fn port(&self) -> &'static Port {
        self.port
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a header while nothing else touches it.
    pub(crate) fn with_headers<R>(&self, work: impl FnOnce() -> R) -> R {
        let _state = self.lock();
        work()
    }

    /// Queues a buffer for System Exclusive messages.
    pub(crate) fn add_buffer(&self, header: Header) -> Outcome {
        let mut state = self.lock();
        state.check()?;
        if header.buffer_length() == 0 {
            return Err(MMSYSERR_INVALPARAM);
        }
        header.enqueue()?;
        header.set_bytes_recorded(0);
        state.buffers.push_back(header);
        self.tell_held(&mut state);
        Ok(())
    }

    /// Starts input; time stamps count from here. If it is started already, nothing happens.
    pub(crate) fn start(&self) -> Outcome {
        let mut state = self.lock();
        state.check()?;
        state.started.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Stops input, and returns the buffer that is partly filled.
    pub(crate) fn stop(&self) -> Outcome {
        let mut state = self.lock();
        self.stop_receiving(&mut state);
        let outcome = state.check();
        drop(state);
        self.callbacks.flush();
        outcome
    }

    /// Stops input, and returns all buffers.
    pub(crate) fn reset(&self) -> Outcome {
        let mut state = self.lock();
        self.return_all(&mut state);
        let outcome = state.check();
        drop(state);
        self.callbacks.flush();
        outcome
    }

    /// Closes the input. One whose device has vanished gives its buffers back.
    pub(crate) fn close(&self, handle: usize) -> Outcome {
        let mut state = self.lock();
        if state.vanished {
            self.return_all(&mut state);
        }
        if !state.buffers.is_empty() {
            return Err(MIDIERR_STILLPLAYING);
        }
        handles::remove(handle)?;
        state.started = None;
        state.connected = None;
        drop(state);
        self.port.close_input();
        self.callbacks.end();
        self.callbacks.tell(Event::bare(MM_MIM_CLOSE));
        Ok(())
    }

    /// Sends short messages to an output from now on, too.
    pub(crate) fn connect(&self, output: Arc<Output>) -> Outcome {
        let mut state = self.lock();
        if state.connected.is_some() {
            return Err(MIDIERR_NOTREADY);
        }
        state.connected = Some(output);
        Ok(())
    }

    /// Ends a connection with that output.
    pub(crate) fn disconnect(&self, output: &Arc<Output>) -> Outcome {
        let mut state = self.lock();
        let is_it = |connected: &mut Arc<Output>| Arc::ptr_eq(connected, output);
        let ended = state.connected.take_if(is_it);
        ended.map(drop).ok_or(MMSYSERR_INVALPARAM)
    }

    fn stop_receiving(&self, state: &mut State) {
        let stamp = state.stamp(Instant::now());
        state.started = None;
        state.held.clear();
        state.parser = Parser::default();
        state.dropping = false;
        if state.recorded > 0 {
            self.return_buffer(state, MM_MIM_LONGDATA, stamp);
        }
    }

    fn return_all(&self, state: &mut State) {
        let stamp = state.stamp(Instant::now());
        self.stop_receiving(state);
        while !state.buffers.is_empty() {
            self.return_buffer(state, MM_MIM_LONGDATA, stamp);
        }
    }

    fn return_buffer(&self, state: &mut State, message: u32, stamp: usize) {
        let Some(header) = state.buffers.pop_front() else {
            return;
        };
        header.set_bytes_recorded(std::mem::take(&mut state.recorded));
        header.done();
        state.returned = Some(Instant::now());
        self.callbacks.post(Event {
            message,
            first: header.address(),
            second: stamp,
        });
    }

    // --- the port's side --------------------------------------------------------------------------

    /// Bytes have come in.
    pub(crate) fn receive(&self, at: Instant, bytes: &[u8]) {
        let mut state = self.lock();
        if state.started.is_some() {
            state.held.extend(bytes.iter().map(|&byte| (at, byte)));
            self.tell_held(&mut state);
        }
    }

    /// Whether bytes wait for a buffer.
    pub(crate) fn holds(&self) -> bool {
        !self.lock().held.is_empty()
    }

    /// Looks whether bytes have waited long enough for a buffer.
    pub(crate) fn try_held(&self) {
        self.tell_held(&mut self.lock());
    }

    /// The device is not there any more.
    pub(crate) fn vanish(&self) {
        self.lock().vanished = true;
    }

    fn tell_held(&self, state: &mut State) {
        while let Some(&(at, byte)) = state.held.front() {
            if state.lacks_buffer(byte) && self.may_get_buffer(state) {
                return;
            }
            state.held.pop_front();
            let stamp = state.stamp(at);
            let mut parser = std::mem::take(&mut state.parser);
            parser.push(byte, |piece| self.tell_piece(state, piece, byte, stamp));
            state.parser = parser;
        }
    }

    /// Whether the program has just got a buffer back, and may give it again.
    fn may_get_buffer(&self, state: &State) -> bool {
        let just_returned = |returned: Instant| returned.elapsed() < GRACE;
        state.held.len() < MOST_HELD
            && state
                .returned
                .is_some_and(|returned| just_returned(returned) || self.callbacks.is_busy())
    }

    fn tell_piece(&self, state: &mut State, piece: Piece, byte: u8, stamp: usize) {
        match piece {
            Piece::Short(packed) => {
                let behind = self.tells_more_data && self.callbacks.waiting() >= BEHIND;
                let message = if behind { MM_MIM_MOREDATA } else { MM_MIM_DATA };
                self.tell_short(message, packed, stamp);
                if let Some(output) = &state.connected {
                    // A port that can't follow loses the message, as a thru connection does.
                    let _ = output.send_short(packed, false);
                }
            }
            Piece::Broken(packed) => self.tell_short(MM_MIM_ERROR, packed, stamp),
            Piece::ExclusiveBegin => {
                state.dropping = false;
                self.record(state, byte, stamp);
            }
            Piece::ExclusiveData => self.record(state, byte, stamp),
            Piece::ExclusiveEnd => {
                self.record(state, byte, stamp);
                if state.recorded > 0 {
                    self.return_buffer(state, MM_MIM_LONGDATA, stamp);
                }
            }
            Piece::ExclusiveCut => {
                if state.recorded > 0 {
                    self.return_buffer(state, MM_MIM_LONGERROR, stamp);
                }
            }
        }
    }

    fn tell_short(&self, message: u32, packed: u32, stamp: usize) {
        self.callbacks.post(Event {
            message,
            first: packed as usize,
            second: stamp,
        });
    }

    /// Puts a byte into the first buffer, if there is one.
    fn record(&self, state: &mut State, byte: u8, stamp: usize) {
        state.dropping |= state.buffers.is_empty();
        if state.dropping {
            return;
        }
        if let Some(header) = state.buffers.front() {
            header.write(state.recorded, byte);
            state.recorded += 1;
            if state.recorded == header.buffer_length() {
                self.return_buffer(state, MM_MIM_LONGDATA, stamp);
            }
        }
    }
}

impl State {
    fn check(&self) -> Outcome {
        if self.vanished {
            Err(MMSYSERR_NODRIVER)
        } else {
            Ok(())
        }
    }

    /// Milliseconds since input was started.
    fn stamp(&self, at: Instant) -> usize {
        let since = self
            .started
            .map(|started| at.saturating_duration_since(started));
        let milliseconds = since.unwrap_or_default().as_millis();
        usize::try_from(milliseconds).unwrap_or(usize::MAX)
    }

    /// Whether this byte would be lost for want of a buffer.
    fn lacks_buffer(&self, byte: u8) -> bool {
        let is_lost_already = self.dropping && byte != 0xF0;
        self.buffers.is_empty() && !is_lost_already && self.parser.would_be_exclusive(byte)
    }
}
