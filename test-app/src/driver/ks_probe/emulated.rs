//! The probe on an emulated PC: its pins, and a client of it for the other way.

use std::time::Duration;

use emulated_pc::clients::Client;
use emulated_pc::{Pin as OpenPin, RequestId};
use midiuart_pc::{CAPTURE_PIN, Installation, RENDER_PIN, Started, describe, run};
use portcls::status::{
    STATUS_CANCELLED, STATUS_DEVICE_BUSY, STATUS_DEVICE_NOT_READY, STATUS_DEVICE_REMOVED,
    STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR, succeeded,
};
use portcls::types::NTSTATUS;

use super::beside::{Beside, BesideRead};
use super::probe::{SETTLE, probe};
use super::report::Report;
use super::streaming::{Asking, Frame, HeaderTime, KernelStreaming, Pin, RECORD_HEAD, State};
use crate::driver::windows::{Called, SystemError};
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// What a write may take.
const WRITE_LIMIT: Duration = Duration::from_secs(4);
/// How long the other way's messages may be on their way.
const ECHO: Duration = Duration::from_millis(500);
/// `ERROR_TIMEOUT` of winerror.h.
const TIMED_OUT: u32 = 1460;

/// What the kernel's statuses become in user mode (`RtlNtStatusToDosError`).
const ERRORS: &[(NTSTATUS, u32)] = &[
    (STATUS_CANCELLED, 995),
    (STATUS_DEVICE_BUSY, 170),
    (STATUS_DEVICE_NOT_READY, 21),
    (STATUS_DEVICE_REMOVED, 1617),
    (STATUS_INVALID_DEVICE_STATE, 22),
    (STATUS_IO_DEVICE_ERROR, 1117),
];

/// Makes the run on an emulated PC; the other way is `client`'s.
///
/// # Errors
/// As for [`probe`], and if the PC can't be had.
pub fn probe_emulated(
    installation: &Installation,
    client: Client,
    asking: Asking,
    interrupt: &Interrupt,
) -> Result<Report, Failure> {
    run(installation, |started| {
        let mut beside = EmulatedClient { started, client };
        let streaming = Box::new(EmulatedStreaming::new(started, asking));
        let device = describe(installation.uart);
        probe(device, streaming, Ok(&mut beside), interrupt)
    })
}

/// The pins of an emulated PC's port.
pub struct EmulatedStreaming<'s, 'pc> {
    started: &'s Started<'pc>,
    asking: Asking,
    output: Option<OpenPin>,
    input: Option<OpenPin>,
    read: Option<RequestId>,
}

impl<'s, 'pc> EmulatedStreaming<'s, 'pc> {
    /// The pins of the port that `started` has.
    #[must_use]
    pub const fn new(started: &'s Started<'pc>, asking: Asking) -> Self {
        Self {
            started,
            asking,
            output: None,
            input: None,
            read: None,
        }
    }

    fn pin(&self, pin: Pin) -> Option<&OpenPin> {
        match pin {
            Pin::Output => self.output.as_ref(),
            Pin::Input => self.input.as_ref(),
        }
    }
}

fn check(function: &'static str, status: NTSTATUS) -> Called<()> {
    if succeeded(status) {
        return Ok(());
    }
    let known = ERRORS.iter().find(|(it, _)| *it == status);
    let code = known.map_or(status.cast_unsigned(), |(_, code)| *code);
    Err(SystemError { function, code })
}

/// The filter's `open` comes first in any run.
const NOT_OPEN: SystemError = SystemError {
    function: "DeviceIoControl",
    code: 6,
};

