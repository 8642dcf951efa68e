//! `midiStream…`: what is played, and in which order.

mod support;

use std::ptr::null_mut;
use std::sync::Once;

use support::{Buffer, HEADER_SIZE, Input, OK, Output, Record};
use windows_sys::Win32::Media::Audio::{
    CALLBACK_FUNCTION, HMIDISTRM, MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED, MIDIPROP_GET,
    MIDIPROP_SET, MIDIPROP_TEMPO, MIDIPROP_TIMEDIV,
};
use windows_sys::Win32::Media::{
    MM_MOM_CLOSE, MM_MOM_DONE, MM_MOM_OPEN, MM_MOM_POSITIONCB, MMSYSERR_ALLOCATED,
    MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMTIME, TIME_MS, TIME_SMPTE, TIME_TICKS,
};
use winmm::{
    control, midiOutClose, midiStreamClose, midiStreamOpen, midiStreamOut, midiStreamPause,
    midiStreamPosition, midiStreamProperty, midiStreamRestart, midiStreamStop,
};

const PLAYING: u32 = 0;
const STOPPING: u32 = 1;
const PROPERTIES: u32 = 2;

/// One tick each millisecond.
const DIVISION: u32 = 100;
const TEMPO: u32 = 100_000;

fn set_ports() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| control::set_ports("software,16550,software").expect("good ports"));
}

struct Stream {
    handle: HMIDISTRM,
    record: &'static Record,
}

impl Stream {
    fn open(device: u32) -> Self {
        set_ports();
        let record = Record::new(false);
        let (mut handle, mut device) = (null_mut(), device);
        let instance = (&raw const *record).expose_provenance();
        // SAFETY: the callback and its record live for ever.
        let opened = unsafe {
            midiStreamOpen(
                &raw mut handle,
                &raw mut device,
                1,
                support::callback_address(),
                instance,
                CALLBACK_FUNCTION,
            )
        };
        assert_eq!(opened, OK);
        Self { handle, record }
    }

    fn property(&self, flags: i32, value: u32) -> (u32, u32) {
        let mut data = [8, value];
        let place = data.as_mut_ptr().cast();
        // SAFETY: there are eight bytes.
        let result = unsafe { midiStreamProperty(self.handle, place, flags.cast_unsigned()) };
        (result, data[1])
    }

    fn position(&self, kind: u32) -> (u32, u32) {
        let mut time = MMTIME {
            wType: kind,
            ..MMTIME::default()
        };
        let size = u32::try_from(size_of::<MMTIME>()).expect("a small structure");
        // SAFETY: there is room for the structure.
        let result = unsafe { midiStreamPosition(self.handle, &raw mut time, size) };
        assert_eq!(result, OK);
        // SAFETY: all times that are told are numbers of this size.
        (time.wType, unsafe { time.u.ticks })
    }

    fn prepared(&self, words: &[u32]) -> Buffer {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let buffer = Buffer::new(&bytes);
        assert_eq!(self.as_output().prepare(buffer), OK);
        buffer
    }

    fn as_output(&self) -> Output {
        Output {
            handle: self.handle,
            record: self.record,
        }
    }

    fn out(&self, buffer: Buffer) -> u32 {
        // SAFETY: buffers live for ever.
        unsafe { midiStreamOut(self.handle, buffer.header(), HEADER_SIZE) }
    }

    fn restart(&self) {
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiStreamRestart(self.handle) }, OK);
    }

    fn pause(&self) {
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiStreamPause(self.handle) }, OK);
    }

    fn stop(&self) {
        // SAFETY: it takes any handle.
        assert_eq!(unsafe { midiStreamStop(self.handle) }, OK);
    }

    fn close(&self) -> u32 {
        // SAFETY: it takes any handle.
        unsafe { midiStreamClose(self.handle) }
    }
}

