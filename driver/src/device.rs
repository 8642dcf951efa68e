//! One UART with its rings: the state that the streams share and that outlives them all.
//!
//! The UART and the policy around it belong to whoever holds the device's lock: the interrupt's own
//! where there is an interrupt, else a spin lock. Whoever goes to the hardware at `DISPATCH_LEVEL`
//! passes the gate, which is closed outside of D0 and when the device is taken away.

mod lock;
mod pace;
mod power;
mod setup;
mod trouble;
mod turns;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use portcls::com::ComPtr;
use portcls::interfaces::{IInterruptSync, IPortMidi, IServiceGroup};
use portcls::status::{Outcome, STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR};

use crate::bus::Registers;
use crate::counters::Counters;
use crate::gate::Gate;
use crate::kernel::clock;
use crate::kernel::pool::PoolBytes;
use crate::kernel::timer::Timer;
use crate::parameters::Parameters;
use crate::receiver::Receiver;
use crate::ring::Ring;
use crate::tracing::{DeviceNotRevived, DeviceRevived, Episode, Tracer};
use crate::transmitter::{Transmitter, bytes_to_take};
use crate::uart::AnyUart;
use lock::Lock;
use pace::Pace;
use turns::{MOST_TURNS, interrupt_routine};

/// Where the device stands between starting and being gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Standing {
    /// It is being set up, or asleep.
    Away = 0,
    /// It works.
    Working = 1,
    /// It is gone for good.
    Gone = 2,
}

/// What belongs to whoever holds the device's lock.
struct Locked {
    uart: AnyUart<Registers>,
    transmitter: Transmitter,
    receiver: Receiver,
    /// The UART is being set up, so that its bytes are none of the music.
    setting_up: bool,
    overflows: Episode,
    line_errors: Episode,
}

/// Whom the device tells that bytes came in. Kept until the device is taken away.
struct Port {
    port: ComPtr<IPortMidi>,
    group: ComPtr<IServiceGroup>,
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
    standing: AtomicU8,
    needs_setup: AtomicBool,
    setup_in_progress: AtomicBool,
    /// The UART could not be set up, and does nothing until it could.
    setup_failed: AtomicBool,
    listening: AtomicBool,
    write_in_progress: AtomicBool,
    read_in_progress: AtomicBool,
    pace: AtomicU8,
    has_interrupt: bool,
    /// Bytes move inside the UART only when it is looked at.
    is_software: bool,
    poll_period: u32,
    /// Written by `start` before anything runs, and by `take_away` when nothing runs any more.
    port: UnsafeCell<Option<Port>>,
    /// As above.
    timer: UnsafeCell<Option<Timer>>,
}

