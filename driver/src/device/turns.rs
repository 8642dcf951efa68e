//! Turns of the UART: in the interrupt routine, in a write, in the timer's callback.

use portcls::interfaces::IInterruptSync;
use portcls::status::{STATUS_SUCCESS, STATUS_UNSUCCESSFUL};
use portcls::types::{NTSTATUS, PVOID};

use super::{Device, Locked, State};
use crate::atomic::Ordering;
use crate::kernel::clock::{self, InterruptTime};
use crate::receiver::Receiver;
use crate::uart::{Budget, Exchange, Received, Turn, Uart};

/// Turns in a row that a timer's callback may take when there is more to do: four times at most 25 µs
/// stay within the 100 µs of a DPC.
pub(super) const MOST_TURNS: u32 = 4;
/// Looks at the cause of one interrupt: a chip whose cause is stuck must not hold the processor.
const MOST_CAUSES: u32 = 4;

/// Interrupts in a row that moved no byte and whose cause remained, after which the UART is looked at by the
/// timer alone.
const MOST_FRUITLESS_INTERRUPTS: u32 = 8;

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
        let state = self.state.get();
        if !state.has_power() {
            return false;
        }
        let mut budget = Budget::of(Budget::TURN);
        // SAFETY: service routines run with the interrupt's lock held, which is the device's.
        let locked = unsafe { &mut *self.locked.get() };
        let is_ours = if state == State::Ready && !locked.out_of_service {
            self.serve_interrupt(locked, &mut budget)
        } else {
            self.silence(locked, &mut budget).was_ours()
        };
        if is_ours {
            self.counters.interrupts.count();
        } else if self.shares_interrupt {
            self.counters.foreign_interrupts.count();
        } else {
            self.counters.causeless_interrupts.count();
        }
        is_ours
    }

    /// Takes turns as long as the UART has a cause to interrupt; returns whether it was its interrupt. Under the
    /// device's lock.
    fn serve_interrupt(&self, locked: &mut Locked, budget: &mut Budget) -> bool {
        let now = clock::now();
        let mut had_cause = false;
        let mut moved = 0;
        // A cause that is left over makes no new edge, so that the rest is done by the port's service.
        let mut left_over = true;
        for _ in 0..MOST_CAUSES {
            if !budget.allows(2) {
                break;
            }
            if !locked.uart.is_interrupting(budget) {
                left_over = false;
                break;
            }
            had_cause = true;
            let turn = self.turn(locked, now, budget);
            moved += turn.sent + turn.received;
        }
        if !had_cause {
            return false;
        }
        if locked.receiver.tell() || left_over || locked.uart.holds_back() {
            self.notify();
        }
        if moved > 0 || !left_over {
            locked.fruitless_interrupts = 0;
            return true;
        }
        // Registers that name a cause whatever is done belong to a chip that is broken or gone. Whoever
        // shares the line must not wait for it, and the system not for a line that stays active.
        locked.fruitless_interrupts += 1;
        if locked.fruitless_interrupts >= MOST_FRUITLESS_INTERRUPTS {
            locked.fruitless_interrupts = 0;
            locked.out_of_service = !locked.uart.give_up_interrupts();
            if locked.out_of_service {
                locked.transmitter.give_up();
            }
            // Ordering: the service that was notified above finds out how the timers have to go.
            self.has_interrupt.store(false, Ordering::Relaxed);
        }
        false
    }

    /// Takes turns until there is nothing more to do, or for long enough; returns whether the port was
    /// notified. Inside the gate, at or below `DISPATCH_LEVEL`.
    pub(super) fn turns(&self, most: u32) -> bool {
        let mut tell = false;
        for _ in 0..most {
            let now = clock::now();
            let turn = self.with_locked(|locked| {
                if self.state.get() != State::Ready || locked.out_of_service {
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
        tell
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
    pub(super) fn notify(&self) {
        // SAFETY: it is written only when nothing of these runs.
        if let Some(port) = unsafe { &*self.port.get() } {
            port.port.notify(&port.group);
        }
    }
}
