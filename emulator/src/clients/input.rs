//! Inputs: reads that are kept pended.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{check, succeeded};
use portcls::types::NTSTATUS;

use super::Received;
use super::records::{HEAD, first};
use crate::io::filter::Filter;
use crate::io::pin::Pin;
use crate::io::request::Completion;
use crate::machine::current;
use crate::midi_input::Requestor;
use crate::portclass::port_midi::OpenPin;
use crate::time::Instant;

/// Bytes of MIDI in a client's buffer.
const BUFFER: usize = 2048;

/// Brings a pin to RUN as all clients do.
pub(super) fn run(pin: &Pin) -> Result<(), NTSTATUS> {
    [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN]
        .into_iter()
        .try_for_each(|state| check(pin.set_state(state)))
}

/// Stops a pin as all clients do.
pub(super) fn stop(pin: &Pin) {
    for state in [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP] {
        // There is nothing that a client could do about a pin that does not stop.
        let _ = pin.set_state(state);
    }
}

/// How a client reads.
#[derive(Clone, Copy)]
pub(super) struct ReadingManner {
    /// Reads that are kept pended.
    pub(super) reads: usize,
    /// It looks at the first record of a completion only.
    pub(super) first_only: bool,
    /// Who the driver sees as the reader.
    pub(super) requestor: Requestor,
    /// Where it has the time of a message from.
    pub(super) stamps: Stamps,
}

/// Where a client has the time of a message from.
#[derive(Clone, Copy)]
pub(super) enum Stamps {
    /// The moment after the pin was opened, plus the record's `TimeDeltaMs`.
    SinceOpening,
    /// The moment at which the message reached it.
    OwnClock,
}

/// An input of a client, which keeps reads pended.
pub struct Input {
    pin: Pin,
    state: Rc<State>,
}

struct State {
    manner: ReadingManner,
    /// When the pin was open and running.
    opened: Instant,
    /// When the program started to record, if it does so itself.
    started: Cell<Option<Instant>>,
    too_early: Cell<u64>,
    closing: Cell<bool>,
    received: RefCell<Vec<Received>>,
    total: Cell<u64>,
}

impl Input {
    /// Opens a pin, pends `reads` reads and brings it to RUN.
    pub(super) fn open(filter: &Filter, pin: u32, manner: ReadingManner) -> Result<Self, NTSTATUS> {
        let pin = filter.open_pin(pin)?;
        run(&pin)?;
        let state = Rc::new(State {
            manner,
            opened: current().now(),
            started: Cell::new(None),
            too_early: Cell::new(0),
            closing: Cell::new(false),
            received: RefCell::default(),
            total: Cell::new(0),
        });
        for _ in 0..manner.reads {
            read(pin.open(), &state);
        }
        Ok(Self { pin, state })
    }

    /// The open pin.
    #[must_use]
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }

    /// The program calls `midiInStart`: it gets what is stamped from now on, and nothing that is stamped
    /// earlier, whenever that arrives (`CMidiPort::Callback` in Windows MIDI Services' `MidiSrvPort.cpp`).
    /// Until then [`Input::take_received`] shows all that reaches the component.
    pub fn start(&self) {
        self.state.started.set(Some(current().now()));
    }

    /// How many bytes were dropped because their stamps are earlier than [`Input::start`].
    #[must_use]
    pub fn dropped_as_too_early(&self) -> u64 {
        self.state.too_early.get()
    }

    /// Takes what has been received since this was last asked.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        self.state.received.take()
    }

    /// How many bytes have been received in all.
    #[must_use]
    pub fn received_total(&self) -> u64 {
        self.state.total.get()
    }

    /// Closes the input in good order; returns what was received and not taken yet.
    #[must_use]
    pub fn close(self) -> Vec<Received> {
        // What the driver has completed already still reaches the client.
        let machine = current();
        machine.idle_until(machine.now() + machine.config.client_latency);
        self.state.closing.set(true);
        stop(&self.pin);
        self.state.received.take()
    }

    /// The client dies: its handle is closed with requests outstanding.
    pub fn abandon(self) {
        self.state.closing.set(true);
    }
}

/// Pends a read; when it ends, another follows.
fn read(pin: &Rc<OpenPin>, state: &Rc<State>) {
    let weak: Weak<OpenPin> = Rc::downgrade(pin);
    let requestor = state.manner.requestor;
    let state = Rc::clone(state);
    let waiter = move |completion: Completion| {
        state.take(&completion);
        if let Some(pin) = weak.upgrade()
            && succeeded(completion.status)
            && !state.closing.get()
        {
            read(&pin, &state);
        }
    };
    let waiter = Some(Box::new(waiter) as Box<dyn FnOnce(Completion)>);
    pin.submit_read(&current(), HEAD + BUFFER, requestor, waiter);
}

impl State {
    fn take(&self, completion: &Completion) {
        let mut rest = &completion.data[..];
        while let Some((stamp, bytes, next)) = first(rest) {
            if !bytes.is_empty() {
                self.receive(Duration::from_millis(u64::from(stamp)), bytes);
            }
            if self.manner.first_only || bytes.is_empty() {
                return;
            }
            rest = next;
        }
    }

    fn receive(&self, stamp: Duration, bytes: &[u8]) {
        let at = current().now();
        let stamped = match self.manner.stamps {
            Stamps::SinceOpening => self.opened + stamp,
            Stamps::OwnClock => at,
        };
        let length = bytes.len() as u64;
        if self.started.get().is_some_and(|started| stamped < started) {
            self.too_early.set(self.too_early.get() + length);
            return;
        }
        self.total.set(self.total.get() + length);
        self.received.borrow_mut().push(Received {
            at,
            stamp,
            stamped,
            bytes: bytes.to_vec(),
        });
    }
}
