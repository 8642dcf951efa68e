//! Starting, waking, going to sleep, going for good.

use portcls::com::ComPtr;
use portcls::interfaces::{IPortMidi, IServiceGroup};
use portcls::status::{Outcome, STATUS_NO_SUCH_DEVICE};

use super::pace::Timers;
use super::turns::interrupt_routine;
use super::{Device, Locked, Port, State, Transition};
use crate::atomic::Ordering;
use crate::kernel::clock::{self, InterruptTime, MICROSECOND, MILLISECOND, microseconds};
#[cfg(not(feature = "fault-access-after-removal"))]
use crate::uart::{AnyUart, RemovedUart};
use crate::uart::{Budget, Setup, Silenced, Uart};

/// Milliseconds that going to sleep or being stopped waits for the ring to drain: as long as a ring of
/// the default size needs.
const LONGEST_DRAIN: u32 = 400;
/// How long making the UART quiet may take: an MPU-401 may be busy, and then acknowledge, for 25 ms each, and the
/// clock's ticks come on top.
const LONGEST_QUIESCING: InterruptTime = 120 * MILLISECOND;
/// Budgets of register accesses in which every chip that works can be silenced: 64 bytes lie in the deepest
/// receive FIFO, and ten are read in one.
const MOST_SILENCES: u32 = 16;

