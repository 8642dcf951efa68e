//! Outputs: a queue of messages, and requests under way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;

use portcls::status::succeeded;
use portcls::types::NTSTATUS;

use super::input::{run, stop};
use super::records::append;
use crate::io::filter::Filter;
use crate::io::pin::Pin;
use crate::io::request::{Completion, RequestId};
use crate::machine::current;
use crate::machine::events::Event;
use crate::portclass::port_midi::OpenPin;

/// Short messages have at most so many bytes.
const LONGEST_SHORT_MESSAGE: usize = 3;

/// How a client makes requests of messages.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Most short messages that share a request.
    pub(super) records: usize,
    /// Most requests under way.
    pub(super) requests: usize,
    /// A request that takes longer than this, and a little for each byte, is cancelled.
    pub(super) patience: Option<Patience>,
}

/// When a client gives up.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// What every request is given.
    pub(super) request: Duration,
    /// What it is given in addition for each byte.
    pub(super) byte: Duration,
    /// How long it may take to cancel a request.
    pub(super) grace: Duration,
    /// After so many timeouts in a row the output is disabled.
    pub(super) timeouts: u32,
}

struct UnderWay {
    request: Option<RequestId>,
    bytes: usize,
}

/// What has gone wrong so far.
#[derive(Clone, Copy, Default)]
struct Troubles {
    timeouts: u32,
    leaked: u32,
    failures: u64,
    last_failure: Option<NTSTATUS>,
    disabled: bool,
    timeouts_in_a_row: u32,
}

struct State {
    manner: Manner,
    pin: Weak<OpenPin>,
    messages: RefCell<VecDeque<Vec<u8>>>,
    under_way: RefCell<BTreeMap<u64, UnderWay>>,
    next: Cell<u64>,
    queued_bytes: Cell<usize>,
    troubles: Cell<Troubles>,
    closing: Cell<bool>,
}

/// An output of a client, which works its queue off by itself.
pub struct Output {
    pin: Pin,
    state: Rc<State>,
}

impl Output {
    /// Opens a pin and brings it to RUN.
    pub(super) fn open(filter: &Filter, pin: u32, manner: Manner) -> Result<Self, NTSTATUS> {
        let pin = filter.open_pin(pin)?;
        run(&pin)?;
        let state = Rc::new(State {
            manner,
            pin: Rc::downgrade(pin.open()),
            messages: RefCell::default(),
            under_way: RefCell::default(),
            next: Cell::new(0),
            queued_bytes: Cell::new(0),
            troubles: Cell::default(),
            closing: Cell::new(false),
        });
        Ok(Self { pin, state })
    }

    /// Queues a message. Several short ones may share a request, if that is the client's manner; a
    /// long one has its own.
    pub fn send(&self, message: &[u8]) {
        if self.state.troubles.get().disabled {
            return;
        }
        self.state.messages.borrow_mut().push_back(message.to_vec());
        let queued = self.state.queued_bytes.get() + message.len();
        self.state.queued_bytes.set(queued);
        State::proceed(&self.state);
    }

    /// Bytes of messages whose request has not been completed.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.state.queued_bytes.get()
    }

    /// Whether every message has been completed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.messages.borrow().is_empty() && self.state.under_way.borrow().is_empty()
    }

    /// Requests that timed out.
    #[must_use]
    pub fn timeouts(&self) -> u32 {
        self.state.troubles.get().timeouts
    }

    /// Whether the client has given the output up, after several timeouts in a row.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.state.troubles.get().disabled
    }

    /// Requests that did not even end in time after they were cancelled.
    #[must_use]
    pub fn leaked_requests(&self) -> u32 {
        self.state.troubles.get().leaked
    }

    /// Requests that ended with an error: how many, and the last status.
    #[must_use]
    pub fn failures(&self) -> (u64, Option<NTSTATUS>) {
        let troubles = self.state.troubles.get();
        (troubles.failures, troubles.last_failure)
    }

    /// The open pin.
    #[must_use]
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }

    /// Closes the output in good order.
    pub fn close(self) {
        self.state.closing.set(true);
        stop(&self.pin);
    }

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        self.state.closing.set(true);
    }
}

