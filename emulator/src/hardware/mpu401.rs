//! An MPU-401 compatible chip that knows UART mode only.

mod switches;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

pub use self::switches::Mpu401Switches;
use super::chip::{Chip, Condition, LineFault, WireByte};
use super::interrupt_line::InterruptLine;
use super::losses::Losses;
use super::transmitter::Transmitter;
use crate::time::Instant;

/// Read: received bytes and acknowledgements. Write: bytes to send.
pub const DATA_REGISTER: u16 = 0;
/// Read: status. Write: commands.
pub const STATUS_COMMAND_REGISTER: u16 = 1;

/// Status bit: nothing to read.
pub const STATUS_INPUT_EMPTY: u8 = 0x80;
/// Status bit: takes neither data nor command.
pub const STATUS_OUTPUT_BUSY: u8 = 0x40;
const STATUS_RESERVED: u8 = 0x3F;

/// Command: leave UART mode.
pub const COMMAND_RESET: u8 = 0xFF;
/// Command: enter UART mode.
pub const COMMAND_ENTER_UART: u8 = 0x3F;
/// What the data register reads once when a command is acknowledged.
pub const ACKNOWLEDGE: u8 = 0xFE;

/// 31250 baud, ten bits.
const CHARACTER: Duration = Duration::from_micros(320);

/// The one cause of an interrupt: a byte can be read.
const CAUSE_INPUT: u8 = 1;

/// What a chip that was left in UART mode has received: a note.
const LEFT_BYTES: [u8; 3] = [0x90, 0x40, 0x7F];

/// What an access to a missing device reads.
const FLOATING_BUS: u8 = 0xFF;

/// An MPU-401 compatible chip.
#[derive(Clone, Debug)]
pub struct Mpu401 {
    switches: Mpu401Switches,
    condition: Condition,
    now: Instant,
    uart_mode: bool,
    transmitter: Transmitter,
    received: VecDeque<u8>,
    acknowledge_waits_in_front: bool,
    acknowledges_missed: u32,
    busy_polls_left: u32,
    reset_ends: Option<Instant>,
    held_command: Option<u8>,
    last_read: u8,
    line: InterruptLine,
    losses: Losses,
}

impl Mpu401 {
    /// A chip that has just got its power.
    #[must_use]
    pub fn new(mut switches: Mpu401Switches) -> Self {
        switches.receive_fifo_depth = switches.receive_fifo_depth.max(1);
        let mut chip = Self {
            condition: Condition::Healthy,
            now: Instant::POWER_ON,
            uart_mode: false,
            transmitter: Transmitter::new(switches.transmit_fifo_depth),
            received: VecDeque::with_capacity(switches.receive_fifo_depth),
            acknowledge_waits_in_front: false,
            acknowledges_missed: 0,
            busy_polls_left: 0,
            reset_ends: None,
            held_command: None,
            last_read: FLOATING_BUS,
            line: InterruptLine::new(switches.loses_every_nth_interrupt),
            losses: Losses::default(),
            switches,
        };
        chip.start_from_power_on();
        if chip.switches.left_asserting {
            chip.leave_asserting();
        }
        chip
    }

    /// How many bytes went nowhere, and why.
    #[must_use]
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// Whether the chip is in UART mode.
    #[must_use]
    pub const fn is_in_uart_mode(&self) -> bool {
        self.uart_mode
    }

    /// How many bytes wait in the transmit FIFO; the one on the wire is not counted.
    #[must_use]
    pub fn bytes_to_send(&self) -> usize {
        self.transmitter.waiting()
    }

    /// How many bytes can be read, acknowledgements included.
    #[must_use]
    pub fn bytes_to_read(&self) -> usize {
        self.received.len() + usize::from(self.acknowledge_waits_in_front)
    }

    fn start_from_power_on(&mut self) {
        self.uart_mode = false;
        self.losses.discarded_transmits += self.transmitter.lose_power();
        self.received.clear();
        let kept = self.switches.receive_fifo_depth;
        self.received
            .extend(self.switches.stale_bytes.iter().take(kept));
        self.acknowledge_waits_in_front = false;
        self.acknowledges_missed = 0;
        self.busy_polls_left = 0;
        self.reset_ends = None;
        self.held_command = None;
        self.last_read = FLOATING_BUS;
        self.update_line(0);
    }

    /// Brings the chip into the state in which a previous driver may leave it.
    fn leave_asserting(&mut self) {
        self.uart_mode = true;
        for value in LEFT_BYTES {
            self.queue_received(value);
        }
    }

    fn update_line(&mut self, again: u8) {
        let gone = self.condition.without_answer().is_some();
        let causes = if gone || self.bytes_to_read() == 0 {
            0
        } else {
            CAUSE_INPUT
        };
        self.line.update(causes, again);
    }

    fn status(&mut self) -> u8 {
        let mut status = self.switches.reserved_status_bits & STATUS_RESERVED;
        if self.bytes_to_read() == 0 && !self.switches.data_ready_stuck {
            status |= STATUS_INPUT_EMPTY;
        }
        let busy_by_habit = self.busy_polls_left > 0;
        self.busy_polls_left = self.busy_polls_left.saturating_sub(1);
        if busy_by_habit
            || self.reset_ends.is_some()
            || self.switches.output_stuck_busy
            || !self.transmitter.has_room()
        {
            status |= STATUS_OUTPUT_BUSY;
        }
        status
    }

