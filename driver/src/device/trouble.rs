//! Telling those who trace the driver of what goes wrong.

use super::{Device, Locked};
use crate::kernel::clock::InterruptTime;
use crate::tracing::{DeviceDied, LineErrors, ReceiveOverflow};

impl Device {
    /// The UART was found dead. Any IRQL.
    pub(super) fn tell_death(&self) {
        self.tracer.write(|| DeviceDied {
            deaths: self.counters.deaths.get(),
            bytes_discarded: self.counters.bytes_discarded.get(),
        });
    }

    /// Tells once of a row of bytes that were lost on the way in. Under the device's lock.
    pub(super) fn tell_losses(&self, locked: &mut Locked, now: InterruptTime) {
        let receive_overflows = self.counters.receive_overflows.get();
        if locked.overflows.begins(receive_overflows, now) {
            self.tracer.write(|| ReceiveOverflow { receive_overflows });
        }
        let overruns = self.counters.overruns.get();
        let framing_errors = self.counters.framing_errors.get();
        let parity_errors = self.counters.parity_errors.get();
        let breaks = self.counters.breaks.get();
        let errors = [overruns, framing_errors, parity_errors, breaks];
        let count = errors.into_iter().fold(0, u32::wrapping_add);
        if locked.line_errors.begins(count, now) {
            self.tracer.write(|| LineErrors {
                overruns,
                framing_errors,
                parity_errors,
                breaks,
            });
        }
    }
}