impl State {
    /// Sends requests as long as the client's manner allows.
    fn proceed(this: &Rc<Self>) {
        while !this.closing.get() && this.under_way.borrow().len() < this.manner.requests {
            let Some((records, bytes)) = this.next_request() else {
                return;
            };
            this.submit(records, bytes);
        }
    }

    /// Packs messages: a long one alone, short ones together.
    fn next_request(&self) -> Option<(Vec<u8>, usize)> {
        let mut messages = self.messages.borrow_mut();
        let mut records = Vec::new();
        let mut bytes = 0;
        for count in 0..self.manner.records {
            let fits = |message: &Vec<u8>| count == 0 || message.len() <= LONGEST_SHORT_MESSAGE;
            if !messages.front().is_some_and(fits) {
                break;
            }
            let Some(message) = messages.pop_front() else {
                break;
            };
            append(&mut records, &message);
            bytes += message.len();
            if message.len() > LONGEST_SHORT_MESSAGE {
                break;
            }
        }
        (!records.is_empty()).then_some((records, bytes))
    }

    fn submit(self: &Rc<Self>, records: Vec<u8>, bytes: usize) {
        let Some(pin) = self.pin.upgrade() else {
            return;
        };
        let number = self.next.get();
        self.next.set(number + 1);
        let under_way = UnderWay {
            request: None,
            bytes,
        };
        self.under_way.borrow_mut().insert(number, under_way);
        let machine = current();
        let state = Rc::clone(self);
        let waiter = move |completion: Completion| state.ended(number, &completion);
        let waiter = Some(Box::new(waiter) as Box<dyn FnOnce(Completion)>);
        let request = pin.submit_write(&machine, records, Duration::ZERO, waiter);
        if let Some(under_way) = self.under_way.borrow_mut().get_mut(&number) {
            under_way.request = Some(request);
        }
        if let Some(patience) = self.manner.patience {
            let factor = u32::try_from(bytes).unwrap_or(u32::MAX);
            let limit = patience.request + patience.byte * factor;
            self.later(limit, move |state| state.lose_patience(number, patience));
        }
    }

    fn later(self: &Rc<Self>, after: Duration, call: impl FnOnce(&Rc<Self>) + 'static) {
        let machine = current();
        let weak = Rc::downgrade(self);
        let call = move || {
            if let Some(state) = weak.upgrade() {
                call(&state);
            }
        };
        machine.schedule(machine.now() + after, Event::Call(Box::new(call)));
    }

    fn ended(self: &Rc<Self>, number: u64, completion: &Completion) {
        let under_way = self.under_way.borrow_mut().remove(&number);
        let Some(under_way) = under_way else {
            return;
        };
        let left = self.queued_bytes.get().saturating_sub(under_way.bytes);
        self.queued_bytes.set(left);
        let mut troubles = self.troubles.get();
        if succeeded(completion.status) {
            troubles.timeouts_in_a_row = 0;
        } else {
            troubles.failures += 1;
            troubles.last_failure = Some(completion.status);
        }
        self.troubles.set(troubles);
        Self::proceed(self);
    }

    /// A request's time is over.
    fn lose_patience(self: &Rc<Self>, number: u64, patience: Patience) {
        let under_way = self.under_way.borrow();
        let request = under_way.get(&number).and_then(|request| request.request);
        drop(under_way);
        let (Some(request), Some(pin)) = (request, self.pin.upgrade()) else {
            return;
        };
        let mut troubles = self.troubles.get();
        troubles.timeouts += 1;
        troubles.timeouts_in_a_row += 1;
        if troubles.timeouts_in_a_row >= patience.timeouts {
            troubles.disabled = true;
            let dropped: usize = self.messages.take().iter().map(Vec::len).sum();
            let left = self.queued_bytes.get().saturating_sub(dropped);
            self.queued_bytes.set(left);
        }
        self.troubles.set(troubles);
        pin.cancel(&current(), request);
        self.later(patience.grace, move |state| state.give_up(number));
    }

    /// A request did not even end when it was cancelled.
    fn give_up(self: &Rc<Self>, number: u64) {
        if self.under_way.borrow_mut().remove(&number).is_some() {
            let mut troubles = self.troubles.get();
            troubles.leaked += 1;
            self.troubles.set(troubles);
            Self::proceed(self);
        }
    }
}