    fn read_data(&mut self) -> u8 {
        if std::mem::take(&mut self.acknowledge_waits_in_front) {
            self.last_read = ACKNOWLEDGE;
        } else if let Some(value) = self.received.pop_front() {
            self.last_read = value;
        }
        self.update_line(0);
        self.last_read
    }

    fn write_data(&mut self, value: u8, now: Instant) {
        self.busy_polls_left = self.switches.busy_polls_after_write;
        if !self.uart_mode || !self.transmitter.push(value, now, CHARACTER) {
            self.losses.refused_writes += 1;
        }
    }

    fn take_command(&mut self, command: u8, now: Instant) {
        if self.condition == Condition::Dead {
            return;
        }
        if self.reset_ends.is_some() && command != COMMAND_RESET {
            // DOSBox mpu401.cpp: a command during the reset is carried out when it is over.
            self.held_command = Some(command);
            return;
        }
        self.execute(command, now);
    }

    fn execute(&mut self, command: u8, now: Instant) {
        let acknowledged = match command {
            COMMAND_RESET => {
                let was_in_uart_mode = std::mem::take(&mut self.uart_mode);
                self.held_command = None;
                self.reset_ends =
                    (!self.switches.reset_busy.is_zero()).then(|| now + self.switches.reset_busy);
                self.clear_fifos();
                if was_in_uart_mode {
                    self.switches.acknowledges_reset_in_uart_mode
                } else {
                    self.switches.acknowledges_reset
                }
            }
            COMMAND_ENTER_UART if !self.uart_mode => {
                self.uart_mode = true;
                self.clear_fifos();
                self.switches.acknowledges_enter_uart
            }
            _ => false,
        };
        if acknowledged || self.switches.acknowledges_every_command {
            self.acknowledge();
        }
    }

    /// SMSC `LPC47B27x` data sheet: reset switches the UART off and clears the receive FIFO,
    /// enter-UART clears both; so what was waiting to be sent at a reset never goes out.
    fn clear_fifos(&mut self) {
        self.losses.discarded_transmits += self.transmitter.discard_waiting();
        if !self.switches.keeps_unread_bytes {
            self.received.clear();
            self.acknowledge_waits_in_front = false;
        }
        self.update_line(0);
    }

    fn acknowledge(&mut self) {
        if self.acknowledges_missed < self.switches.missing_acknowledges {
            self.acknowledges_missed += 1;
        } else if self.switches.acknowledge_in_front {
            // It has a place of its own, so it fits in front of a full FIFO.
            self.acknowledge_waits_in_front = true;
            self.update_line(CAUSE_INPUT);
        } else {
            self.queue_received(ACKNOWLEDGE);
        }
    }

    fn queue_received(&mut self, value: u8) {
        if self.received.len() < self.switches.receive_fifo_depth {
            self.received.push_back(value);
        } else {
            self.losses.receive_overruns += 1;
        }
        self.update_line(CAUSE_INPUT);
    }
}

impl Chip for Mpu401 {
    fn register_count(&self) -> u16 {
        2
    }

    fn read(&mut self, offset: u16, _now: Instant) -> u8 {
        if let Some(value) = self.condition.without_answer() {
            return value;
        }
        match offset {
            DATA_REGISTER => self.read_data(),
            STATUS_COMMAND_REGISTER => self.status(),
            _ => FLOATING_BUS,
        }
    }

    fn write(&mut self, offset: u16, value: u8, now: Instant) {
        if self.condition.without_answer().is_some() {
            return;
        }
        match offset {
            DATA_REGISTER => self.write_data(value, now),
            STATUS_COMMAND_REGISTER => self.take_command(value, now),
            _ => {}
        }
    }

    fn interrupt_line(&self) -> bool {
        self.line.is_pulled()
    }

    fn advance(&mut self, now: Instant, sent: &mut Vec<WireByte>) {
        self.now = self.now.max(now);
        if let Some(end) = self.reset_ends.filter(|&end| end <= now) {
            self.reset_ends = None;
            if let Some(command) = self.held_command.take() {
                self.execute(command, end);
            }
        }
        while let Some(byte) = self.transmitter.finish(now, CHARACTER) {
            sent.push(byte);
        }
    }

    fn next_change(&self) -> Option<Instant> {
        self.transmitter
            .next_end()
            .into_iter()
            .chain(self.reset_ends)
            .min()
    }

    fn receive(&mut self, value: u8, fault: LineFault, _now: Instant) {
        if self.condition.without_answer().is_some() || !self.uart_mode {
            self.losses.ignored_arrivals += 1;
            return;
        }
        // There is no error register: a damaged byte looks like any other.
        self.queue_received(if fault.break_condition { 0 } else { value });
    }

    fn power_cycle(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.start_from_power_on();
    }

    fn set_condition(&mut self, condition: Condition) {
        let was = std::mem::replace(&mut self.condition, condition);
        if condition.without_answer().is_some() || was.without_answer().is_some() {
            // Unplugging takes the power away.
            self.start_from_power_on();
        }
        if condition == Condition::Dead {
            self.transmitter.freeze();
        } else {
            self.transmitter.thaw(self.now, CHARACTER);
        }
    }
}
