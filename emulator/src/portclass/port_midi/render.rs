//! Output: write requests become bytes at their times.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use portcls::interfaces::IMiniportMidiStream;
use portcls::status::{STATUS_CANCELLED, STATUS_INVALID_PARAMETER, STATUS_SUCCESS, succeeded};
use portcls::types::{NTSTATUS, ULONG};

use super::open_pin::{OpenPin, Outstanding, Waiter};
use crate::io::request::RequestId;
use crate::machine::Machine;
use crate::machine::activity::Activity;
use crate::machine::stop::BugCheck;
use crate::time::Instant;

/// Bytes of a `KSMUSICFORMAT`.
const HEAD: usize = 8;
/// After so long in one DPC the rest waits for the next: half of the 100 µs that a DPC should take at
/// most, as the last Write takes its time too.
const LONGEST_TURN: Duration = Duration::from_micros(50);
/// The wait before a busy stream is tried again.
const RETRY: Duration = Duration::from_millis(1);
/// A stream that takes nothing for longer than this, and reports no error, has stalled.
const STALL: Duration = Duration::from_millis(600);
/// The first byte of a System Exclusive message.
const SYSTEM_EXCLUSIVE: u8 = 0xF0;

struct WriteRequest {
    request: Outstanding,
    records: Vec<u8>,
    /// Where the next record begins.
    next: usize,
    /// When the last record was due, counted from RUN.
    due: Duration,
    /// What is left of the current event: from, to, and to where it is sent in one go.
    event: Option<[usize; 3]>,
    status: NTSTATUS,
}

/// The write requests of a pin.
#[derive(Default)]
pub(super) struct Render {
    queue: VecDeque<WriteRequest>,
    /// The request of which the stream has bytes in its hands.
    in_hands: Option<u64>,
    /// With what that request was ended meanwhile.
    ended_in_hands: Option<NTSTATUS>,
    busy_since: Option<Instant>,
    stalled: bool,
}

impl Render {
    pub(super) fn outstanding(&self) -> usize {
        let in_hands = self.in_hands.is_some() && self.ended_in_hands.is_none();
        self.queue.len() + usize::from(in_hands)
    }

    /// The time that the stream has been busy, when it is not any more.
    fn end_of_busy_time(&mut self, now: Instant) -> Duration {
        self.stalled = false;
        self.busy_since
            .take()
            .map_or(Duration::ZERO, |since| now - since)
    }
}

/// What is to be done for a request now.
enum Turn {
    Write,
    Wait(Instant),
    End,
}

impl WriteRequest {
    /// Finds the next bytes to send.
    fn turn(&mut self, machine: &Machine, running_since: Instant) -> Turn {
        loop {
            if let Some([from, to, _]) = self.event {
                if from == to {
                    self.event = None;
                    continue;
                }
                let at = running_since + self.due;
                if at > machine.now() {
                    return Turn::Wait(at);
                }
                self.choose_chunk(machine);
                return Turn::Write;
            }
            if self.next >= self.records.len() {
                return Turn::End;
            }
            if self.parse().is_none() {
                self.status = STATUS_INVALID_PARAMETER;
                return Turn::End;
            }
        }
    }

    /// Parses the record at `next`.
    fn parse(&mut self) -> Option<()> {
        let head = self.records.get(self.next..self.next + HEAD)?;
        let number = |at: usize| {
            let bytes = head.get(at..at + 4)?;
            Some(u32::from_ne_bytes(bytes.try_into().ok()?))
        };
        let (delta, count) = (number(0)?, number(4)? as usize);
        let from = self.next + HEAD;
        let to = from
            .checked_add(count)
            .filter(|to| *to <= self.records.len())?;
        self.due += Duration::from_millis(u64::from(delta));
        // The last record's padding may be missing.
        self.next = to.next_multiple_of(4);
        self.event = Some([from, to, from]);
        Some(())
    }

    /// Short data is sent whole; System Exclusive whole, or in chunks as the seed has it.
    fn choose_chunk(&mut self, machine: &Machine) {
        let Some([from, to, chunk]) = &mut self.event else {
            return;
        };
        if *chunk > *from {
            return;
        }
        let starts = self.records[*from] == SYSTEM_EXCLUSIVE;
        let left = *to - *from;
        *chunk = if starts && left > 3 && machine.random_below(4) == 0 {
            let size = 1 + machine.random_below(left as u64);
            *from + usize::try_from(size).unwrap_or(left)
        } else {
            *to
        };
    }
}

impl OpenPin {
    /// Takes a write request.
    pub(crate) fn submit_write(
        &self,
        machine: &Machine,
        records: Vec<u8>,
        presentation: Duration,
        waiter: Option<Waiter>,
    ) -> RequestId {
        let (id, request) = self.begin_request(machine, false, waiter);
        if let Some(request) = request {
            self.render.borrow_mut().queue.push_back(WriteRequest {
                request,
                records,
                next: 0,
                due: presentation,
                event: None,
                status: STATUS_SUCCESS,
            });
            self.wake(machine);
        }
        id
    }

