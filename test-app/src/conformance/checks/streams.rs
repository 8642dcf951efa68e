//! Streams: buffers of events that winmm plays in time.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Media::Audio::{
    CALLBACK_FUNCTION, HMIDISTRM, MEVT_F_CALLBACK, MEVT_NOP, MEVT_SHORTMSG, MEVT_TEMPO, MHDR_DONE,
    MIDIERR_UNPREPARED, MIDIPROP_GET, MIDIPROP_SET, MIDIPROP_TEMPO, MIDIPROP_TIMEDIV,
    MIDIPROPTEMPO, MIDIPROPTIMEDIV,
};
use windows_sys::Win32::Media::{
    MM_MIM_DATA, MM_MOM_POSITIONCB, MMSYSERR_BADDEVICEID, MMSYSERR_INVALHANDLE, MMTIME, TIME_TICKS,
};

use crate::conformance::bench::{Bench, returned, succeeded};
use crate::conformance::buffer::{Buffer, HEADER_SIZE};
use crate::conformance::check::{Check, Source};
use crate::conformance::heard::{Listener, callback};
use crate::conformance::input::{Input, QUIET, same_messages};
use crate::conformance::output::kept_for_ever;
use crate::conformance::verdict::{Checked, ensure};

/// Ticks of a quarter note.
const TICKS: u32 = 96;
/// Microseconds of a quarter note: a tick takes 2.5 ms.
const TEMPO: u32 = 240_000;
/// A tempo at which a tick takes 5 ms.
const HALF_TEMPO: u32 = 480_000;
/// Microseconds of a quarter note unless told otherwise: 120 a minute.
const USUAL_TEMPO: u32 = 500_000;
/// Ticks between two notes.
const STEP: u32 = 24;
/// What is played.
const NOTES: [[u8; 3]; 5] = [
    [0x9F, 0x3C, 0x01],
    [0x9F, 0x3C, 0x00],
    [0x9F, 0x3E, 0x01],
    [0x9F, 0x3E, 0x00],
    [0x8F, 0x3C, 0x40],
];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "stream-plays-in-time",
        "notes come in order, none earlier than the tempo and the tempo change in the buffer say",
        Source::Mmeapi("midiStreamOut, MIDIEVENT"),
        plays_in_time,
    ),
    Check::new(
        "stream-is-opened-paused",
        "nothing is played before midiStreamRestart, nor after midiStreamPause",
        Source::Mmeapi("midiStreamOpen, midiStreamPause"),
        is_opened_paused,
    ),
    Check::new(
        "stream-properties",
        "time division and tempo have their defaults and keep what is set",
        Source::Mmeapi("midiStreamProperty"),
        properties,
    ),
    Check::new(
        "stream-position",
        "ticks are counted while it plays, and from 0 after midiStreamStop",
        Source::Mmeapi("midiStreamPosition"),
        position,
    ),
    Check::new(
        "stream-position-callback",
        "MEVT_F_CALLBACK calls back with MOM_POSITIONCB",
        Source::Mmeapi("MOM_POSITIONCB"),
        position_callback,
    ),
    Check::new(
        "stream-stop-returns-buffers",
        "midiStreamStop returns what has not been played, each buffer once",
        Source::Mmeapi("midiStreamStop"),
        stop_returns_buffers,
    ),
    Check::new(
        "stream-refusals",
        "bad numbers, bad handles and unprepared buffers are refused",
        Source::Mmeapi("return values"),
        refusals,
    ),
];

/// An open stream; closed when dropped.
struct Stream<'b> {
    bench: &'b Bench,
    handle: HMIDISTRM,
    is_open: bool,
    buffers: Vec<Buffer>,
    listener: Arc<Listener>,
}

impl<'b> Stream<'b> {
    fn open(bench: &'b Bench) -> Checked<Self> {
        let listener = Arc::new(Listener::default());
        let mut handle = ptr::null_mut();
        let mut id = bench.ports.output;
        // SAFETY: there is room for the handle and the number, and the listener stays where it is.
        let code = unsafe {
            bench.winmm.midiStreamOpen(
                &raw mut handle,
                &raw mut id,
                1,
                callback as *const c_void as usize,
                kept_for_ever(&listener),
                CALLBACK_FUNCTION,
            )
        };
        succeeded("midiStreamOpen", code)?;
        Ok(Self {
            bench,
            handle,
            is_open: true,
            buffers: Vec::new(),
            listener,
        })
    }