impl Device {
    /// Makes the timers, connects the interrupt and sets the UART up. `PASSIVE_LEVEL`, once.
    ///
    /// # Errors
    /// What made it impossible; all that was taken is given back by [`Device::take_away`].
    ///
    /// # Safety
    /// The device stays where it is from now on, and was not started before.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub unsafe fn start(
        &self,
        port: ComPtr<IPortMidi>,
        group: ComPtr<IServiceGroup>,
    ) -> Outcome<()> {
        // Power requests may come already: they wait, or find that the device was not started.
        let transition = self.take_transition();
        let writes = self.take_writes();
        // SAFETY: nothing looks at it before the device has power.
        unsafe { *self.port.get() = Some(Port { port, group }) };
        // SAFETY: the device stays where it is, and drops the timers before it goes itself.
        let timers = unsafe { Timers::new(self) }?;
        // SAFETY: as for the port.
        unsafe { *self.timers.get() = Some(timers) };
        let context = core::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the device stays where it is, and disconnects before it goes.
        unsafe { self.lock.register(interrupt_routine, context) }?;
        // Ordering: read with the transition held.
        self.powered.store(true, Ordering::Relaxed);
        self.set_up(&transition, &writes)?;
        // Ordering: read with the transition held.
        self.started.store(true, Ordering::Relaxed);
        self.let_in();
        Ok(())
    }

    /// Gives the device power, and connects its interrupt, unless that was done. With the transition held. As
    /// long as it is not connected, the gate is closed.
    ///
    /// # Errors
    /// `STATUS_NO_SUCH_DEVICE` if the UART's interrupt can't be ended; or the system's status code.
    pub(super) fn connect(&self, transition: &Transition<'_>) -> Outcome<()> {
        // Ordering: changed with the transition held.
        if self.connected.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut outcome = Ok(());
        self.with_locked_or_alone(transition, |locked| {
            outcome = self.silence_before_connection(locked);
        });
        outcome?;
        // A byte that comes in from here on interrupts as soon as it is connected, and is silenced.
        self.state.set(State::Unready);
        // The routine stays registered when it is disconnected (so in ReactOS's sources; Microsoft's are not public).
        self.lock
            .connect()
            .inspect_err(|_| self.state.set(State::Off))?;
        // Ordering: as above.
        self.connected.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Disconnects the interrupt, if it is connected. With the transition held.
    fn disconnect(&self) {
        // Ordering: as in `connect`.
        if self.connected.load(Ordering::Relaxed) {
            self.lock.disconnect();
            // Ordering: as above.
            self.connected.store(false, Ordering::Relaxed);
        }
    }

    /// Ends an interrupt that firmware, a driver before this one, or the device's time in another machine has
    /// left behind: a level-triggered line that is active is served as soon as it is connected, for as long
    /// as it stays so.
    fn silence_before_connection(&self, locked: &mut Locked) -> Outcome<()> {
        for _ in 0..MOST_SILENCES {
            let silenced = locked.uart.silence(&mut Budget::of(Budget::TURN));
            self.count_discarded(locked);
            if silenced.is_quiet {
                return Ok(());
            }
        }
        // A chip that names a cause whatever is done has it masked now; one without a mask would interrupt for ever.
        if locked.uart.has_mask() {
            Ok(())
        } else {
            Err(STATUS_NO_SUCH_DEVICE)
        }
    }

    /// Power is there: lets everybody in. Does nothing if the device works already, or was not started.
    /// A UART that acknowledges its setting up when it likes is not waited for, as all the machine would wait;
    /// it is set up when a stream runs. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What made it impossible to set the UART up; that is tried again when a stream runs.
    pub fn wake(&self) -> Outcome<()> {
        let transition = self.take_transition();
        // Ordering: written with the transition held.
        let was_started = self.started.load(Ordering::Relaxed);
        let state = self.state.get();
        // It is said twice, by way of the adapter and of the port; what failed the first time is tried again.
        if !was_started || matches!(state, State::Ready | State::Removed) {
            return Ok(());
        }
        // Ordering: read with the transition held.
        self.powered.store(true, Ordering::Relaxed);
        let writes = self.take_writes();
        // Its interrupt is connected only now: what firmware has done to the chip meanwhile, nobody could have ended.
        self.connect(&transition)
            .inspect_err(|_| self.counters.failed_setups.count())?;
        let outcome = if self.leaves_setup_to_streams() {
            Ok(())
        } else {
            self.set_up(&transition, &writes)
        };
        self.let_in();
        outcome
    }

    /// Whether setting the UART up would have the whole machine wait, and a stream will do it. One that runs already
    /// was brought to RUN when power was going, and may not be brought there again.
    fn leaves_setup_to_streams(&self) -> bool {
        // Ordering: written with the transition held.
        let rendering = self.rendering.load(Ordering::Relaxed);
        // Ordering: as above.
        let capturing = self.capturing.load(Ordering::Relaxed);
        let waits = self.with_locked(|locked| locked.uart.setup_waits());
        waits == Some(true) && !rendering && !capturing
    }

    /// Power is about to go: lets out what waits, makes the UART quiet and lets nobody in. Does nothing
    /// if the device has no power. `PASSIVE_LEVEL`.
    pub fn sleep(&self) {
        let transition = self.take_transition();
        // Ordering: read with the transition held.
        self.powered.store(false, Ordering::Relaxed);
        if !self.state.get().has_power() {
            return;
        }
        // The port goes on writing; what it writes now would not go out any more.
        let _writes = self.take_writes();
        // Ordering: a hint; nothing is read because of it.
        self.drain(|| self.removal_waits.load(Ordering::Relaxed));
        self.keep_out();
        self.quiesce();
        // Without power no register may be touched, so that an interrupt could not be ended.
        self.disconnect();
        self.state.set(State::Off);
        self.with_locked_or_alone(&transition, |locked| self.discard_unsent(locked));
    }

    /// The device is stopped or removed: nothing touches the hardware after this, and whatever was
    /// taken from the system is given back. Does nothing the second time. `PASSIVE_LEVEL`.
    ///
    /// `reachable` is false when the hardware may be gone already.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub fn take_away(&self, reachable: bool) {
        // Ordering: a hint to whoever holds the transition; nothing is read because of it.
        self.removal_waits.store(true, Ordering::Relaxed);
        let _transition = self.take_transition();
        let state = self.state.get();
        if state == State::Removed {
            return;
        }
        let _writes = self.take_writes();
        if reachable {
            self.drain(|| false);
        }
        self.keep_out();
        // Hardware that was said to be gone may still be there, with bytes coming in. Left as it is, it would
        // keep a line active that other devices share.
        if state.has_power() && (reachable || self.answers()) {
            self.quiesce();
        }
        // The routine goes on ending interrupts until none can come any more.
        self.disconnect();
        self.state.set(State::Removed);
        // SAFETY: nobody is inside the gate, the interrupt is disconnected: only the timers'
        // callback may still run, and dropping the timers waits for it.
        let timers = unsafe { (*self.timers.get()).take() };
        drop(timers);
        #[cfg(feature = "faults")]
        <crate::faults::Planted as crate::faults::Fault>::removal(self);
        // SAFETY: nothing runs any more that takes the lock; what comes sees that the device is gone.
        let locked = unsafe { &mut *self.locked.get() };
        self.discard_unsent(locked);
        // The registers' mapping ends here: handles may keep the device for as long as they like.
        #[cfg(not(feature = "fault-access-after-removal"))]
        {
            locked.uart = AnyUart::Removed(RemovedUart);
        }
        // SAFETY: nothing runs any more that notifies the port.
        let port = unsafe { (*self.port.get()).take() };
        drop(port);
    }

    /// Waits until everything that was accepted is on the wire, for as long as the UART makes
    /// progress and it is not to `stop`, and at most [`LONGEST_DRAIN`].
    fn drain(&self, stop: impl Fn() -> bool) {
        if self.state.get() != State::Ready {
            return;
        }
        let deadline = clock::now() + InterruptTime::from(LONGEST_DRAIN) * MILLISECOND;
        while !self.transmit_ring.is_empty()
            && !self.is_given_up()
            && !stop()
            && clock::now() < deadline
        {
            clock::sleep(1);
        }
        let now = clock::now();
        let left = self.with_locked(|locked| locked.uart.drain_time(now));
        let left = InterruptTime::from(left.unwrap_or(0)) * MICROSECOND;
        let left = left.min(deadline.saturating_sub(now));
        if left > 0 && !stop() {
            clock::sleep(microseconds(left).div_ceil(1000));
        }
    }

    /// Lets routines at `DISPATCH_LEVEL` go to the hardware. With the transition held, on a device whose interrupt is
    /// connected.
    pub(super) fn let_in(&self) {
        self.gate.open();
        if let Some(_inside) = self.gate.enter() {
            self.keep_time();
        }
    }

    /// Keeps routines at `DISPATCH_LEVEL` from the hardware, and waits for those that are there.
    fn keep_out(&self) {
        self.gate.close();
        let mut backoff = clock::Backoff::default();
        while !self.gate.is_empty() {
            backoff.wait();
        }
    }

    /// Whether the UART's registers answer at all.
    fn answers(&self) -> bool {
        self.with_locked(|locked| locked.uart.answers()) == Some(true)
    }

    /// Makes the UART quiet. Its interrupts are ended meanwhile, and nothing it receives is music any more.
    fn quiesce(&self) {
        self.with_locked(|locked| {
            self.state.set(State::Unready);
            locked.uart.begin_quiescing();
        });
        let deadline = clock::now() + LONGEST_QUIESCING;
        loop {
            let now = clock::now();
            match self.with_locked(|locked| locked.uart.quiesce(now)) {
                Some(Setup::Continue) if now < deadline => {}
                Some(Setup::Wait) if now < deadline => clock::sleep(1),
                _ => break,
            }
        }
        for _ in 0..MOST_SILENCES {
            let silence = |locked: &mut Locked| self.silence(locked, &mut Budget::of(Budget::TURN));
            if self
                .with_locked(silence)
                .is_none_or(|silenced| silenced.is_quiet)
            {
                break;
            }
        }
    }

    /// Ends an interrupt that was not expected. Under the device's lock.
    pub(super) fn silence(&self, locked: &mut Locked, budget: &mut Budget) -> Silenced {
        let silenced = locked.uart.silence(budget);
        self.count_discarded(locked);
        silenced
    }
}