impl KernelStreaming for EmulatedStreaming<'_, '_> {
    fn asking(&self) -> Asking {
        self.asking
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.started.pc.now().as_nanos())
    }

    fn wait(&mut self, time: Duration) {
        self.started.pc.run_for(time);
    }

    fn open(&mut self, pin: Pin) -> Called<()> {
        let (number, place) = match pin {
            Pin::Output => (RENDER_PIN, &mut self.output),
            Pin::Input => (CAPTURE_PIN, &mut self.input),
        };
        let open = self.started.filter.open_pin(number);
        match open {
            Ok(open) => {
                *place = Some(open);
                Ok(())
            }
            Err(status) => check("KsCreatePin", status),
        }
    }

    fn set_state(&mut self, pin: Pin, state: State) -> Called<()> {
        let open = self.pin(pin).ok_or(NOT_OPEN)?;
        check("KSPROPERTY_CONNECTION_STATE", open.set_state(state as i32))
    }

    fn pend_read(&mut self) -> Called<()> {
        let open = self.input.as_ref().ok_or(NOT_OPEN)?;
        self.read = Some(open.submit_read(self.asking.frame_extent()));
        Ok(())
    }

    fn completed_read(&mut self, limit: Duration) -> Called<Option<Frame>> {
        let open = self.input.as_ref().ok_or(NOT_OPEN)?;
        let read = self.read.ok_or(NOT_OPEN)?;
        let mut ended = None;
        self.started.pc.run_while_not(limit, || {
            ended = open.poll(read);
            ended.is_some()
        });
        let Some(ended) = ended else {
            return Ok(None);
        };
        self.read = None;
        check("IOCTL_KS_READ_STREAM", ended.status)?;
        let mut bytes = ended.data;
        bytes.resize(self.asking.frame_extent(), 0);
        Ok(Some(Frame {
            data_used: u32::try_from(ended.information).unwrap_or(u32::MAX),
            time: HeaderTime {
                time: i64::try_from(ended.presentation.as_nanos() / 100).unwrap_or(i64::MAX),
                ..self.asking.time()
            },
            bytes,
        }))
    }

    fn write(&mut self, message: &[u8]) -> Called<()> {
        const FUNCTION: &str = "IOCTL_KS_WRITE_STREAM";
        let open = self.output.as_ref().ok_or(NOT_OPEN)?;
        let mut record = vec![0; RECORD_HEAD];
        let count = u32::try_from(message.len()).unwrap_or(u32::MAX);
        record[4..].copy_from_slice(&count.to_le_bytes());
        record.extend(message);
        record.resize(record.len().next_multiple_of(4), 0);
        let write = open.submit_write(&record, Duration::ZERO);
        let mut ended = None;
        self.started.pc.run_while_not(WRITE_LIMIT, || {
            ended = open.poll(write);
            ended.is_some()
        });
        match ended {
            Some(ended) => check(FUNCTION, ended.status),
            None => Err(SystemError {
                function: FUNCTION,
                code: TIMED_OUT,
            }),
        }
    }
}

/// A Windows component of an emulated PC, and a program that records with it.
struct EmulatedClient<'s, 'pc> {
    started: &'s Started<'pc>,
    client: Client,
}

impl Beside for EmulatedClient<'_, '_> {
    fn name(&self) -> String {
        format!("winmm, through the emulated {:?}", self.client)
    }

    fn loop_back(&mut self, messages: &[&[u8]]) -> Result<Vec<BesideRead>, String> {
        let (pc, filter) = (self.started.pc, &self.started.filter);
        let failed = |status| match check("KsCreatePin", status) {
            Ok(()) => "it did not open".to_owned(),
            Err(error) => error.to_string(),
        };
        let input = self.client.open_input(filter, CAPTURE_PIN);
        let input = input.map_err(failed)?;
        let output = self.client.open_output(filter, RENDER_PIN);
        let output = output.map_err(failed)?;
        pc.run_for(SETTLE);
        input.start();
        let since = pc.now();
        pc.run_for(SETTLE);
        for message in messages {
            output.send(message);
        }
        let wanted: usize = messages.iter().map(|message| message.len()).sum();
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        pc.run_while_not(ECHO, || input.received_total() >= wanted);
        output.close();
        let mut reads = input.take_received();
        reads.extend(input.close());
        let reads = reads.into_iter().map(|received| BesideRead {
            stamp_ms: u64::try_from(received.stamped.since(since).as_millis()).unwrap_or(u64::MAX),
            bytes: received.bytes,
        });
        Ok(reads.collect())
    }
}
