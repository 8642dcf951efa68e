//! One UART with its rings: the state that the streams share and that outlives them all.
//!
//! The UART and the policy around it belong to whoever holds the device's lock: the interrupt's own
//! where there is an interrupt, else a spin lock. Whoever goes to the hardware at `DISPATCH_LEVEL`
//! passes the gate, which is closed outside of D0 and when the device is taken away.
//!
//! Power, Plug and Play and the streams call at `PASSIVE_LEVEL`, beside each other. Whoever changes what the
//! device can do (`State`), sets the UART up, or opens or closes the gate holds `transition` from the
//! look at the state to its change. Such a thread also holds `write_in_progress` while the UART is not
//! ready or is about to be so no longer: writes that come meanwhile are busy, and none is accepted that
//! would not go out.

mod lock;
mod pace;
mod power;
mod setup;
mod state;
mod trouble;
mod turns;

use core::cell::UnsafeCell;

use portcls::com::ComPtr;
use portcls::interfaces::{IInterruptSync, IPortMidi, IServiceGroup};
use portcls::status::{Outcome, STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR};

use crate::atomic::{AtomicBool, AtomicU8, Ordering};
use crate::bus::Registers;
use crate::claim::{Claim, Claimed};
use crate::counters::Counters;
use crate::gate::Gate;
use crate::kernel::clock::{self, Backoff};
use crate::kernel::critical_region::CriticalRegion;
use crate::kernel::pool::PoolBytes;
use crate::parameters::Parameters;
use crate::receiver::Receiver;
use crate::ring::Ring;
use crate::tracing::{DeviceNotRevived, DeviceRevived, Episode, Tracer};
use crate::transmitter::{Transmitter, bytes_to_take};
use crate::uart::AnyUart;
use lock::Lock;
use pace::{Pace, Timers};
use state::{State, StateCell};
use turns::MOST_TURNS;

/// What belongs to whoever holds the device's lock.
struct Locked {
    uart: AnyUart<Registers>,
    transmitter: Transmitter,
    receiver: Receiver,
    /// Interrupts in a row that moved no byte and whose cause remained.
    fruitless_interrupts: u32,
    /// Its interrupt could not be ended, so that nothing goes through it until it is set up again.
    out_of_service: bool,
    overflows: Episode,
    line_errors: Episode,
}

/// Whom the device tells that bytes came in. Kept until the device is taken away.
struct Port {
    port: ComPtr<IPortMidi>,
    group: ComPtr<IServiceGroup>,
}

/// The interrupt of a device.
pub struct Interrupt {
    /// By which it is connected.
    pub sync: ComPtr<IInterruptSync>,
    /// Other devices interrupt by the same line.
    pub is_shared: bool,
}

/// Turns in a row that empty any UART of what it has received: a turn takes eight bytes, and 64 are the
/// most that a FIFO holds.
const TURNS_TO_EMPTY: u32 = 10;

/// One UART with its rings.
pub struct Device {
    /// Counters of everything.
    pub counters: Counters,
    tracer: Tracer,
    transmit_ring: Ring<PoolBytes>,
    receive_ring: Ring<PoolBytes>,
    lock: Lock,
    locked: UnsafeCell<Locked>,
    gate: Gate,
    state: StateCell,
    transition: Claim,
    write_in_progress: Claim,
    read_in_progress: Claim,
    /// A thread waits to take the hardware away, so that what only takes time is cut short.
    removal_waits: AtomicBool,
    /// It was started whole: power requests are heeded. Changed with the transition held.
    started: AtomicBool,
    /// It was said to have power. Changed with the transition held.
    powered: AtomicBool,
    /// Its interrupt is connected. Changed with the transition held.
    connected: AtomicBool,
    listening: AtomicBool,
    /// A stream that renders runs, or is about to.
    rendering: AtomicBool,
    /// A stream that captures runs, or is about to.
    capturing: AtomicBool,
    pace: AtomicU8,
    /// The UART has an interrupt, and it was not given up.
    has_interrupt: AtomicBool,
    /// Other devices interrupt by the same line.
    shares_interrupt: bool,
    /// Bytes move inside the UART only when it is looked at.
    is_software: bool,
    poll_period: u32,
    /// Written by `start` before anything runs, and by `take_away` when nothing runs any more.
    port: UnsafeCell<Option<Port>>,
    /// As above.
    timers: UnsafeCell<Option<Timers>>,
}

