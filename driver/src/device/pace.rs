//! How fast the timer goes.

use core::sync::atomic::Ordering;

use super::Device;
use super::turns::MOST_TURNS;
use crate::kernel::clock;
use crate::kernel::timer::TimerTarget;
use crate::uart::Uart;

/// A UART with an interrupt that only receives is looked at this much less often, in case an interrupt
/// got lost.
const SLOW_POLL: u32 = 10;

/// How the timer goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Pace {
    Stopped = 0,
    Slow = 1,
    Fast = 2,
}

impl Device {
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
    pub(super) fn keep_time(&self) {
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