// SAFETY: `locked` is used under the device's lock only; `port` and `timer` as their comments say.
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
        sync: Option<ComPtr<IInterruptSync>>,
        parameters: &Parameters,
        tracer: Tracer,
    ) -> Outcome<Self> {
        Ok(Self {
            counters: Counters::default(),
            tracer,
            transmit_ring: Ring::new(PoolBytes::zeroed(parameters.transmit_ring_bytes as usize)?),
            receive_ring: Ring::new(PoolBytes::zeroed(parameters.receive_ring_bytes as usize)?),
            has_interrupt: sync.is_some(),
            is_software: matches!(uart, AnyUart::Software(_)),
            lock: Lock::new(sync),
            locked: UnsafeCell::new(Locked {
                uart,
                transmitter: Transmitter::default(),
                receiver: Receiver::default(),
                setting_up: true,
                overflows: Episode::default(),
                line_errors: Episode::default(),
            }),
            gate: Gate::closed(),
            standing: AtomicU8::new(Standing::Away as u8),
            needs_setup: AtomicBool::new(true),
            setup_in_progress: AtomicBool::new(false),
            setup_failed: AtomicBool::new(false),
            listening: AtomicBool::new(false),
            write_in_progress: AtomicBool::new(false),
            read_in_progress: AtomicBool::new(false),
            pace: AtomicU8::new(Pace::Stopped as u8),
            poll_period: parameters.poll_period,
            port: UnsafeCell::new(None),
            timer: UnsafeCell::new(None),
        })
    }

    /// Connects the interrupt, makes the timer and sets the UART up. `PASSIVE_LEVEL`, once.
    ///
    /// # Errors
    /// What made it impossible; all that was taken is given back by [`Device::take_away`].
    ///
    /// # Safety
    /// The device stays where it is from now on; nothing else uses it yet.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub unsafe fn start(
        &self,
        port: ComPtr<IPortMidi>,
        group: ComPtr<IServiceGroup>,
    ) -> Outcome<()> {
        // SAFETY: nothing uses the device yet.
        unsafe { *self.port.get() = Some(Port { port, group }) };
        // SAFETY: the device stays where it is, and drops the timer before it goes itself.
        let timer = unsafe { Timer::new(self) }?;
        // SAFETY: nothing uses the device yet.
        unsafe { *self.timer.get() = Some(timer) };
        let context = core::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the device stays where it is, and disconnects before it goes.
        unsafe { self.lock.connect(interrupt_routine, context) }?;
        self.wake()
    }

    /// Whether the device works now: powered, set up, not gone.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.stands() == Standing::Working && !self.needs_setup()
    }

    /// Whether the device is gone for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.stands() == Standing::Gone
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
        // Ordering: set before the one who set it lets anybody in.
        let failed = self.setup_failed.load(Ordering::Relaxed);
        let Some(_inside) = self.gate.enter().filter(|_| !failed) else {
            self.counters.writes_without_device.count();
            return Err(STATUS_IO_DEVICE_ERROR);
        };
        let Some(_only_writer) = Exclusive::claim(&self.write_in_progress) else {
            self.counters.busy_writes.count();
            return Ok(0);
        };
        if self.with_locked(|locked| locked.transmitter.tell_death()) == Some(true) {
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
            self.request_setup();
            return Err(STATUS_IO_DEVICE_ERROR);
        }
        Ok(0)
    }

    /// Takes received bytes out; returns how many. `DISPATCH_LEVEL`. Touches no register.
    #[must_use]
    pub fn read(&self, buffer: &mut [u8]) -> usize {
        // Ordering: pairs with `listen`; a stream that reads has started to listen itself.
        if !self.listening.load(Ordering::Acquire) {
            return 0;
        }
        Exclusive::claim(&self.read_in_progress)
            .map_or(0, |_only_reader| self.receive_ring.take(buffer))
    }

    /// Starts or stops to keep what comes in. What came in before is thrown away at the start.
    /// `PASSIVE_LEVEL`.
    pub fn listen(&self, listening: bool) {
        if listening {
            // What lies in the UART is old.
            if let Some(_inside) = self.gate.enter() {
                self.turns(TURNS_TO_EMPTY);
            }
            self.forget_received();
        }
        self.with_locked(|locked| locked.receiver.listen(listening));
        // Ordering: a reader that sees it reads a ring that was emptied before.
        self.listening.store(listening, Ordering::Release);
        if listening && let Some(_inside) = self.gate.enter() {
            self.keep_time();
        }
    }

    /// Throws away what was received. `PASSIVE_LEVEL`.
    pub fn forget_received(&self) {
        if let Some(_only_reader) = Exclusive::claim(&self.read_in_progress) {
            self.receive_ring.clear();
        }
    }

    /// Sets the UART up again if that is needed, as before music goes through it.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` if the device does not work.
    pub fn get_ready(&self) -> Outcome<()> {
        if self.stands() == Standing::Working && self.needs_setup() {
            self.counters.revivals.count();
            // A device that can't be set up stays as it is, and says so below.
            match self.set_up() {
                Ok(()) => self.tracer.write(|| DeviceRevived {
                    revivals: self.counters.revivals.get(),
                }),
                Err(status) => self.tracer.write(|| DeviceNotRevived { status }),
            }
        }
        if self.is_working() {
            Ok(())
        } else {
            Err(STATUS_INVALID_DEVICE_STATE)
        }
    }

    /// The port serves the miniport's group: goes on with what an interrupt left undone.
    /// `DISPATCH_LEVEL`.
    pub fn service(&self) {
        if let Some(_inside) = self.gate.enter() {
            self.turns(MOST_TURNS);
        }
    }

    /// The group that is notified when bytes came in, while the device is there.
    #[must_use]
    pub fn service_group(&self) -> Option<ComPtr<IServiceGroup>> {
        let _inside = self.gate.enter()?;
        // SAFETY: it is taken away only when nobody is inside the gate.
        let port = unsafe { &*self.port.get() };
        port.as_ref().map(|port| port.group.clone())
    }

    /// Reads a register whether that is allowed or not. At or below `DISPATCH_LEVEL`.
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

    fn stands(&self) -> Standing {
        // Ordering: pairs with `wake`.
        match self.standing.load(Ordering::Acquire) {
            1 => Standing::Working,
            2 => Standing::Gone,
            _ => Standing::Away,
        }
    }

    fn needs_setup(&self) -> bool {
        // Ordering: read again at `PASSIVE_LEVEL` by whoever acts on it.
        self.needs_setup.load(Ordering::Relaxed)
    }

    fn request_setup(&self) {
        // Ordering: as above.
        self.needs_setup.store(true, Ordering::Relaxed);
    }

    /// Does `work` under the device's lock, at most 25 µs; nothing if the lock is there no more.
    fn with_locked<R>(&self, work: impl FnOnce(&mut Locked) -> R) -> Option<R> {
        self.lock.with(|| {
            // SAFETY: the lock is held.
            work(unsafe { &mut *self.locked.get() })
        })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.port.get_mut().is_some() {
            self.take_away(false);
        }
    }
}

/// Nobody else is doing this now.
struct Exclusive<'a>(&'a AtomicBool);

impl<'a> Exclusive<'a> {
    /// Claims it, if nobody has. Any IRQL.
    fn claim(claimed: &'a AtomicBool) -> Option<Self> {
        // Ordering: what the one before did is seen. A claim made in vain would release the other's when
        // dropped, so none is made.
        (!claimed.swap(true, Ordering::Acquire)).then(|| Self(claimed))
    }

    /// Claims it as soon as nobody has. `PASSIVE_LEVEL`.
    fn wait(claimed: &'a AtomicBool) -> Self {
        loop {
            if let Some(exclusive) = Self::claim(claimed) {
                return exclusive;
            }
            clock::sleep(1);
        }
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Ordering: what was done is seen by the next one.
        self.0.store(false, Ordering::Release);
    }
}
