//! One UART with its rings: the state that the streams share and that outlives them all.
//!
//! The UART and the policy around it belong to whoever holds the device's lock: the interrupt's own
//! where there is an interrupt, else a spin lock. Whoever goes to the hardware at `DISPATCH_LEVEL`
//! passes the gate, which is closed outside of D0 and when the device is taken away.

mod lock;
mod setup;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use portcls::com::ComPtr;
use portcls::interfaces::{IInterruptSync, IPortMidi, IServiceGroup, PINTERRUPTSYNCROUTINE};
use portcls::status::{
    Outcome, STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS,
    STATUS_UNSUCCESSFUL,
};
use portcls::types::{NTSTATUS, PVOID};

use crate::bus::Registers;
use crate::counters::Counters;
use crate::gate::Gate;
use crate::kernel::clock::{self, InterruptTime};
use crate::kernel::pool::PoolBytes;
use crate::kernel::timer::{Timer, TimerTarget};
use crate::parameters::Parameters;
use crate::receiver::Receiver;
use crate::ring::Ring;
use crate::transmitter::{Transmitter, bytes_to_take};
use crate::uart::{AnyUart, Budget, Exchange, Received, Turn, Uart};
use lock::Lock;

/// Turns in a row that a write or a timer may take when there is more to do: four times at most 25 µs
/// stay within the 100 µs of a DPC.
const MOST_TURNS: u32 = 4;
/// Looks at the cause of one interrupt: a chip whose cause is stuck must not hold the processor.
const MOST_CAUSES: u32 = 4;
/// A UART with an interrupt that only receives is looked at this much less often, in case an interrupt
/// got lost.
const SLOW_POLL: u32 = 10;
/// Milliseconds that going to sleep or being stopped waits for the ring to drain: as long as a ring of
/// the default size needs.
const LONGEST_DRAIN: u32 = 400;

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

/// How the timer goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Pace {
    Stopped = 0,
    Slow = 1,
    Fast = 2,
}

/// What belongs to whoever holds the device's lock.
struct Locked {
    uart: AnyUart<Registers>,
    transmitter: Transmitter,
    receiver: Receiver,
    /// The UART is being set up, so that its bytes are none of the music.
    setting_up: bool,
}

/// Milliseconds of interrupt time after which draining is given up.
const fn drain_limit() -> InterruptTime {
    LONGEST_DRAIN as InterruptTime * clock::MILLISECOND
}

/// Whom the device tells that bytes came in. Kept until the device is taken away.
struct Port {
    port: ComPtr<IPortMidi>,
    group: ComPtr<IServiceGroup>,
}

/// One UART with its rings.
pub struct Device {
    /// Counters of everything.
    pub counters: Counters,
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

/// Rings and policy, as the UART sees them in a turn.
struct Sides<'a> {
    device: &'a Device,
    receiver: &'a mut Receiver,
}

impl Exchange for Sides<'_> {
    fn next(&mut self) -> Option<u8> {
        self.device.transmit_ring.take_one()
    }

    fn has_next(&self) -> bool {
        !self.device.transmit_ring.is_empty()
    }

    fn received(&mut self, received: Received) {
        let ring = &self.device.receive_ring;
        self.receiver.take_in(received, ring, &self.device.counters);
    }

    fn has_room(&self) -> bool {
        self.receiver.has_room(&self.device.receive_ring)
    }
}

portcls::system_abi! {
    /// The device's interrupt. At the interrupt's level.
    unsafe fn interrupt_routine(_sync: *mut IInterruptSync, context: PVOID) -> NTSTATUS {
        // SAFETY: the routine was registered with a device that outlives the connection.
        let device = unsafe { &*context.cast::<Device>() };
        if device.interrupt() {
            STATUS_SUCCESS
        } else {
            STATUS_UNSUCCESSFUL
        }
    }
}

