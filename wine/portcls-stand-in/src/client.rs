//! Plays to a device that plays back what it gets (the driver's UART in software), and has it sleep in
//! between.

use core::ptr::null_mut;

use portcls::com::{ComPtr, Own};
use portcls::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use portcls::interfaces::{IAdapterPowerManagement, IMiniportMidi, IMiniportMidiStream};
use portcls::ks::{
    KSDATAFORMAT, KSSTATE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use portcls::status::{Outcome, STATUS_IO_TIMEOUT, STATUS_UNSUCCESSFUL, check};
use portcls::types::{NON_PAGED_POOL_NX, POWER_DEVICE_D0, POWER_DEVICE_D3, POWER_STATE};

use crate::adapter::Extension;
use crate::kernel::KeDelayExecutionThread;
use crate::port::{Bound, Port};
use crate::trace::{Status, trace};

/// What is played: more than the rings hold, and as long as 1 s of music.
static SONG: [u8; 3000] = {
    let mut song = [0; 3000];
    let mut index = 0;
    while index < song.len() {
        // The period is prime, so that a gap of any likely length shows.
        #[expect(clippy::cast_possible_truncation, reason = "less than 251")]
        let byte = (index % 251) as u8;
        song[index] = byte;
        index += 1;
    }
    song
};
/// Most bytes that are read at once.
const CHUNK: usize = 100;
/// Milliseconds after which what did not come back never will.
const PATIENCE: u32 = 5000;

/// Plays, has the device sleep and wake, and plays again.
pub fn try_out(extension: &Extension) {
    let Some(port) = &extension.port else { return };
    let Some(bound) = port.bound() else { return };
    report("music", port, &bound);
    if let Some(power) = &extension.power {
        for state in [POWER_DEVICE_D3, POWER_DEVICE_D0] {
            let state = POWER_STATE { DeviceState: state };
            // SAFETY: the object is live.
            unsafe { IAdapterPowerManagement::PowerChangeState(power.as_ptr(), state) };
        }
        report("music after sleep", port, &bound);
    }
}

fn report(what: &str, port: &Own<Port>, bound: &Bound) {
    let notified_before = port.notifications();
    match play(bound) {
        Ok((written, read)) => trace!(
            "{what}: {written} bytes written, {read} read, all the same; notified {} times",
            port.notifications() - notified_before
        ),
        Err(status) => trace!("{what} -> {}", Status(status)),
    }
}

/// Plays until everything has come back; returns how many bytes were written and read.
fn play(bound: &Bound) -> Outcome<(usize, usize)> {
    let capture = Stream::open(&bound.miniport, bound.capture_pin, true)?;
    let render = Stream::open(&bound.miniport, bound.render_pin, false)?;
    for state in [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN] {
        capture.set_state(state)?;
        render.set_state(state)?;
    }
    let (mut written, mut read) = (0, 0);
    for _ in 0..PATIENCE {
        written += render.write(&SONG[written..])?;
        let mut chunk = [0; CHUNK];
        let length = capture.read(&mut chunk)?;
        let heard = &chunk[..length];
        if !SONG[read..].starts_with(heard) {
            return Err(STATUS_UNSUCCESSFUL);
        }
        read += heard.len();
        if read == SONG.len() {
            break;
        }
        if heard.is_empty() {
            sleep(1);
        }
    }
    for state in [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP] {
        render.set_state(state)?;
        capture.set_state(state)?;
    }
    if read == SONG.len() {
        Ok((written, read))
    } else {
        Err(STATUS_IO_TIMEOUT)
    }
}

fn sleep(milliseconds: i64) {
    const MILLISECOND: i64 = 10_000;
    let interval = -milliseconds * MILLISECOND;
    // SAFETY: the interval outlives the call.
    unsafe { KeDelayExecutionThread(0, 0, &raw const interval) };
}

/// An open pin.
struct Stream(ComPtr<IMiniportMidiStream>);

impl Stream {
    fn open(miniport: &ComPtr<IMiniportMidi>, pin: u32, capture: bool) -> Outcome<Self> {
        let mut format = KSDATAFORMAT {
            FormatSize: 64,
            Flags: 0,
            SampleSize: 0,
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
            SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
            Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        };
        let (mut stream, mut group) = (null_mut(), null_mut());
        // SAFETY: the miniport is live, and the rest outlives the call.
        let status = unsafe {
            IMiniportMidi::NewStream(
                miniport.as_ptr(),
                &raw mut stream,
                null_mut(),
                NON_PAGED_POOL_NX,
                pin,
                u8::from(capture),
                &raw mut format,
                &raw mut group,
            )
        };
        trace!(
            "IMiniportMidi::NewStream: pin {pin} -> {}, {} service group",
            Status(status),
            if group.is_null() { "no" } else { "a" }
        );
        check(status)?;
        // SAFETY: what the miniport returned, with a reference for the port.
        drop(unsafe { ComPtr::from_owned(group) });
        // SAFETY: as above.
        unsafe { ComPtr::from_owned(stream) }
            .map(Self)
            .ok_or(STATUS_UNSUCCESSFUL)
    }

    fn set_state(&self, state: KSSTATE) -> Outcome<()> {
        // SAFETY: the stream is live.
        check(unsafe { IMiniportMidiStream::SetState(self.0.as_ptr(), state) })
    }

    fn write(&self, bytes: &[u8]) -> Outcome<usize> {
        let mut written = 0;
        // SAFETY: the stream is live, and so are the bytes, which it only reads.
        check(unsafe {
            IMiniportMidiStream::Write(
                self.0.as_ptr(),
                bytes.as_ptr().cast_mut().cast(),
                ulong(bytes.len()),
                &raw mut written,
            )
        })?;
        Ok(written as usize)
    }

    fn read(&self, bytes: &mut [u8]) -> Outcome<usize> {
        let mut read = 0;
        // SAFETY: the stream is live, and the bytes can be written to.
        check(unsafe {
            IMiniportMidiStream::Read(
                self.0.as_ptr(),
                bytes.as_mut_ptr().cast(),
                ulong(bytes.len()),
                &raw mut read,
            )
        })?;
        Ok(read as usize)
    }
}

fn ulong(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