// SAFETY: `locked` is used under the device's lock only, or when nothing else runs that uses it; `port` and
// `timers` as their comments say.
unsafe impl Sync for Device {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Device {}

impl Device {
    /// A device that is not started yet. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub fn new(
        uart: AnyUart<Registers>,
        interrupt: Option<Interrupt>,
        parameters: &Parameters,
        tracer: Tracer,
    ) -> Outcome<Self> {
        Ok(Self {
            counters: Counters::default(),
            tracer,
            transmit_ring: Ring::new(PoolBytes::zeroed(parameters.transmit_ring_bytes as usize)?),
            receive_ring: Ring::new(PoolBytes::zeroed(parameters.receive_ring_bytes as usize)?),
            has_interrupt: AtomicBool::new(interrupt.is_some()),
            shares_interrupt: interrupt.as_ref().is_some_and(|found| found.is_shared),
            is_software: matches!(uart, AnyUart::Software(_)),
            lock: Lock::new(interrupt.map(|found| found.sync)),
            locked: UnsafeCell::new(Locked {
                uart,
                transmitter: Transmitter::default(),
                receiver: Receiver::default(),
                fruitless_interrupts: 0,
                out_of_service: false,
                overflows: Episode::default(),
                line_errors: Episode::default(),
            }),
            gate: Gate::closed(),
            state: StateCell::new(),
            transition: Claim::new(),
            write_in_progress: Claim::new(),
            read_in_progress: Claim::new(),
            removal_waits: AtomicBool::new(false),
            started: AtomicBool::new(false),
            powered: AtomicBool::new(false),
            connected: AtomicBool::new(false),
            listening: AtomicBool::new(false),
            rendering: AtomicBool::new(false),
            capturing: AtomicBool::new(false),
            pace: AtomicU8::new(Pace::Stopped as u8),
            poll_period: parameters.poll_period,
            port: UnsafeCell::new(None),
            timers: UnsafeCell::new(None),
        })
    }