    /// Prepares a buffer with `events` and queues it.
    fn queue(&mut self, events: &[Event]) -> Checked {
        let bytes: Vec<u8> = events.iter().flat_map(Event::bytes).collect();
        let length = bytes.len();
        let mut buffer = Buffer::new(bytes);
        buffer.set_recorded(length);
        let header = buffer.header();
        self.buffers.push(buffer);
        // SAFETY: a stream's handle serves as an output's; the header stays where it is.
        let code = unsafe {
            self.bench
                .winmm
                .midiOutPrepareHeader(self.handle, header, HEADER_SIZE)
        };
        succeeded("midiOutPrepareHeader", code)?;
        // SAFETY: the handle is winmm's, and the header stays where it is.
        let code = unsafe {
            self.bench
                .winmm
                .midiStreamOut(self.handle, header, HEADER_SIZE)
        };
        succeeded("midiStreamOut", code)
    }

    fn restart(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiStreamRestart(self.handle) };
        succeeded("midiStreamRestart", code)
    }

    fn pause(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiStreamPause(self.handle) };
        succeeded("midiStreamPause", code)
    }

    fn stop(&self) -> Checked {
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiStreamStop(self.handle) };
        succeeded("midiStreamStop", code)
    }

    fn set_time_division(&self, ticks: u32) -> Checked {
        let mut division = MIDIPROPTIMEDIV {
            cbStruct: STRUCTURE_SIZE,
            dwTimeDiv: ticks,
        };
        self.property((&raw mut division).cast(), MIDIPROP_SET | MIDIPROP_TIMEDIV)
    }

    fn set_tempo(&self, microseconds: u32) -> Checked {
        let mut tempo = MIDIPROPTEMPO {
            cbStruct: STRUCTURE_SIZE,
            dwTempo: microseconds,
        };
        self.property((&raw mut tempo).cast(), MIDIPROP_SET | MIDIPROP_TEMPO)
    }

    fn time_division(&self) -> Checked<u32> {
        let mut division = MIDIPROPTIMEDIV {
            cbStruct: STRUCTURE_SIZE,
            dwTimeDiv: 0,
        };
        self.property((&raw mut division).cast(), MIDIPROP_GET | MIDIPROP_TIMEDIV)?;
        Ok(division.dwTimeDiv)
    }

    fn tempo(&self) -> Checked<u32> {
        let mut tempo = MIDIPROPTEMPO {
            cbStruct: STRUCTURE_SIZE,
            dwTempo: 0,
        };
        self.property((&raw mut tempo).cast(), MIDIPROP_GET | MIDIPROP_TEMPO)?;
        Ok(tempo.dwTempo)
    }

    fn property(&self, data: *mut u8, which: i32) -> Checked {
        // SAFETY: the handle is winmm's; the callers hand the structure that belongs to the property.
        let code = unsafe {
            let which = which.cast_unsigned();
            self.bench
                .winmm
                .midiStreamProperty(self.handle, data, which)
        };
        succeeded("midiStreamProperty", code)
    }

    fn ticks(&self) -> Checked<u32> {
        let mut time = MMTIME {
            wType: TIME_TICKS,
            ..MMTIME::default()
        };
        #[expect(clippy::cast_possible_truncation, reason = "it has 12 bytes")]
        let size = size_of::<MMTIME>() as u32;
        // SAFETY: the handle is winmm's, and there is room for the time.
        let code = unsafe {
            self.bench
                .winmm
                .midiStreamPosition(self.handle, &raw mut time, size)
        };
        succeeded("midiStreamPosition", code)?;
        let kind = time.wType;
        ensure(kind == TIME_TICKS, "TIME_TICKS", kind.to_string())?;
        // SAFETY: the type says that it is ticks.
        Ok(unsafe { time.u.ticks })
    }

    /// Waits until `count` buffers have been returned, and a little for more.
    fn await_done(&self, count: usize) -> Checked {
        let patience = Bench::patience(0);
        self.listener.wait(patience, |heard| heard.done >= count);
        self.listener.wait(QUIET, |heard| heard.done > count);
        let done = self.listener.heard().done;
        ensure(
            done == count,
            format!("MOM_DONE for {count} buffers"),
            format!("for {done}"),
        )
    }

    fn unprepare_all(&mut self) -> Checked {
        for buffer in self.buffers.drain(..) {
            // SAFETY: a stream's handle serves as an output's; the header stays where it is.
            let code = unsafe {
                let header = buffer.header();
                self.bench
                    .winmm
                    .midiOutUnprepareHeader(self.handle, header, HEADER_SIZE)
            };
            succeeded("midiOutUnprepareHeader", code)?;
        }
        Ok(())
    }

    fn close(&mut self) -> Checked {
        self.unprepare_all()?;
        // SAFETY: the handle is winmm's.
        let code = unsafe { self.bench.winmm.midiStreamClose(self.handle) };
        self.is_open &= code != 0;
        succeeded("midiStreamClose", code)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // Whether winmm lets it is not what the check is about any more.
            let _ = self.stop();
            let _ = self.close();
        }
        self.listener.clear();
    }
}