    pub(super) fn cancel_write(&self, machine: &Machine, id: u64) -> bool {
        let mut render = self.render.borrow_mut();
        if render.in_hands == Some(id) {
            return render.ended_in_hands.replace(STATUS_CANCELLED).is_none();
        }
        let position = render.queue.iter().position(|write| write.request.id == id);
        let write = position.and_then(|position| render.queue.remove(position));
        if position == Some(0) {
            render.busy_since = None;
        }
        drop(render);
        let Some(write) = write else {
            return false;
        };
        self.end_request(machine, write.request, STATUS_CANCELLED, Vec::new(), 0);
        true
    }

    pub(super) fn fail_writes(&self, machine: &Machine, status: NTSTATUS) {
        let mut render = self.render.borrow_mut();
        if render.in_hands.is_some() {
            render.ended_in_hands.get_or_insert(status);
        }
        render.busy_since = None;
        let queue = std::mem::take(&mut render.queue);
        drop(render);
        for write in queue {
            self.end_request(machine, write.request, status, Vec::new(), 0);
        }
    }

    /// Sends what is due.
    pub(super) fn pump(self: &Rc<Self>, machine: &Machine) {
        let turn_ends = machine.now() + LONGEST_TURN;
        while self.is_running() {
            let mut render = self.render.borrow_mut();
            let Some(mut write) = render.queue.pop_front() else {
                return;
            };
            match write.turn(machine, self.running_since.get()) {
                Turn::Wait(at) => {
                    render.queue.push_front(write);
                    drop(render);
                    self.wake_at(machine, at);
                    return;
                }
                Turn::End => {
                    drop(render);
                    let (status, used) = (write.status, write.records.len());
                    self.end_request(machine, write.request, status, Vec::new(), used);
                }
                Turn::Write => {
                    render.in_hands = Some(write.request.id);
                    drop(render);
                    let progress = self.write(machine, &mut write);
                    self.take_back(machine, write);
                    if !progress {
                        self.wake_after(machine, RETRY);
                        return;
                    }
                }
            }
            if machine.now() > turn_ends {
                self.wake(machine);
                return;
            }
        }
    }

    /// The stream's call is over: the request goes back into the queue unless it was ended.
    fn take_back(&self, machine: &Machine, write: WriteRequest) {
        let mut render = self.render.borrow_mut();
        render.in_hands = None;
        match render.ended_in_hands.take() {
            None => render.queue.push_front(write),
            Some(status) => {
                drop(render);
                self.end_request(machine, write.request, status, Vec::new(), 0);
            }
        }
    }

    /// Calls the stream's `Write` once; returns whether it should be called again at once.
    fn write(&self, machine: &Machine, write: &mut WriteRequest) -> bool {
        let (Some([from, to, chunk]), Some(stream)) = (write.event, self.stream_pointer()) else {
            return true;
        };
        let bytes = &mut write.records[from..chunk];
        // An event is part of a request, whose length is a ULONG on Windows.
        let length = ULONG::try_from(bytes.len()).unwrap_or(ULONG::MAX);
        let mut written: ULONG = 0;
        machine.begin(Activity::Write);
        let status = machine.call_driver("IMiniportMidiStream::Write", || {
            // SAFETY: the pin keeps its stream live, and the bytes outlive the call.
            unsafe {
                IMiniportMidiStream::Write(
                    stream,
                    bytes.as_mut_ptr().cast(),
                    length,
                    &raw mut written,
                )
            }
        });
        machine.end();
        let mut render = self.render.borrow_mut();
        let mut statistics = self.statistics.borrow_mut();
        statistics.writes += 1;
        if !succeeded(status) {
            statistics.failed_writes += 1;
            let busy = render.end_of_busy_time(machine.now());
            statistics.longest_without_progress = busy.max(statistics.longest_without_progress);
            if succeeded(write.status) {
                write.status = status;
            }
            write.event = Some([to, to, to]);
            return true;
        }
        if written > length || (written < length && !written.is_multiple_of(4)) {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!(
                    "the miniport broke the count rule: of {length} bytes Write reported {written}, \
                     neither all nor a smaller multiple of four"
                ),
            );
        }
        statistics.bytes_written += u64::from(written);
        if written == 0 {
            statistics.zero_writes += 1;
            let now = machine.now();
            let busy = now - *render.busy_since.get_or_insert(now);
            statistics.longest_without_progress = busy.max(statistics.longest_without_progress);
            if busy > STALL && !render.stalled {
                render.stalled = true;
                statistics.stalls += 1;
            }
            return false;
        }
        if written < length {
            statistics.partial_writes += 1;
        }
        let busy = render.end_of_busy_time(machine.now());
        statistics.longest_without_progress = busy.max(statistics.longest_without_progress);
        write.event = Some([from + written as usize, to, chunk]);
        true
    }
}
