//! Turns of the UART: in the interrupt routine, in a write, in the timer's callback.

use portcls::interfaces::IInterruptSync;
use portcls::status::{STATUS_SUCCESS, STATUS_UNSUCCESSFUL};
use portcls::types::{NTSTATUS, PVOID};

use super::{Device, Locked, Standing};
use crate::kernel::clock::{self, InterruptTime};
use crate::receiver::Receiver;
use crate::uart::{Budget, Exchange, Received, Turn, Uart};

/// Turns in a row that a timer's callback may take when there is more to do: four times at most 25 µs
/// stay within the 100 µs of a DPC.
pub(super) const MOST_TURNS: u32 = 4;
/// Looks at the cause of one interrupt: a chip whose cause is stuck must not hold the processor.
const MOST_CAUSES: u32 = 4;

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
    pub(super) unsafe fn interrupt_routine(_sync: *mut IInterruptSync, context: PVOID) -> NTSTATUS {
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
    /// The interrupt; returns whether it was this device's. At the interrupt's level.
    fn interrupt(&self) -> bool {
        #[cfg(feature = "faults")]
        <crate::faults::Planted as crate::faults::Fault>::interrupt();
        if self.stands() != Standing::Working {
            return false;
        }
        let now = clock::now();
        let mut budget = Budget::of(Budget::TURN);
        // SAFETY: service routines run with the interrupt's lock held, which is the device's.
        let locked = unsafe { &mut *self.locked.get() };
        let mut claimed = false;
        // A cause that is left over makes no new edge, so that the rest is done by the port's service.
        let mut left_over = true;
        for _ in 0..MOST_CAUSES {
            if !budget.allows(2) {
                break;
            }
            if !locked.uart.is_interrupting(&mut budget) {
                left_over = false;
                break;
            }
            claimed = true;
            if locked.setting_up {
                locked.uart.interrupt_during_setup(&mut budget);
                left_over = false;
                break;
            }
            self.turn(locked, now, &mut budget);
        }
        if !claimed {
            self.counters.foreign_interrupts.count();
            return false;
        }
        self.counters.interrupts.count();
        if locked.receiver.tell() || left_over {
            self.notify();
        }
        true
    }

    /// Takes turns until there is nothing more to do, or for long enough. Inside the gate, at or below
    /// `DISPATCH_LEVEL`.
    pub(super) fn turns(&self, most: u32) {
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
            self.tell_death();
        }
        self.tell_losses(locked, now);
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
}
