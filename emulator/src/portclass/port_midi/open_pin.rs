//! An open pin: its stream, its state, and the life of its requests.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::Duration;

use portcls::com::ComPtr;
use portcls::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use portcls::interfaces::{
    IMiniportMidi, IMiniportMidiStream, IPinCount, IPowerNotify, IServiceGroup, IServiceSink,
};
use portcls::ks::{
    KSDATAFORMAT, KSPIN_DATAFLOW_OUT, KSSTATE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use portcls::status::{
    Outcome, STATUS_CANCELLED, STATUS_DEVICE_BUSY, STATUS_DEVICE_REMOVED,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
    STATUS_SUCCESS, check, succeeded,
};
use portcls::types::{BOOLEAN, NON_PAGED_POOL_NX, NTSTATUS, ULONG};

use super::capture::Capture;
use super::render::Render;
use super::{Children, Port, join, leave, query, release};
use crate::io::request::{Completion, PinStatistics, RequestId};
use crate::machine::deferred::Work;
use crate::machine::events::Event;
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;
use crate::machine::threads::lock::Held;
use crate::machine::{Machine, current};
use crate::portclass::sink::sink;
use crate::time::Instant;

/// The format of every MIDI stream.
const MIDI: KSDATAFORMAT = KSDATAFORMAT {
    FormatSize: 64,
    Flags: 0,
    SampleSize: 0,
    Reserved: 0,
    MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
    Specifier: KSDATAFORMAT_SPECIFIER_NONE,
};

/// The MIDI port sequences records with a resolution of 1 ms, in nanoseconds (Windows' documentation of MIDI miniport
/// drivers), whatever the clock's tick is.
const SEQUENCER_STEP: u64 = 1_000_000;

/// Is told when a request has ended.
pub(crate) type Waiter = Box<dyn FnOnce(Completion)>;

/// A request that is outstanding.
pub(super) struct Outstanding {
    pub(super) id: u64,
    pub(super) waiter: Option<Waiter>,
}

/// What a pin has of its stream.
struct Stream {
    object: ComPtr<IMiniportMidiStream>,
    power_notify: Option<ComPtr<IPowerNotify>>,
    group: Option<ComPtr<IServiceGroup>>,
    sink: ComPtr<IServiceSink>,
}

/// An open pin.
pub(crate) struct OpenPin {
    port: Rc<Port>,
    filter: usize,
    id: u32,
    capture: bool,
    stream: RefCell<Option<Stream>>,
    /// What the client has set.
    state: Cell<KSSTATE>,
    /// What the stream was told.
    stream_state: Cell<KSSTATE>,
    pub(super) running_since: Cell<Instant>,
    work: Cell<usize>,
    queued: Cell<bool>,
    timer: Cell<Option<Instant>>,
    pub(super) statistics: RefCell<PinStatistics>,
    next_request: Cell<u64>,
    ended: RefCell<BTreeMap<u64, Completion>>,
    last_wake: Cell<Instant>,
    pub(super) render: RefCell<Render>,
    pub(super) received: RefCell<Capture>,
}

impl OpenPin {
    /// Opens pin `id` for the filter handle number `filter`.
    pub(crate) fn open(
        machine: &Machine,
        port: &Rc<Port>,
        filter: usize,
        id: u32,
    ) -> Outcome<Rc<Self>> {
        machine.require_irql(PASSIVE_LEVEL, "IRP_MJ_CREATE", "IrqlIoPassive");
        loop {
            let control = port.take_control(machine);
            if let Some(pin) = Self::open_powered(machine, port, filter, id, control)? {
                return Ok(pin);
            }
        }
    }

    /// The same with the control lock held, if the device is in D0.
    fn open_powered(
        machine: &Machine,
        port: &Rc<Port>,
        filter: usize,
        id: u32,
        control: Held,
    ) -> Outcome<Option<Rc<Self>>> {
        let children = port.children()?;
        let opened = Self::open_with(machine, port, &children, filter, id, control);
        release(machine, children);
        opened
    }

    fn open_with(
        machine: &Machine,
        port: &Rc<Port>,
        children: &Children,
        filter: usize,
        id: u32,
        control: Held,
    ) -> Outcome<Option<Rc<Self>>> {
        let description = Rc::clone(&children.description);
        let pin = description.pins.get(id as usize);
        let pin = pin.ok_or(STATUS_INVALID_PARAMETER)?;
        if !pin.opens() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        if port.is_gone() {
            return Err(STATUS_DEVICE_REMOVED);
        }
        let open = port.pins.borrow();
        let global = open.iter().filter(|other| other.id == id).count();
        let own = open
            .iter()
            .filter(|other| other.id == id && other.filter == filter)
            .count();
        drop(open);
        let mut limits = Limits {
            necessary: pin.least_filter,
            filter_current: ULONG::try_from(own).unwrap_or(ULONG::MAX),
            filter_possible: pin.most_filter,
            global_current: ULONG::try_from(global).unwrap_or(ULONG::MAX),
            global_possible: pin.most_global,
        };
        if let Some(pin_count) = &children.pin_count {
            limits.ask(machine, pin_count, id);
        }
        if !limits.allow_one_more() {
            return Err(STATUS_DEVICE_BUSY);
        }
        let Some(_control) = port.stay_powered(machine, control)? else {
            return Ok(None);
        };
        let capture = pin.dataflow == KSPIN_DATAFLOW_OUT;
        let pin = Rc::new(Self {
            port: Rc::clone(port),
            filter,
            id,
            capture,
            stream: RefCell::default(),
            state: Cell::new(KSSTATE_STOP),
            stream_state: Cell::new(KSSTATE_STOP),
            running_since: Cell::new(machine.now()),
            work: Cell::new(0),
            queued: Cell::new(false),
            timer: Cell::new(None),
            statistics: RefCell::default(),
            next_request: Cell::new(0),
            ended: RefCell::default(),
            last_wake: Cell::new(machine.now()),
            render: RefCell::default(),
            received: RefCell::default(),
        });
        let stream = Self::new_stream(&pin, machine, children)?;
        pin.stream.replace(Some(stream));
        let weak = Rc::downgrade(&pin);
        let work = machine.add_system_work(Rc::new(move || {
            if let Some(pin) = weak.upgrade() {
                pin.queued.set(false);
                pin.serve(&current());
            }
        }));
        pin.work.set(work);
        port.pins.borrow_mut().push(Rc::clone(&pin));
        Ok(Some(pin))
    }

    fn new_stream(this: &Rc<Self>, machine: &Machine, children: &Children) -> Outcome<Stream> {
        let mut stream: *mut IMiniportMidiStream = null_mut();
        let mut group: *mut IServiceGroup = null_mut();
        let mut format = MIDI;
        let status = machine.call_driver("IMiniportMidi::NewStream", || {
            // SAFETY: the miniport is live, and everything else outlives the call.
            unsafe {
                IMiniportMidi::NewStream(
                    children.miniport.as_ptr(),
                    &raw mut stream,
                    null_mut(),
                    NON_PAGED_POOL_NX,
                    this.id,
                    BOOLEAN::from(this.capture),
                    &raw mut format,
                    &raw mut group,
                )
            }
        });
        let fault = if succeeded(status) {
            stream.is_null().then_some("succeeded without a stream")
        } else {
            let gave = !stream.is_null() || !group.is_null();
            gave.then_some("failed and gave a stream or a group all the same")
        };
        if let Some(fault) = fault {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("IMiniportMidi::NewStream {fault}"),
            );
        }
        check(status)?;
        // SAFETY: not null, with a reference for us.
        let stream = unsafe { ComPtr::from_owned(stream) }.ok_or(STATUS_INVALID_PARAMETER)?;
        // SAFETY: null, or a group with a reference for us.
        let group = unsafe { ComPtr::from_owned(group) };
        let power_notify = query(machine, stream.as_unknown()).ok();
        let weak = Rc::downgrade(this);
        let sink = sink(move || {
            if let Some(pin) = weak.upgrade() {
                pin.service(&current());
            }
        })?;
        if let Some(group) = &group {
            join(group, &sink);
        }
        Ok(Stream {
            object: stream,
            power_notify,
            group,
            sink,
        })
    }

    /// Closes the pin.
    pub(crate) fn close(self: &Rc<Self>, machine: &Machine) {
        machine.require_irql(PASSIVE_LEVEL, "IRP_MJ_CLOSE", "IrqlIoPassive");
        let _control = self.port.take_control(machine);
        self.fail_requests(machine, STATUS_CANCELLED);
        // A stream can't refuse to stop.
        let _ = self.set_state(machine, KSSTATE_STOP);
        machine.remove_system_work(self.work.get());
        self.port
            .pins
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, self));
        let stream = self.stream.take();
        if let Some(stream) = &stream
            && let Some(group) = &stream.group
        {
            leave(group, &stream.sink);
        }
        release(machine, stream);
    }

    pub(crate) fn stream(&self) -> Option<ComPtr<IMiniportMidiStream>> {
        let stream = self.stream.borrow();
        stream.as_ref().map(|stream| stream.object.clone())
    }

    /// The stream, for as long as the pin is open.
    pub(super) fn stream_pointer(&self) -> Option<*mut IMiniportMidiStream> {
        let stream = self.stream.borrow();
        stream.as_ref().map(|stream| stream.object.as_ptr())
    }

    pub(super) fn power_notify(&self) -> Option<ComPtr<IPowerNotify>> {
        let stream = self.stream.borrow();
        stream.as_ref()?.power_notify.clone()
    }

    pub(super) fn has_group(&self) -> bool {
        let stream = self.stream.borrow();
        stream.as_ref().is_some_and(|stream| stream.group.is_some())
    }

    pub(crate) fn statistics(&self) -> PinStatistics {
        *self.statistics.borrow()
    }

    // --- state ----------------------------------------------------------------------------------

    pub(crate) fn state(&self) -> KSSTATE {
        self.state.get()
    }

    pub(super) fn is_running(&self) -> bool {
        self.stream_state.get() == KSSTATE_RUN
    }

    /// Goes to a state step by step.
    pub(crate) fn set_state(&self, machine: &Machine, target: KSSTATE) -> NTSTATUS {
        machine.require_irql(
            PASSIVE_LEVEL,
            "KSPROPERTY_CONNECTION_STATE",
            "IrqlIoPassive",
        );
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&target) {
            return STATUS_INVALID_PARAMETER;
        }
        let mut control = self.port.take_control(machine);
        while self.state.get() < target {
            if self.port.is_gone() {
                return STATUS_DEVICE_REMOVED;
            }
            control = match self.port.stay_powered(machine, control) {
                Ok(Some(control)) => control,
                Ok(None) => {
                    control = self.port.take_control(machine);
                    continue;
                }
                Err(status) => return status,
            };
            let step = self.state.get() + 1;
            if let Err(status) = self.step_up(machine, step) {
                return status;
            }
        }
        while self.state.get() > target {
            let step = self.state.get() - 1;
            self.step_down(machine, step);
        }
        STATUS_SUCCESS
    }

    fn step_up(&self, machine: &Machine, state: KSSTATE) -> Outcome<()> {
        if state == KSSTATE_RUN {
            self.running_since.set(machine.now());
        }
        self.tell_stream(machine, state)?;
        self.state.set(state);
        if state == KSSTATE_RUN {
            self.wake(machine);
        }
        Ok(())
    }

    fn step_down(&self, machine: &Machine, state: KSSTATE) {
        let was = self.state.replace(state);
        if was == KSSTATE_RUN {
            self.fail_reads(machine, STATUS_CANCELLED);
        }
        if state == KSSTATE_STOP {
            self.fail_requests(machine, STATUS_CANCELLED);
            self.received.borrow_mut().clear();
        }
        if self.stream_state.get() > state && self.tell_stream(machine, state).is_err() {
            self.statistics.borrow_mut().refused_states += 1;
        }
    }

    /// Calls `SetState`. Downwards the new state counts whatever the stream says.
    fn tell_stream(&self, machine: &Machine, state: KSSTATE) -> Outcome<()> {
        let downwards = state < self.stream_state.get();
        if downwards {
            self.stream_state.set(state);
        }
        let stream = self.stream_pointer().ok_or(STATUS_INVALID_DEVICE_STATE)?;
        let status = machine.call_driver("IMiniportMidiStream::SetState", || {
            // SAFETY: the pin keeps its stream live.
            unsafe { IMiniportMidiStream::SetState(stream, state) }
        });
        check(status)?;
        self.stream_state.set(state);
        Ok(())
    }

    /// Power is about to go.
    pub(super) fn pause_for_power(&self, machine: &Machine) {
        if self.is_running() && self.tell_stream(machine, KSSTATE_PAUSE).is_err() {
            self.statistics.borrow_mut().refused_states += 1;
        }
    }

    /// Power has come back.
    pub(super) fn resume_after_power(&self, machine: &Machine) {
        if self.state.get() != KSSTATE_RUN || self.is_running() {
            return;
        }
        match self.tell_stream(machine, KSSTATE_RUN) {
            Ok(()) => self.wake(machine),
            Err(status) => {
                self.statistics.borrow_mut().refused_states += 1;
                self.state.set(KSSTATE_PAUSE);
                self.fail_requests(machine, status);
            }
        }
    }

    // --- service --------------------------------------------------------------------------------

    /// Has the pin served in a DPC.
    pub(super) fn wake(&self, machine: &Machine) {
        if !self.queued.replace(true) {
            machine.queue(Work::System(self.work.get()));
        }
    }

    /// Has the pin served at the first step of the port's sequencer from `at` on.
    pub(super) fn wake_at(self: &Rc<Self>, machine: &Machine, at: Instant) {
        let step = at.as_nanos().div_ceil(SEQUENCER_STEP);
        let at = Instant::from_nanos(step.saturating_mul(SEQUENCER_STEP));
        self.set_timer(machine, at);
    }

    /// Has the pin served after a wait, by a timer of high resolution.
    pub(super) fn wake_after(self: &Rc<Self>, machine: &Machine, wait: Duration) {
        let late = machine.random_duration(machine.config.timer_lateness);
        self.set_timer(machine, machine.now() + wait + late);
    }

    fn set_timer(self: &Rc<Self>, machine: &Machine, at: Instant) {
        if self.timer.get().is_some_and(|earlier| earlier <= at) {
            return;
        }
        self.timer.set(Some(at));
        let weak = Rc::downgrade(self);
        let call = move || {
            if let Some(pin) = weak.upgrade()
                && pin.timer.get() == Some(at)
            {
                pin.timer.set(None);
                pin.wake(&current());
            }
        };
        machine.schedule(at, Event::Call(Box::new(call)));
    }

    /// The pin's group was notified.
    pub(super) fn service(self: &Rc<Self>, machine: &Machine) {
        self.statistics.borrow_mut().services += 1;
        self.serve(machine);
    }

    fn serve(self: &Rc<Self>, machine: &Machine) {
        if !self.is_running() {
            return;
        }
        if self.capture {
            self.read_all(machine);
        } else {
            self.pump(machine);
        }
    }

    // --- requests -------------------------------------------------------------------------------

    /// A new request, or the status with which it ends at once.
    pub(super) fn begin_request(
        &self,
        machine: &Machine,
        captures: bool,
        waiter: Option<Waiter>,
    ) -> (RequestId, Option<Outstanding>) {
        let id = self.next_request.get();
        self.next_request.set(id + 1);
        let request = Outstanding { id, waiter };
        let refusal = if captures != self.capture {
            Some(STATUS_INVALID_DEVICE_REQUEST)
        } else if self.port.is_gone() {
            Some(STATUS_DEVICE_REMOVED)
        } else if self.state.get() == KSSTATE_STOP {
            Some(STATUS_INVALID_DEVICE_STATE)
        } else {
            None
        };
        match refusal {
            None => (RequestId(id), Some(request)),
            Some(status) => {
                self.end_request(machine, request, status, Vec::new(), 0);
                (RequestId(id), None)
            }
        }
    }

    /// Ends a request: whoever waits for it runs a little later, in the order of the ends.
    pub(super) fn end_request(
        &self,
        machine: &Machine,
        request: Outstanding,
        status: NTSTATUS,
        data: Vec<u8>,
        information: usize,
    ) {
        let completion = Completion {
            status,
            data,
            information,
            presentation: Duration::ZERO,
        };
        self.complete_request(machine, request, completion);
    }

    /// The same, with everything that the request ends with.
    pub(super) fn complete_request(
        &self,
        machine: &Machine,
        request: Outstanding,
        completion: Completion,
    ) {
        let Some(waiter) = request.waiter else {
            self.ended.borrow_mut().insert(request.id, completion);
            return;
        };
        let latency = machine.random_duration(machine.config.client_latency);
        let at = self.last_wake.get().max(machine.now() + latency);
        self.last_wake.set(at);
        machine.schedule(at, Event::Call(Box::new(move || waiter(completion))));
    }

    pub(crate) fn poll(&self, request: RequestId) -> Option<Completion> {
        self.ended.borrow_mut().remove(&request.0)
    }

    pub(crate) fn cancel(&self, machine: &Machine, request: RequestId) -> bool {
        self.cancel_write(machine, request.0) || self.cancel_read(machine, request.0)
    }

    pub(crate) fn outstanding(&self) -> usize {
        self.render.borrow().outstanding() + self.received.borrow().outstanding()
    }

    /// Ends all requests.
    pub(super) fn fail_requests(&self, machine: &Machine, status: NTSTATUS) {
        self.fail_writes(machine, status);
        self.fail_reads(machine, status);
    }
}

/// How many instances of a pin there are and may be.
struct Limits {
    necessary: ULONG,
    filter_current: ULONG,
    filter_possible: ULONG,
    global_current: ULONG,
    global_possible: ULONG,
}

impl Limits {
    fn ask(&mut self, machine: &Machine, pin_count: &ComPtr<IPinCount>, pin: u32) {
        machine.call_driver("IPinCount::PinCount", || {
            // SAFETY: the object is live, and all numbers can be written to.
            unsafe {
                IPinCount::PinCount(
                    pin_count.as_ptr(),
                    pin,
                    &raw mut self.necessary,
                    &raw mut self.filter_current,
                    &raw mut self.filter_possible,
                    &raw mut self.global_current,
                    &raw mut self.global_possible,
                );
            }
        });
    }

    const fn allow_one_more(&self) -> bool {
        self.filter_current < self.filter_possible && self.global_current < self.global_possible
    }
}
