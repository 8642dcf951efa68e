//! Coming to work, going to sleep, going for good.

use core::sync::atomic::Ordering;

use portcls::status::Outcome;

use super::{Device, Exclusive, Standing};
use crate::kernel::clock::{self, InterruptTime, MILLISECOND};
use crate::uart::{Budget, Uart};

/// Milliseconds that going to sleep or being stopped waits for the ring to drain: as long as a ring of
/// the default size needs.
const LONGEST_DRAIN: u32 = 400;

impl Device {
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
        if let Some(_inside) = self.gate.enter() {
            self.keep_time();
        }
        outcome
    }

    /// Power is about to go: lets out what waits, makes the UART quiet and lets nobody in. Does nothing
    /// if the device is asleep. `PASSIVE_LEVEL`.
    pub fn sleep(&self) {
        if self.stands() == Standing::Working {
            let _no_more_writes = Exclusive::wait(&self.write_in_progress);
            self.drain();
            self.go_away(Standing::Away, true);
        }
    }

    /// The device is stopped or removed: nothing touches the hardware after this, and whatever was
    /// taken from the system is given back. Does nothing the second time. `PASSIVE_LEVEL`.
    ///
    /// `reachable` is false when the hardware is gone already.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub fn take_away(&self, reachable: bool) {
        if self.stands() == Standing::Gone {
            return;
        }
        let reachable = reachable && self.stands() == Standing::Working;
        // The port goes on writing; what it writes now would not go out any more.
        let _no_more_writes = Exclusive::wait(&self.write_in_progress);
        if reachable {
            self.drain();
        }
        self.go_away(Standing::Gone, reachable);
        self.lock.disconnect();
        // SAFETY: nobody is inside the gate, the interrupt is disconnected: only the timer's
        // callback may still run, and dropping the timer waits for it.
        let timer = unsafe { (*self.timer.get()).take() };
        drop(timer);
        #[cfg(feature = "faults")]
        <crate::faults::Planted as crate::faults::Fault>::removal(self);
        // SAFETY: nothing runs any more that would tell the port.
        let port = unsafe { (*self.port.get()).take() };
        drop(port);
    }

    /// Waits until everything that was accepted is on the wire, for as long as the UART makes
    /// progress and at most [`LONGEST_DRAIN`].
    fn drain(&self) {
        let deadline = clock::now() + InterruptTime::from(LONGEST_DRAIN) * MILLISECOND;
        while !self.transmit_ring.is_empty() && !self.needs_setup() && clock::now() < deadline {
            clock::sleep(1);
        }
        let now = clock::now();
        let left = self.with_locked(|locked| locked.uart.drain_time(now));
        clock::sleep(left.unwrap_or(0).div_ceil(1000).min(LONGEST_DRAIN));
    }

    /// Lets nobody in, makes the UART quiet if it is `reachable`, and forgets what waits.
    fn go_away(&self, standing: Standing, reachable: bool) {
        let _no_setup = Exclusive::wait(&self.setup_in_progress);
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
}
