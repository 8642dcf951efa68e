//! How fast the timers go.

use portcls::status::Outcome;

use super::{Device, State};
use crate::atomic::Ordering;
use crate::kernel::clock;
use crate::kernel::timer::{Resolution, Timer, TimerTarget};
use crate::uart::Uart;

/// A device that only has to be looked at in case something got lost is looked at this much less often.
const SLOW_POLL: u32 = 10;

/// How fast the device has to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Pace {
    /// Everything that can happen is reported by an interrupt or a call.
    Stopped = 0,
    /// An interrupt or a notification may have got lost; the clock's tick is good enough for that.
    Slow = 1,
    /// Bytes wait to be moved, or may come in without an interrupt.
    Fast = 2,
}

/// The timers of a device. Both call the same.
pub(super) struct Timers {
    fast: Timer,
    slow: Timer,
}

impl Timers {
    /// Makes them. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory.
    ///
    /// # Safety
    /// `device` stays where it is until they are dropped.
    pub(super) unsafe fn new(device: *const Device) -> Outcome<Self> {
        Ok(Self {
            // SAFETY: the caller's promise.
            fast: unsafe { Timer::new(device, Resolution::High) }?,
            // SAFETY: as above.
            slow: unsafe { Timer::new(device, Resolution::Tick) }?,
        })
    }
}

impl Device {
    /// How fast the timers have to go now.
    fn wanted_pace(&self) -> Pace {
        let listening = self.is_listening();
        // Ordering: whoever gives the interrupt up has the port's service look again.
        let has_interrupt = self.has_interrupt.load(Ordering::Relaxed);
        let receives_unnoticed = listening && !has_interrupt && !self.is_software;
        if receives_unnoticed || !self.transmit_ring.is_empty() || self.is_busy_inside() {
            Pace::Fast
        } else if listening && (has_interrupt || !self.receive_ring.is_empty()) {
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

    /// Sets a timer if the device has to be looked at sooner than it is. At or below `DISPATCH_LEVEL`, inside the
    /// gate.
    pub(super) fn keep_time(&self) {
        let wanted = self.wanted_pace();
        // Ordering: a callback that comes after this sees what was put into the ring before; if it came
        // before, it is seen here that the timer has expired.
        let pace = self.pace.fetch_max(wanted as u8, Ordering::AcqRel);
        if wanted as u8 > pace {
            self.set_timer(wanted);
        }
    }

    fn set_timer(&self, pace: Pace) {
        // SAFETY: written only when nothing runs that sets a timer.
        let Some(timers) = (unsafe { &*self.timers.get() }) else {
            return;
        };
        match pace {
            Pace::Stopped => {}
            Pace::Slow => timers.slow.set(SLOW_POLL * self.poll_period),
            Pace::Fast => timers.fast.set(self.poll_period),
        }
    }

    /// Whether bytes wait for a client that listens.
    fn has_unread(&self) -> bool {
        self.is_listening() && !self.receive_ring.is_empty()
    }
}

impl TimerTarget for Device {
    fn tick(&self) {
        // Ordering: as in `keep_time`, the other way round.
        self.pace.swap(Pace::Stopped as u8, Ordering::AcqRel);
        let Some(_inside) = self.gate.enter() else {
            return;
        };
        let had_unread = self.has_unread();
        let notified = self.state.get() == State::Ready && self.turns(super::MOST_TURNS);
        // The port may have been notified when its stream did not run yet.
        if had_unread && !notified && self.has_unread() {
            self.notify();
        }
        self.keep_time();
    }
}