impl Device {
    /// A device that is not started yet. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory.
    pub fn new(
        uart: AnyUart<Registers>,
        sync: Option<ComPtr<IInterruptSync>>,
        parameters: &Parameters,
    ) -> Outcome<Self> {
        Ok(Self {
            counters: Counters::default(),
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
        let routine: PINTERRUPTSYNCROUTINE = interrupt_routine;
        // SAFETY: the device stays where it is, and disconnects before it goes.
        unsafe {
            self.lock
                .connect(routine, core::ptr::from_ref(self).cast_mut().cast())
        }?;
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

    // --- streams ---------------------------------------------------------------------------------

    /// Takes bytes to send; returns how many. `DISPATCH_LEVEL`; at most 100 µs.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` if the device is gone, asleep, or was found dead.
    pub fn write(&self, bytes: &[u8]) -> Outcome<usize> {
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
            locked.transmitter.busy_write(ring, now, &self.counters);
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
                self.turns(MOST_TURNS);
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
            let _ = self.set_up();
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

    // --- power and removal -----------------------------------------------------------------------

    /// Power is there: sets the UART up and lets everybody in. Does nothing if the device is awake.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What made it impossible to set the UART up; the device is tried again when a stream runs.
    pub fn wake(&self) -> Outcome<()> {
        // Ordering: what was written before it works is seen by whoever sees that it does.
        let away = self.standing.compare_exchange(
            Standing::Away as u8,
            Standing::Working as u8,
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        if away.is_err() {
            return Ok(());
        }
        let outcome = self.set_up();
        self.gate.open();
        self.keep_time();
        outcome
    }

    /// Power is about to go: lets out what waits, makes the UART quiet and lets nobody in. Does nothing
    /// if the device is asleep. `PASSIVE_LEVEL`.
    pub fn sleep(&self) {
        if self.stands() == Standing::Working {
            self.drain();
            self.go_away(Standing::Away, true);
        }
    }

    /// The device is stopped or removed: nothing touches the hardware after this, and whatever was
    /// taken from the system is given back. Does nothing the second time. `PASSIVE_LEVEL`.
    ///
    /// `reachable` is false when the hardware is gone already.
    pub fn take_away(&self, reachable: bool) {
        if self.stands() == Standing::Gone {
            return;
        }
        let reachable = reachable && self.stands() == Standing::Working;
        if reachable {
            self.drain();
        }
        self.go_away(Standing::Gone, reachable);
        self.lock.disconnect();
        // SAFETY: nobody is inside the gate, the interrupt is disconnected: only the timer's
        // callback may still run, and dropping the timer waits for it.
        let timer = unsafe { (*self.timer.get()).take() };
        drop(timer);
        // SAFETY: nothing runs any more that would tell the port.
        let port = unsafe { (*self.port.get()).take() };
        drop(port);
    }

    /// Waits until everything that was accepted is on the wire, for as long as the UART makes
    /// progress and at most [`LONGEST_DRAIN`].
    fn drain(&self) {
        let deadline = clock::now() + drain_limit();
        while !self.transmit_ring.is_empty() && !self.needs_setup() && clock::now() < deadline {
            clock::sleep(1);
        }
        let now = clock::now();
        let left = self.with_locked(|locked| locked.uart.drain_time(now));
        clock::sleep(left.unwrap_or(0).div_ceil(1000).min(LONGEST_DRAIN));
    }

    /// Lets nobody in, makes the UART quiet if it is `reachable`, and forgets what waits.
    fn go_away(&self, standing: Standing, reachable: bool) {
        self.gate.close();
        while !self.gate.is_empty() {
            clock::sleep(1);
        }
        if reachable {
            self.with_locked(|locked| {
                locked.setting_up = true;
                locked.uart.quiesce();
            });
            // An acknowledgement that comes late would keep the interrupt line active.
            clock::sleep(1);
        }
        let discarded = self.with_locked(|locked| {
            locked.setting_up = true;
            if reachable {
                locked
                    .uart
                    .interrupt_during_setup(&mut Budget::of(Budget::TURN));
            }
            // Ordering: from here on the interrupt routine, which takes the same lock, keeps off.
            self.standing.store(standing as u8, Ordering::Release);
            self.transmit_ring.clear()
        });
        // Ordering: if there was no lock to be had, nothing runs that needs it.
        self.standing.store(standing as u8, Ordering::Release);
        self.counters
            .bytes_discarded
            .add(u32::try_from(discarded.unwrap_or(0)).unwrap_or(u32::MAX));
        self.request_setup();
    }

    // --- turns -----------------------------------------------------------------------------------

    /// The interrupt; returns whether it was this device's. At the interrupt's level.
    fn interrupt(&self) -> bool {
        if self.stands() != Standing::Working {
            return false;
        }
        let now = clock::now();
        let mut budget = Budget::of(Budget::TURN);
        // SAFETY: service routines run with the interrupt's lock held, which is the device's.
        let locked = unsafe { &mut *self.locked.get() };
        let mut claimed = false;
        let mut unfinished = false;
        for _ in 0..MOST_CAUSES {
            if !budget.allows(2) || !locked.uart.is_interrupting(&mut budget) {
                break;
            }
            claimed = true;
            if locked.setting_up {
                locked.uart.interrupt_during_setup(&mut budget);
                break;
            }
            unfinished = self.turn(locked, now, &mut budget).unfinished;
        }
        if !claimed {
            self.counters.foreign_interrupts.count();
            return false;
        }
        self.counters.interrupts.count();
        if locked.receiver.tell() || unfinished {
            self.notify();
        }
        true
    }

    /// Takes turns until there is nothing more to do, or for long enough. Inside the gate, at or below
    /// `DISPATCH_LEVEL`.
    fn turns(&self, most: u32) {
        let mut tell = false;
        for _ in 0..most {
            let now = clock::now();
            let turn = self.with_locked(|locked| {
                if locked.setting_up {
                    return Turn::default();
                }
                let mut budget = Budget::of(Budget::TURN);
                let turn = self.turn(locked, now, &mut budget);
                tell |= locked.receiver.tell();
                turn
            });
            if !turn.is_some_and(|turn| turn.unfinished) {
                break;
            }
        }
        if tell {
            self.notify();
        }
    }

    /// One turn of the UART, and what follows from it. Under the device's lock.
    fn turn(&self, locked: &mut Locked, now: InterruptTime, budget: &mut Budget) -> Turn {
        let mut sides = Sides {
            device: self,
            receiver: &mut locked.receiver,
        };
        let turn = locked.uart.turn(&mut sides, now, budget);
        let transmitter = &mut locked.transmitter;
        let mut died = transmitter.turn_over(turn.sent, &self.transmit_ring, now, &self.counters);
        if turn.missing {
            died |= transmitter.chip_is_missing(&self.transmit_ring, &self.counters);
        }
        if died {
            self.request_setup();
        }
        if turn.unfinished {
            self.counters.unfinished_turns.count();
        }
        turn
    }

    /// Tells the port that bytes came in, or that there is more to do. Any IRQL; inside the gate, in
    /// the interrupt routine or in the timer's callback.
    fn notify(&self) {
        // SAFETY: it is written only when nothing of these runs.
        if let Some(port) = unsafe { &*self.port.get() } {
            port.port.notify(&port.group);
        }
    }

    // --- timer -----------------------------------------------------------------------------------

    /// How fast the timer has to go now.
    fn wanted_pace(&self) -> Pace {
        // Ordering: whoever changes either sets the timer afterwards.
        let listening = self.listening.load(Ordering::Relaxed);
        let polls = listening && !self.has_interrupt;
        if polls || !self.transmit_ring.is_empty() || self.is_busy_inside() {
            Pace::Fast
        } else if listening {
            Pace::Slow
        } else {
            Pace::Stopped
        }
    }

    /// Whether bytes that left the ring have to be moved on by the timer: in a software UART.
    fn is_busy_inside(&self) -> bool {
        self.is_software && {
            let now = clock::now();
            self.with_locked(|locked| locked.uart.drain_time(now)) != Some(0)
        }
    }

    /// Sets the timer if it has to go faster than it does. At or below `DISPATCH_LEVEL`, inside the
    /// gate or before it was opened.
    fn keep_time(&self) {
        let wanted = self.wanted_pace();
        // Ordering: the timer's callback reads it after the timer was set, which orders them.
        let pace = self.pace.fetch_max(wanted as u8, Ordering::Relaxed);
        if wanted as u8 > pace {
            self.set_timer(wanted);
        }
    }

    fn set_timer(&self, pace: Pace) {
        let period = match pace {
            Pace::Stopped => return,
            Pace::Slow => SLOW_POLL * self.poll_period,
            Pace::Fast => self.poll_period,
        };
        // SAFETY: written only when nothing runs that sets the timer.
        if let Some(timer) = unsafe { &*self.timer.get() } {
            timer.set(period);
        }
    }

    // --- small things ----------------------------------------------------------------------------

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

impl TimerTarget for Device {
    fn tick(&self) {
        // Ordering: whoever finds it stopped sets the timer again.
        self.pace.store(Pace::Stopped as u8, Ordering::Relaxed);
        if let Some(_inside) = self.gate.enter() {
            self.turns(MOST_TURNS);
            self.keep_time();
        }
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
    fn claim(claimed: &'a AtomicBool) -> Option<Self> {
        // Ordering: what the one before did is seen.
        (!claimed.swap(true, Ordering::Acquire)).then_some(Self(claimed))
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Ordering: what was done is seen by the next one.
        self.0.store(false, Ordering::Release);
    }
}
