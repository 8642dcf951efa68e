//! The stream objects: check direction, state and pointers, then call the device.

use core::ffi::CStr;

use portcls::com::{Class, Face, MiniportMidiStream, Own};
use portcls::ks::{
    KSDATAFORMAT, KSSTATE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use portcls::status::{
    Outcome, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_IO_DEVICE_ERROR,
};

use crate::atomic::{AtomicI32, Ordering};
use crate::device::Device;
use crate::kernel::pool::NonPagedPool;
use crate::miniport::{MidiMiniport, is_midi};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the wire.
    Render,
    /// From the wire to the client.
    Capture,
}

impl Direction {
    /// Its name in events.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Render => c"render",
            Self::Capture => c"capture",
        }
    }
}

/// The name of a state in events.
const fn name_of(state: KSSTATE) -> &'static CStr {
    match state {
        KSSTATE_ACQUIRE => c"acquire",
        KSSTATE_PAUSE => c"pause",
        KSSTATE_RUN => c"run",
        _ => c"stop",
    }
}

/// An open pin.
pub struct MidiStream {
    miniport: Own<MidiMiniport>,
    direction: Direction,
    state: AtomicI32,
}

impl Class for MidiStream {
    type Pool = NonPagedPool;
    const FACES: &'static [Face<Self>] = &[Face::miniport_midi_stream::<0>()];
}

impl MidiStream {
    /// A stream in `KSSTATE_STOP`. Nothing goes on the wire because of it.
    #[must_use]
    pub const fn new(miniport: Own<MidiMiniport>, direction: Direction) -> Self {
        Self {
            miniport,
            direction,
            state: AtomicI32::new(KSSTATE_STOP),
        }
    }

    fn device(&self) -> Outcome<&Device> {
        self.miniport.device().ok_or(STATUS_IO_DEVICE_ERROR)
    }

    fn state(&self) -> KSSTATE {
        // Ordering: the port orders changes of state and transfers.
        self.state.load(Ordering::Relaxed)
    }

    /// Takes a new state down; returns the one before.
    fn store(&self, state: KSSTATE) -> KSSTATE {
        // Ordering: the port orders changes of state and transfers.
        self.state.swap(state, Ordering::Relaxed)
    }

    /// Takes the new state of a stream that captures down; returns the one before. Bytes may come in as soon as
    /// the device listens, and a notification of them leads to nothing before the stream runs: so it runs
    /// before the device listens, and the device stops to listen before it does not run any more.
    fn change_capture(&self, device: &Device, state: KSSTATE) -> KSSTATE {
        if state == KSSTATE_RUN {
            let before = self.store(state);
            if before != KSSTATE_RUN {
                device.listen(true);
            }
            return before;
        }
        device.listen(false);
        if state == KSSTATE_STOP {
            device.forget_received();
        }
        self.store(state)
    }
}

impl MiniportMidiStream for MidiStream {
    fn set_format(&self, format: &KSDATAFORMAT) -> Outcome<()> {
        if is_midi(format) {
            Ok(())
        } else {
            Err(STATUS_INVALID_PARAMETER)
        }
    }

    fn set_state(&self, state: KSSTATE) -> Outcome<()> {
        let rises = match state {
            KSSTATE_ACQUIRE | KSSTATE_PAUSE | KSSTATE_RUN => state > self.state(),
            KSSTATE_STOP => false,
            _ => return Err(STATUS_INVALID_PARAMETER),
        };
        let device = self.device()?;
        let captures = self.direction == Direction::Capture;
        if state == KSSTATE_RUN {
            device.expect_stream(captures, true);
        }
        // A stream that is in RUN already may have slept through the setting up of its UART.
        if rises || state == KSSTATE_RUN {
            if self.direction == Direction::Render && self.state() == KSSTATE_STOP {
                device.begin_writes();
            }
            let ready = device.get_ready();
            if state == KSSTATE_RUN {
                ready.inspect_err(|_| {
                    device.expect_stream(captures, self.state() == KSSTATE_RUN);
                })?;
            }
        }
        let before = match self.direction {
            Direction::Capture => self.change_capture(device, state),
            // What it has accepted goes out whatever its state is then.
            Direction::Render => self.store(state),
        };
        if state != KSSTATE_RUN {
            device.expect_stream(captures, false);
        }
        if before != state {
            self.miniport.tell_stream(self.direction, name_of(state));
        }
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> Outcome<usize> {
        let device = self.device()?;
        if self.direction != Direction::Capture {
            device.counters.refused_reads.count();
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        if self.state() != KSSTATE_RUN {
            return Ok(0);
        }
        Ok(device.read(buffer))
    }

    fn write(&self, bytes: &[u8]) -> Outcome<usize> {
        let device = self.device()?;
        if self.direction != Direction::Render || self.state() == KSSTATE_STOP {
            device.counters.refused_writes.count();
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        device.write(bytes)
    }
}

impl Drop for MidiStream {
    fn drop(&mut self) {
        if self.state() == KSSTATE_RUN
            && let Some(device) = self.miniport.device()
        {
            let captures = self.direction == Direction::Capture;
            if captures {
                device.listen(false);
            }
            device.expect_stream(captures, false);
        }
        self.miniport.tell_stream(self.direction, c"closed");
        self.miniport.stream_closed(self.direction);
    }
}