    /// Whether the device works now: powered, set up, neither dead nor gone. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn is_working(&self) -> bool {
        let _transition = self.take_transition();
        self.state.get() == State::Ready && !self.is_given_up()
    }

    /// Whether the device is gone for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.state.get() == State::Removed
    }

    /// Takes bytes to send; returns how many. `DISPATCH_LEVEL`; at most 100 µs.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` if the device is gone, asleep, or was found dead.
    pub fn write(&self, bytes: &[u8]) -> Outcome<usize> {
        #[cfg(feature = "faults")]
        <crate::faults::Planted as crate::faults::Fault>::write(self);
        if bytes.is_empty() {
            return Ok(0);
        }
        let Some(_inside) = self.gate.enter() else {
            self.counters.writes_without_device.count();
            return Err(STATUS_IO_DEVICE_ERROR);
        };
        let Some(_only_writer) = self.write_in_progress.try_take() else {
            self.counters.busy_writes.count();
            return Ok(0);
        };
        // It stays so: whoever changes that claims the writes first.
        if self.state.get() != State::Ready {
            self.counters.writes_without_device.count();
            return Err(STATUS_IO_DEVICE_ERROR);
        }
        // A lock that can't be had would be busy without end.
        if self.with_locked(|locked| locked.transmitter.tell_death()) != Some(false) {
            return Err(STATUS_IO_DEVICE_ERROR);
        }
        if self.transmit_ring.room() < bytes.len() {
            self.turns(1);
        }
        // Where bytes wait, the UART is busy already and will be looked at before it runs dry.
        let was_idle = self.transmit_ring.is_empty();
        let count = bytes_to_take(bytes.len(), self.transmit_ring.room());
        let taken = self.transmit_ring.put(&bytes[..count]);
        if taken > 0 {
            if was_idle {
                self.turns(2);
            }
            self.keep_time();
        }
        if taken == bytes.len() {
            return Ok(taken);
        }
        if taken > 0 {
            self.counters.partial_writes.count();
            return Ok(taken);
        }
        self.counters.busy_writes.count();
        let now = clock::now();
        let died = self.with_locked(|locked| {
            let ring = &self.transmit_ring;
            if locked.transmitter.busy_write(ring, now, &self.counters) {
                self.tell_death();
            }
            locked.transmitter.tell_death()
        });
        if died == Some(true) {
            return Err(STATUS_IO_DEVICE_ERROR);
        }
        Ok(0)
    }

    /// Takes received bytes out; returns how many. `DISPATCH_LEVEL`. Touches no register.
    #[must_use]
    pub fn read(&self, buffer: &mut [u8]) -> usize {
        let Some(_only_reader) = self.read_in_progress.try_take() else {
            return 0;
        };
        // With the claim held, as `listen` empties the ring with it held.
        if self.is_listening() {
            self.receive_ring.take(buffer)
        } else {
            0
        }
    }

    /// Starts or stops to keep what comes in. What came in before is thrown away at the start.
    /// `PASSIVE_LEVEL`.
    pub fn listen(&self, listening: bool) {
        let transition = self.take_transition();
        if listening {
            // What lies in the UART is old.
            if let Some(_inside) = self.gate.enter() {
                self.turns(TURNS_TO_EMPTY);
            }
            self.forget_received();
        }
        if listening {
            // First, so that a notification of the first byte finds a reader.
            // Ordering: a reader that sees it reads a ring that was emptied before.
            self.listening.store(true, Ordering::Release);
        }
        self.with_locked_or_alone(&transition, |locked| locked.receiver.listen(listening));
        if !listening {
            // Ordering: as above; nothing comes in any more.
            self.listening.store(false, Ordering::Release);
        }
        if listening && let Some(_inside) = self.gate.enter() {
            self.keep_time();
        }
    }

    /// Throws away what was received. `PASSIVE_LEVEL`.
    pub fn forget_received(&self) {
        let _region = CriticalRegion::enter();
        let mut backoff = Backoff::default();
        let _only_reader = self.read_in_progress.take(|| backoff.wait());
        self.counters
            .bytes_unheard
            .add_usize(self.receive_ring.clear());
    }

    /// A client begins to write: what happened to the bytes of one before it is none of its business.
    /// `PASSIVE_LEVEL`.
    pub fn begin_writes(&self) {
        let transition = self.take_transition();
        self.with_locked_or_alone(&transition, |locked| locked.transmitter.forget_death());
    }

    /// A stream runs, or is about to, or does not run any more. Known before it is got ready for, so that power which
    /// goes and comes meanwhile leaves the UART set up. `PASSIVE_LEVEL`.
    pub fn expect_stream(&self, captures: bool, runs: bool) {
        let _transition = self.take_transition();
        let expected = if captures {
            &self.capturing
        } else {
            &self.rendering
        };
        // Ordering: read with the transition held.
        expected.store(runs, Ordering::Relaxed);
    }

    /// Sets the UART up if that is needed, as before music goes through it. A UART that was given up and has
    /// gone on by itself is left as it is. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` if the device does not work.
    pub fn get_ready(&self) -> Outcome<()> {
        let transition = self.take_transition();
        let state = self.state.get();
        // Ordering: written with the transition held.
        if state == State::Removed || !self.powered.load(Ordering::Relaxed) {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        if state == State::Ready && !self.is_given_up() && !self.lacks_its_interrupt() {
            return Ok(());
        }
        let writes = self.take_writes();
        if state == State::Ready {
            // It may take what waits now; and what it has received is music.
            self.turns(TURNS_TO_EMPTY);
            if !self.is_given_up() && !self.lacks_its_interrupt() {
                return Ok(());
            }
        }
        let is_revival = matches!(state, State::Ready | State::Failed);
        if is_revival {
            self.counters.revivals.count();
        }
        let outcome = self.set_up(&transition, &writes);
        // It may be that the interrupt could not be connected when power came back.
        // Ordering: written with the transition held.
        if self.connected.load(Ordering::Relaxed) {
            self.let_in();
        }
        if is_revival {
            match outcome {
                Ok(()) => self.tracer.write(|| DeviceRevived {
                    revivals: self.counters.revivals.get(),
                }),
                Err(status) => self.tracer.write(|| DeviceNotRevived { status }),
            }
        }
        outcome.map_err(|_| STATUS_INVALID_DEVICE_STATE)
    }

    /// The port serves the miniport's group: goes on with what an interrupt left undone.
    /// `DISPATCH_LEVEL`.
    pub fn service(&self) {
        if let Some(_inside) = self.gate.enter() {
            self.turns(MOST_TURNS);
            self.keep_time();
        }
    }

    /// The group that is notified when bytes came in, while the device is there. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn service_group(&self) -> Option<ComPtr<IServiceGroup>> {
        let _transition = self.take_transition();
        // SAFETY: it is written with the transition held only.
        let port = unsafe { &*self.port.get() };
        port.as_ref().map(|port| port.group.clone())
    }

    /// Reads a register whether that is allowed or not; `take_away` leaves the UART where it is for that. At or
    /// below `DISPATCH_LEVEL`.
    #[cfg(feature = "fault-access-after-removal")]
    pub(crate) fn touch_a_register(&self) {
        self.with_locked(|locked| {
            let mut budget = crate::uart::Budget::of(crate::uart::Budget::TURN);
            crate::uart::Uart::is_interrupting(&mut locked.uart, &mut budget)
        });
    }

    /// The service group, as long as the device keeps it.
    #[cfg(feature = "fault-double-release")]
    pub(crate) fn group_without_reference(&self) -> Option<*mut portcls::interfaces::IUnknown> {
        // SAFETY: nothing takes it away meanwhile.
        let port = unsafe { &*self.port.get() };
        port.as_ref().map(|port| port.group.as_unknown())
    }

    /// Whether the UART was found dead and has not gone on by itself. At or below `DISPATCH_LEVEL`.
    fn is_given_up(&self) -> bool {
        self.with_locked(|locked| locked.transmitter.is_given_up())
            .unwrap_or(true)
    }

    /// Whether its interrupt was given up, and nothing is under way that setting it up would disturb. With the
    /// transition held.
    fn lacks_its_interrupt(&self) -> bool {
        // Ordering: if it has only just been given up, that is found out the next time.
        let has_interrupt = self.has_interrupt.load(Ordering::Relaxed);
        self.lock.is_interrupt()
            && !has_interrupt
            && self.transmit_ring.is_empty()
            && !self.is_listening()
    }

    fn is_listening(&self) -> bool {
        // Ordering: pairs with `listen`; the ring was emptied before.
        self.listening.load(Ordering::Acquire)
    }

    /// Waits until no other thread changes what the device can do. `PASSIVE_LEVEL`.
    fn take_transition(&self) -> Transition<'_> {
        let region = CriticalRegion::enter();
        let mut backoff = Backoff::default();
        Transition {
            _claimed: self.transition.take(|| backoff.wait()),
            _region: region,
        }
    }

    /// Waits until no write runs, and has those that come be busy. `PASSIVE_LEVEL`.
    fn take_writes(&self) -> Claimed<'_> {
        let mut backoff = Backoff::default();
        self.write_in_progress.take(|| backoff.wait())
    }

    /// Does `work` under the device's lock while its interrupt is connected. Otherwise nothing else runs that uses
    /// what is under it, and the lock, which is the interrupt's, may not be had. `PASSIVE_LEVEL`.
    fn with_locked_or_alone(&self, _transition: &Transition<'_>, work: impl FnOnce(&mut Locked)) {
        // Ordering: written with the transition held.
        if self.connected.load(Ordering::Relaxed) {
            self.with_locked(work);
        } else {
            // SAFETY: with the transition held, no other thread is here or connects the interrupt; it is not connected, and
            // nobody is inside the gate as long as it is not.
            work(unsafe { &mut *self.locked.get() });
        }
    }

    /// Does `work` under the device's lock, at most 25 µs; nothing if the lock is there no more.
    fn with_locked<R>(&self, work: impl FnOnce(&mut Locked) -> R) -> Option<R> {
        self.lock.with(|| {
            // SAFETY: the lock is held.
            work(unsafe { &mut *self.locked.get() })
        })
    }
}

/// Only this thread changes what the device can do, and it can't be suspended.
struct Transition<'a> {
    /// Released first.
    _claimed: Claimed<'a>,
    _region: CriticalRegion,
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.port.get_mut().is_some() {
            self.take_away(false);
        }
    }
}
