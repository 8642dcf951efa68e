//! Input: bytes from the stream become time-stamped records.

use std::collections::VecDeque;
use std::time::Duration;

use portcls::interfaces::IMiniportMidiStream;
use portcls::status::{STATUS_BUFFER_TOO_SMALL, STATUS_CANCELLED, STATUS_SUCCESS, succeeded};
use portcls::types::{NTSTATUS, ULONG};

use super::open_pin::{OpenPin, Outstanding, Waiter};
use crate::io::request::{Completion, RequestId};
use crate::machine::Machine;
use crate::machine::activity::Activity;
use crate::machine::stop::BugCheck;
use crate::midi_input::{ReadCompletion, Requestor, StampOrigin};

/// Bytes of a `KSMUSICFORMAT`.
const HEAD: usize = 8;
/// The least buffer that can hold a record: one byte, padded.
const LEAST_CAPACITY: usize = HEAD + 4;
/// The largest buffer that streams are offered.
const LARGEST_READ: u64 = 2048;
/// One read in so many is offered a tiny buffer.
const TINY_READS: u64 = 4;
/// The largest of these.
const LARGEST_TINY_READ: u64 = 8;

struct ReadRequest {
    request: Outstanding,
    requestor: Requestor,
    capacity: usize,
}

/// Bytes that arrived together.
struct Burst {
    stamp: u32,
    length: usize,
}

/// The read requests of a pin, and what none has taken yet.
#[derive(Default)]
pub(super) struct Capture {
    reads: VecDeque<ReadRequest>,
    bytes: VecDeque<u8>,
    bursts: VecDeque<Burst>,
    buffer: Vec<u8>,
    /// The stream has given a byte since the pin was last stopped.
    had_bytes: bool,
}

impl Capture {
    pub(super) fn outstanding(&self) -> usize {
        self.reads.len()
    }

    /// Forgets what has not been read.
    pub(super) fn clear(&mut self) {
        self.discard();
        self.had_bytes = false;
    }

    fn discard(&mut self) {
        self.bytes.clear();
        self.bursts.clear();
    }

    /// How the oldest read completes now, unless it stays pended.
    fn next_completion(&mut self, machine: &Machine) -> Option<Completion> {
        let read = self.reads.front()?;
        let behavior = machine.config.midi_input;
        match (behavior.reads, read.requestor) {
            (ReadCompletion::FullZeroedFrame, Requestor::User) => {
                let frame = read.capacity;
                self.discard();
                self.had_bytes.then(|| Completion {
                    status: STATUS_SUCCESS,
                    data: vec![0; frame],
                    information: frame,
                    presentation: Duration::ZERO,
                })
            }
            (ReadCompletion::AsDocumented, _) | (_, Requestor::Kernel) => {
                self.next_record(read.capacity, behavior.stamps)
            }
        }
    }

    /// The next record that fits into `capacity` bytes: one burst or a part of it.
    fn next_record(&mut self, capacity: usize, stamps: StampOrigin) -> Option<Completion> {
        let burst = self.bursts.front_mut()?;
        let (delta, presentation) = match stamps {
            StampOrigin::PinStart => (burst.stamp, 0),
            StampOrigin::Header => (0, burst.stamp),
        };
        let room = (capacity - HEAD) / 4 * 4;
        let length = burst.length.min(room);
        let mut record = Vec::with_capacity(HEAD + length.next_multiple_of(4));
        record.extend(delta.to_ne_bytes());
        record.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
        record.extend(self.bytes.drain(..length));
        record.resize(HEAD + length.next_multiple_of(4), 0);
        burst.length -= length;
        if burst.length == 0 {
            self.bursts.pop_front();
        }
        Some(Completion {
            status: STATUS_SUCCESS,
            information: record.len(),
            data: record,
            presentation: Duration::from_millis(presentation.into()),
        })
    }
}

