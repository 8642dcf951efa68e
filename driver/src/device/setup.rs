//! Setting the UART up.

use portcls::status::{
    Outcome, STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_INVALID_DEVICE_STATE,
    STATUS_IO_DEVICE_ERROR, STATUS_NO_SUCH_DEVICE,
};

use super::{Device, Exclusive, Standing};
use crate::kernel::clock;
use crate::uart::{Setup, SetupError, Uart};
use core::sync::atomic::Ordering;
use portcls::types::NTSTATUS;

/// Looks, a millisecond apart, after which a UART that is still not ready never will be.
const MOST_LOOKS: u32 = 200;

/// The status code for what went wrong.
const fn status_of(error: SetupError) -> NTSTATUS {
    match error {
        SetupError::NotThere => STATUS_NO_SUCH_DEVICE,
        SetupError::NoAcknowledge => STATUS_IO_DEVICE_ERROR,
        SetupError::BaudRate => STATUS_DEVICE_CONFIGURATION_ERROR,
    }
}

impl Device {
    /// Sets the UART up, in steps under the device's lock with sleep between them. `PASSIVE_LEVEL`,
    /// one thread after the other.
    pub(super) fn set_up(&self) -> Outcome<()> {
        let _alone = Exclusive::wait(&self.setup_in_progress);
        if self.stands() != Standing::Working {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        self.with_locked(|locked| {
            locked.setting_up = true;
            locked.uart.begin_setup();
        });
        let mut outcome = Err(STATUS_IO_DEVICE_ERROR);
        for _ in 0..MOST_LOOKS {
            match self.with_locked(|locked| locked.uart.setup()) {
                Some(Setup::Wait) => clock::sleep(1),
                Some(Setup::Ready) => {
                    outcome = Ok(());
                    break;
                }
                Some(Setup::Failed(error)) => {
                    outcome = Err(status_of(error));
                    break;
                }
                None => break,
            }
        }
        // Ordering: read again at `PASSIVE_LEVEL` by whoever acts on it.
        self.needs_setup.store(outcome.is_err(), Ordering::Relaxed);
        // Ordering: a write that does not see it yet finds a ring that nobody empties.
        self.setup_failed.store(outcome.is_err(), Ordering::Relaxed);
        if outcome.is_err() {
            self.counters.failed_setups.count();
        }
        // A UART that could not be set up is left alone.
        self.with_locked(|locked| locked.setting_up = outcome.is_err());
        outcome
    }
}
