//! Setting the UART up.

use portcls::status::{
    Outcome, STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_INVALID_DEVICE_STATE,
    STATUS_IO_DEVICE_ERROR, STATUS_NO_SUCH_DEVICE,
};
use portcls::types::NTSTATUS;

use super::{Device, Locked, State, Transition};
use crate::atomic::Ordering;
use crate::claim::Claimed;
use crate::kernel::clock::{self, InterruptTime, MICROSECOND, MILLISECOND};
use crate::uart::{Setup, SetupError, Uart};

/// How long setting the UART up may take. The most patient of the UARTs waits for four answers, 25 ms each,
/// and each wait may last two ticks of the clock (31 ms) longer.
const LONGEST_SETUP: InterruptTime = 500 * MILLISECOND;

/// The status code for what went wrong.
const fn status_of(error: SetupError) -> NTSTATUS {
    match error {
        SetupError::NotThere => STATUS_NO_SUCH_DEVICE,
        SetupError::NoAcknowledge => STATUS_IO_DEVICE_ERROR,
        SetupError::BaudRate => STATUS_DEVICE_CONFIGURATION_ERROR,
    }
}

impl Device {
    /// Sets the UART up, in steps under the device's lock with sleep between them; afterwards the device is
    /// `Ready`, or `Failed` with nothing waiting to be sent. `PASSIVE_LEVEL`, on a
    /// device that has power.
    ///
    /// # Errors
    /// Why it could not be set up.
    pub(super) fn set_up(&self, transition: &Transition<'_>, _writes: &Claimed<'_>) -> Outcome<()> {
        self.connect(transition)
            .inspect_err(|_| self.counters.failed_setups.count())?;
        let begun = self.with_locked(|locked| {
            self.state.set(State::Unready);
            locked.fruitless_interrupts = 0;
            locked.out_of_service = false;
            locked.uart.begin_setup();
        });
        if begun.is_none() {
            self.state.set(State::Failed);
            return Err(STATUS_IO_DEVICE_ERROR);
        }
        // Ordering: the timer's pace is found out again afterwards.
        self.has_interrupt
            .store(self.lock.is_interrupt(), Ordering::Relaxed);
        let deadline = clock::now() + LONGEST_SETUP;
        let outcome = loop {
            let now = clock::now();
            match self.with_locked(|locked| self.setup_step(locked, now)) {
                Some(Setup::Ready) => return Ok(()),
                Some(Setup::Failed(error)) => break status_of(error),
                None => break STATUS_IO_DEVICE_ERROR,
                Some(Setup::Continue | Setup::Wait) if now >= deadline => {
                    break STATUS_IO_DEVICE_ERROR;
                }
                // Ordering: a hint; nothing is read because of it.
                Some(_) if self.removal_waits.load(Ordering::Relaxed) => {
                    break STATUS_INVALID_DEVICE_STATE;
                }
                Some(Setup::Continue) => {}
                Some(Setup::Wait) => clock::sleep(1),
            }
        };
        self.counters.failed_setups.count();
        self.with_locked(|locked| {
            self.state.set(State::Failed);
            // It would go out whenever the UART can be set up again, perhaps hours later.
            self.discard_unsent(locked);
        });
        Err(outcome)
    }

    /// A step of it. The state changes with the step that makes the UART ready, as its interrupts are music
    /// from then on. Under the device's lock.
    fn setup_step(&self, locked: &mut Locked, now: InterruptTime) -> Setup {
        let step = locked.uart.setup(now);
        self.count_discarded(locked);
        if step == Setup::Ready {
            restart_transmitter(locked);
            self.state.set(State::Ready);
        }
        step
    }

    /// Counts what the UART has thrown away of what it received. Under the device's lock.
    pub(super) fn count_discarded(&self, locked: &mut Locked) {
        self.counters
            .bytes_unheard
            .add(locked.uart.take_discarded());
    }

    /// Throws away what waits to be sent. Under the device's lock.
    pub(super) fn discard_unsent(&self, locked: &mut Locked) {
        self.counters
            .bytes_discarded
            .add_usize(self.transmit_ring.clear());
        restart_transmitter(locked);
    }
}

/// What was seen of the UART before does not count any more. Under the device's lock.
fn restart_transmitter(locked: &mut Locked) {
    let longest_hold = InterruptTime::from(locked.uart.longest_hold()) * MICROSECOND;
    locked.transmitter.restart(longest_hold);
}