impl OpenPin {
    /// Takes a read request.
    pub(crate) fn submit_read(
        &self,
        machine: &Machine,
        capacity: usize,
        requestor: Requestor,
        waiter: Option<Waiter>,
    ) -> RequestId {
        let (id, request) = self.begin_request(machine, true, waiter);
        let Some(request) = request else {
            return id;
        };
        if capacity < LEAST_CAPACITY {
            self.end_request(machine, request, STATUS_BUFFER_TOO_SMALL, Vec::new(), 0);
            return id;
        }
        let read = ReadRequest {
            request,
            requestor,
            capacity,
        };
        self.received.borrow_mut().reads.push_back(read);
        self.complete_reads(machine);
        id
    }

    pub(super) fn cancel_read(&self, machine: &Machine, id: u64) -> bool {
        let mut received = self.received.borrow_mut();
        let position = received.reads.iter().position(|read| read.request.id == id);
        let read = position.and_then(|position| received.reads.remove(position));
        drop(received);
        let Some(read) = read else {
            return false;
        };
        self.end_request(machine, read.request, STATUS_CANCELLED, Vec::new(), 0);
        true
    }

    pub(super) fn fail_reads(&self, machine: &Machine, status: NTSTATUS) {
        let reads = std::mem::take(&mut self.received.borrow_mut().reads);
        for read in reads {
            self.end_request(machine, read.request, status, Vec::new(), 0);
        }
    }

    fn complete_reads(&self, machine: &Machine) {
        loop {
            let mut received = self.received.borrow_mut();
            let Some(completion) = received.next_completion(machine) else {
                return;
            };
            let read = received.reads.pop_front();
            drop(received);
            if let Some(read) = read {
                if machine.config.midi_input.reads == ReadCompletion::FullZeroedFrame {
                    // A reader that never has to wait must not stop the clock.
                    machine.kernel_call();
                }
                self.complete_request(machine, read.request, completion);
            }
        }
    }

    /// Reads until the stream has nothing more. All of it bears the time at which that began.
    pub(super) fn read_all(&self, machine: &Machine) {
        let running_for = machine.now() - self.running_since.get();
        let mut buffer = std::mem::take(&mut self.received.borrow_mut().buffer);
        let mut length = 0;
        while let Some(read) = self.read(machine, &mut buffer) {
            self.received.borrow_mut().bytes.extend(&buffer[..read]);
            length += read;
            machine.kernel_call();
        }
        let mut received = self.received.borrow_mut();
        received.buffer = buffer;
        if length == 0 {
            return;
        }
        // The stamp of Windows wraps around as well, after 49 days.
        let milliseconds = running_for.as_millis() % (1 << 32);
        received.bursts.push_back(Burst {
            stamp: u32::try_from(milliseconds).unwrap_or(0),
            length,
        });
        received.had_bytes = true;
        drop(received);
        self.complete_reads(machine);
    }

    /// Calls the stream's `Read` once; returns how many bytes it gave, unless none.
    fn read(&self, machine: &Machine, buffer: &mut Vec<u8>) -> Option<usize> {
        let stream = self.stream_pointer()?;
        let most = if machine.random_below(TINY_READS) == 0 {
            LARGEST_TINY_READ
        } else {
            LARGEST_READ
        };
        let capacity = ULONG::try_from(1 + machine.random_below(most)).unwrap_or(1);
        buffer.resize(LARGEST_READ.try_into().unwrap_or(0), 0);
        let mut read: ULONG = 0;
        machine.begin(Activity::Read);
        let status = machine.call_driver("IMiniportMidiStream::Read", || {
            // SAFETY: the pin keeps its stream live; the buffer holds that many bytes.
            unsafe {
                IMiniportMidiStream::Read(
                    stream,
                    buffer.as_mut_ptr().cast(),
                    capacity,
                    &raw mut read,
                )
            }
        });
        machine.end();
        let mut statistics = self.statistics.borrow_mut();
        statistics.reads += 1;
        if !succeeded(status) {
            statistics.failed_reads += 1;
            return None;
        }
        if read > capacity {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("Read reported {read} bytes in a buffer of {capacity}"),
            );
        }
        statistics.bytes_read += u64::from(read);
        (read != 0).then_some(read as usize)
    }
}