#[test]
fn events_are_played_in_order() {
    let stream = Stream::open(PLAYING);
    let (input, _) = Input::listen(PLAYING, 2, 64);
    assert_eq!(Output::try_open(PLAYING).err(), Some(MMSYSERR_ALLOCATED));
    assert_eq!(
        stream.property(MIDIPROP_SET | MIDIPROP_TIMEDIV, DIVISION).0,
        OK
    );
    assert_eq!(stream.property(MIDIPROP_SET | MIDIPROP_TEMPO, TEMPO).0, OK);
    let first = stream.prepared(&[
        3,
        0,
        0x0064_3C90, // note on
        4,
        0,
        0x4200_0000, // nothing, told
        0,
        0,
        0x8000_0005,
        0x0302_01F0,
        0x0000_00F7, // System Exclusive
        1,
        0,
        0x0103_0D40, // half the tempo
    ]);
    let second = stream.prepared(&[5, 0, 0x0040_3C80, 0, 0, 0x4000_05C1]);
    assert_eq!(stream.out(first), OK);
    assert_eq!(stream.out(first), MIDIERR_STILLPLAYING);
    assert_eq!(stream.out(second), OK);
    assert_eq!(stream.position(TIME_TICKS), (TIME_TICKS, 0));
    stream.restart();
    stream.record.wait_for(MM_MOM_DONE, 2);
    assert_eq!(stream.position(TIME_TICKS), (TIME_TICKS, 13));
    assert_eq!(stream.position(TIME_MS), (TIME_MS, 8 + 2 * 5));
    assert_eq!(stream.position(TIME_SMPTE).0, TIME_TICKS);
    let told: Vec<(u32, usize)> = stream.record.told()[1..]
        .iter()
        .map(|told| (told.message, told.first))
        .collect();
    assert_eq!(
        told,
        [
            (MM_MOM_POSITIONCB, first.address()),
            (MM_MOM_DONE, first.address()),
            (MM_MOM_POSITIONCB, second.address()),
            (MM_MOM_DONE, second.address()),
        ]
    );
    assert_eq!((first.offset(), second.offset()), (12, 12));
    let bytes = [0x90, 60, 100, 0xF0, 1, 2, 3, 0xF7, 0x80, 60, 64, 0xC1, 5];
    input.record.wait_for_bytes(bytes.len());
    assert_eq!(input.record.bytes(), bytes);
    // SAFETY: it takes any handle.
    assert_eq!(unsafe { midiOutClose(stream.handle) }, MMSYSERR_INVALHANDLE);
    assert_eq!(stream.close(), OK);
    assert_eq!(stream.close(), MMSYSERR_INVALHANDLE);
    assert_eq!(stream.record.messages().last(), Some(&MM_MOM_CLOSE));
    assert_eq!(input.reset(), OK);
    assert_eq!(input.close(), OK);
}

#[test]
fn what_is_stopped_goes_back() {
    let stream = Stream::open(STOPPING);
    let (input, _) = Input::listen(STOPPING, 2, 64);
    let note_and_long_rest = [0, 0, 0x0064_3C90, 1_000_000, 0, 0x0200_0000];
    let buffers = [
        stream.prepared(&note_and_long_rest),
        stream.prepared(&note_and_long_rest),
    ];
    for buffer in buffers {
        assert_eq!(stream.out(buffer), OK);
    }
    stream.restart();
    input.record.wait_for_bytes(3);
    stream.pause();
    // A pause turns the note off, and time stands still.
    input.record.wait_for_bytes(6);
    let position = stream.position(TIME_MS);
    assert_eq!(stream.position(TIME_MS), position);
    assert!(buffers.iter().all(|buffer| !buffer.is_back()));
    stream.restart();
    stream.stop();
    assert!(buffers.iter().all(|buffer| buffer.is_back()));
    assert_eq!(stream.position(TIME_TICKS), (TIME_TICKS, 0));
    assert_eq!(stream.out(buffers[1]), OK);
    assert_eq!(stream.close(), OK);
    assert!(buffers[1].is_back());
    let messages = stream.record.messages();
    let done = [MM_MOM_DONE; 3];
    assert_eq!(messages[0], MM_MOM_OPEN);
    assert_eq!(messages[1..4], done);
    assert_eq!(messages[4..], [MM_MOM_CLOSE]);
    assert_eq!(input.record.bytes(), [0x90, 60, 100, 0x80, 60, 64]);
    assert_eq!(input.reset(), OK);
    assert_eq!(input.close(), OK);
}

#[test]
fn properties_and_buffers_are_checked() {
    let stream = Stream::open(PROPERTIES);
    let get = |property| stream.property(MIDIPROP_GET | property, 0);
    assert_eq!(get(MIDIPROP_TEMPO), (OK, 500_000));
    assert_eq!(get(MIDIPROP_TIMEDIV), (OK, 96));
    let set = |property, value| stream.property(MIDIPROP_SET | property, value).0;
    assert_eq!(set(MIDIPROP_TIMEDIV, 0), MMSYSERR_INVALPARAM);
    assert_eq!(set(MIDIPROP_TIMEDIV, 480), OK);
    stream.restart();
    assert_eq!(set(MIDIPROP_TIMEDIV, 96), MMSYSERR_INVALPARAM);
    assert_eq!(set(MIDIPROP_TEMPO, 250_000), OK);
    assert_eq!(get(MIDIPROP_TIMEDIV), (OK, 480));
    assert_eq!(get(MIDIPROP_TEMPO), (OK, 250_000));
    assert_eq!(get(0).0, MMSYSERR_INVALPARAM);

    assert_eq!(stream.out(Buffer::new(&[0; 12])), MIDIERR_UNPREPARED);
    let long = Buffer::new(&vec![0; (64 << 10) + 4]);
    assert_eq!(stream.as_output().prepare(long), MMSYSERR_INVALPARAM);
    let odd = Buffer::new(&[0; 13]);
    assert_eq!(stream.as_output().prepare(odd), OK);
    assert_eq!(stream.out(odd), MMSYSERR_INVALPARAM);
    assert_eq!(stream.close(), OK);
}