/// What a `MIDIPROP…` structure says its size is.
const STRUCTURE_SIZE: u32 = 8;

/// An event of a stream: `MIDIEVENT` without parameters behind it.
#[derive(Clone, Copy)]
struct Event {
    ticks_before: u32,
    kind: u8,
    parameter: u32,
    calls_back: bool,
}

impl Event {
    const fn message(ticks_before: u32, message: [u8; 3]) -> Self {
        let [status, first, second] = message;
        Self {
            ticks_before,
            kind: MEVT_SHORTMSG,
            parameter: u32::from_le_bytes([status, first, second, 0]),
            calls_back: false,
        }
    }

    const fn tempo(microseconds: u32) -> Self {
        Self {
            ticks_before: 0,
            kind: MEVT_TEMPO,
            parameter: microseconds,
            calls_back: false,
        }
    }

    const fn position() -> Self {
        Self {
            ticks_before: STEP,
            kind: MEVT_NOP,
            parameter: 0,
            calls_back: true,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let flags = if self.calls_back {
            MEVT_F_CALLBACK.cast_unsigned()
        } else {
            0
        };
        let event = u32::from(self.kind) << 24 | self.parameter & 0x00FF_FFFF | flags;
        [self.ticks_before, 0, event]
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .collect()
    }
}

fn notes() -> Vec<Event> {
    NOTES.map(|note| Event::message(STEP, note)).to_vec()
}

fn sent() -> Vec<Vec<u8>> {
    NOTES.map(|note| note.to_vec()).to_vec()
}

fn plays_in_time(bench: &Bench) -> Checked {
    /// How much of the time between two notes has to pass: clocks tick in milliseconds.
    const LEAST: f64 = 0.8;

    let input = Input::started(bench)?;
    let mut stream = Stream::open(bench)?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    let mut events = notes();
    events.push(Event::tempo(HALF_TEMPO));
    events.extend(notes());
    stream.queue(&events)?;
    stream.restart()?;
    stream.await_done(1)?;
    let expected = [sent(), sent()].concat();
    same_messages(&expected, &input.messages(expected.len()))?;
    let times: Vec<_> = {
        let heard = input.listener.heard();
        let notes = heard.events.iter();
        notes
            .filter(|event| event.message == MM_MIM_DATA)
            .map(|event| event.at)
            .collect()
    };
    let intervals = NOTES.len() - 1;
    for (first, tempo) in [(0, TEMPO), (NOTES.len(), HALF_TEMPO)] {
        let took = times[first + intervals].duration_since(times[first]);
        let ticks = STEP * u32::try_from(intervals).unwrap_or(0);
        let exact = Duration::from_micros(u64::from(tempo)) * ticks / TICKS;
        ensure(
            took >= exact.mul_f64(LEAST),
            format!(
                "{} ms between the first and the last note",
                exact.as_millis()
            ),
            format!("{} ms", took.as_millis()),
        )?;
        bench.remark(format!(
            "{} ms for {} ms",
            took.as_millis(),
            exact.as_millis()
        ));
    }
    stream.close()
}

fn is_opened_paused(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut stream = Stream::open(bench)?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    stream.queue(&notes())?;
    let came = input.listener.wait(2 * QUIET, |heard| heard.short > 0);
    ensure(!came, "nothing before midiStreamRestart", "a message")?;
    stream.restart()?;
    stream.await_done(1)?;
    same_messages(&sent(), &input.messages(NOTES.len()))?;
    stream.pause()?;
    input.listener.clear();
    stream.queue(&notes())?;
    let came = input.listener.wait(2 * QUIET, |heard| heard.short > 0);
    ensure(!came, "nothing after midiStreamPause", "a message")?;
    stream.restart()?;
    stream.await_done(2)?;
    same_messages(&sent(), &input.messages(NOTES.len()))?;
    stream.close()
}

fn properties(bench: &Bench) -> Checked {
    let mut stream = Stream::open(bench)?;
    let tempo = stream.tempo()?;
    ensure(
        tempo == USUAL_TEMPO,
        format!("a tempo of {USUAL_TEMPO} µs unless told otherwise"),
        tempo.to_string(),
    )?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    let (division, tempo) = (stream.time_division()?, stream.tempo()?);
    ensure(
        (division, tempo) == (TICKS, TEMPO),
        format!("{TICKS} ticks and {TEMPO} µs as they were set"),
        format!("{division} and {tempo}"),
    )?;
    stream.close()
}

fn position(bench: &Bench) -> Checked {
    let mut stream = Stream::open(bench)?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    let before = stream.ticks()?;
    ensure(before == 0, "tick 0 after opening", before.to_string())?;
    stream.queue(&notes())?;
    stream.restart()?;
    stream.await_done(1)?;
    let played = stream.ticks()?;
    let least = STEP * u32::try_from(NOTES.len()).unwrap_or(0);
    ensure(
        played >= least,
        format!("tick {least} or later when all was played"),
        played.to_string(),
    )?;
    stream.stop()?;
    let stopped = stream.ticks()?;
    ensure(
        stopped == 0,
        "tick 0 after midiStreamStop",
        stopped.to_string(),
    )?;
    stream.close()
}

fn position_callback(bench: &Bench) -> Checked {
    let mut stream = Stream::open(bench)?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    stream.queue(&[Event::position(), Event::position()])?;
    stream.restart()?;
    stream.await_done(1)?;
    let positions: Vec<usize> = {
        let heard = stream.listener.heard();
        let calls = heard.events.iter();
        calls
            .filter(|event| event.message == MM_MOM_POSITIONCB)
            .map(|event| event.first)
            .collect()
    };
    let header = stream.buffers[0].address();
    ensure(
        positions == [header, header],
        "MOM_POSITIONCB twice, with the header",
        format!("{} times, or with another", positions.len()),
    )?;
    stream.close()
}

fn stop_returns_buffers(bench: &Bench) -> Checked {
    /// More ticks than a check lasts.
    const LATER: u32 = 100_000;

    let mut stream = Stream::open(bench)?;
    stream.set_time_division(TICKS)?;
    stream.set_tempo(TEMPO)?;
    for _ in 0..3 {
        stream.queue(&[Event::message(LATER, NOTES[0])])?;
    }
    stream.restart()?;
    stream.stop()?;
    stream.await_done(3)?;
    let returned = stream.buffers.iter().all(|buffer| buffer.has(MHDR_DONE));
    ensure(returned, "MHDR_DONE on each buffer", "it is not set")?;
    stream.close()
}

fn refusals(bench: &Bench) -> Checked {
    // SAFETY: it takes nothing.
    let mut id = unsafe { bench.winmm.midiOutGetNumDevs() };
    let mut handle = ptr::null_mut();
    // SAFETY: there is room for the handle and the number; there is no callback.
    let code = unsafe {
        bench
            .winmm
            .midiStreamOpen(&raw mut handle, &raw mut id, 1, 0, 0, 0)
    };
    returned("midiStreamOpen", code, MMSYSERR_BADDEVICEID)?;
    // SAFETY: a handle that is to be refused.
    let code = unsafe { bench.winmm.midiStreamRestart(ptr::null_mut()) };
    returned("midiStreamRestart", code, MMSYSERR_INVALHANDLE)?;
    // SAFETY: as above.
    let code = unsafe { bench.winmm.midiStreamClose(ptr::null_mut()) };
    returned("midiStreamClose", code, MMSYSERR_INVALHANDLE)?;
    let mut stream = Stream::open(bench)?;
    let buffer = Buffer::new(vec![0; 12]);
    // SAFETY: the handle is winmm's; the header is whole and is not queued.
    let code = unsafe {
        let header = buffer.header();
        bench
            .winmm
            .midiStreamOut(stream.handle, header, HEADER_SIZE)
    };
    returned("midiStreamOut", code, MIDIERR_UNPREPARED)?;
    stream.close()
}
