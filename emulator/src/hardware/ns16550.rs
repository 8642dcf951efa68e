//! A 16550-class UART.

mod receiver;
pub mod registers;
mod switches;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::receiver::Receiver;
use self::registers::{
    FCR_CLEAR_RECEIVE, FCR_CLEAR_TRANSMIT, FCR_ENABLE, IER_DLM, IER_EXISTING, IER_LINE_STATUS,
    IER_MODEM_STATUS, IER_RECEIVED_DATA, IER_THRE, IIR_CHARACTER_TIME_OUT, IIR_FCR,
    IIR_FIFOS_BROKEN, IIR_FIFOS_ON, IIR_LINE_STATUS, IIR_MODEM_STATUS, IIR_NONE, IIR_RECEIVED_DATA,
    IIR_THRE, LCR, LCR_DLAB, LCR_PARITY, LCR_TWO_STOP_BITS, LCR_WORD_LENGTH, LSR, LSR_ERRORS,
    LSR_TEMT, LSR_THRE, MCR, MCR_DTR, MCR_EXISTING, MCR_LOOPBACK, MCR_OUT1, MCR_OUT2, MCR_RTS, MSR,
    MSR_CTS, MSR_DCD, MSR_DELTA_CTS, MSR_DELTA_DCD, MSR_DELTA_DSR, MSR_DSR, MSR_RI,
    MSR_TRAILING_EDGE_RI, RBR_THR_DLL, SCR,
};
pub use self::switches::{Ns16550Kind, Ns16550Switches};
use super::chip::{Chip, Condition, LineFault, WireByte};
use super::interrupt_line::InterruptLine;
use super::losses::Losses;
use super::transmitter::Transmitter;
use crate::time::Instant;

/// What an access to a missing device reads.
const FLOATING_BUS: u8 = 0xFF;

/// A divisor of zero is undefined in the data sheets; here the counter runs through all of its
/// 16 bits, so that a driver which sets no divisor is far too slow everywhere.
const DIVISOR_OF_ZERO: u64 = 0x1_0000;

/// How many baud clocks one bit takes for each step of the divisor.
const CLOCKS_PER_BIT: u64 = 16;

/// The divisor of a chip that was left interrupting: about 115200 baud of a 24 MHz clock.
const LEFT_DIVISOR: u16 = 13;
/// The byte that such a chip has received: a carriage return at a debugger's console.
const LEFT_BYTE: u8 = 0x0D;

/// What may pull the interrupt line, one bit each.
mod cause {
    pub(super) const LINE_STATUS: u8 = 0x01;
    pub(super) const RECEIVED_DATA: u8 = 0x02;
    pub(super) const CHARACTER_TIME_OUT: u8 = 0x04;
    pub(super) const THRE: u8 = 0x08;
    pub(super) const MODEM_STATUS: u8 = 0x10;
}

/// The causes by falling priority, and how the interrupt identification register shows them.
const IDENTIFICATIONS: [(u8, u8); 5] = [
    (cause::LINE_STATUS, IIR_LINE_STATUS),
    (cause::RECEIVED_DATA, IIR_RECEIVED_DATA),
    (cause::CHARACTER_TIME_OUT, IIR_CHARACTER_TIME_OUT),
    (cause::THRE, IIR_THRE),
    (cause::MODEM_STATUS, IIR_MODEM_STATUS),
];

/// In loopback each modem output shows up at this modem input.
const LOOPED_MODEM_LINES: [(u8, u8); 4] = [
    (MCR_RTS, MSR_CTS),
    (MCR_DTR, MSR_DSR),
    (MCR_OUT1, MSR_RI),
    (MCR_OUT2, MSR_DCD),
];

/// A 16550-class UART.
#[derive(Clone, Debug)]
pub struct Ns16550 {
    switches: Ns16550Switches,
    condition: Condition,
    now: Instant,
    interrupt_enable: u8,
    fifos_enabled: bool,
    line_control: u8,
    modem_control: u8,
    modem_lines: u8,
    modem_changes: u8,
    scratch: u8,
    divisor: u16,
    character: Duration,
    transmitter: Transmitter,
    thre_pending: bool,
    receiver: Receiver,
    line: InterruptLine,
    losses: Losses,
}

impl Ns16550 {
    /// A chip that has just got its power.
    #[must_use]
    pub fn new(switches: Ns16550Switches) -> Self {
        let largest_depth = match switches.kind {
            Ns16550Kind::Fifo16550A { depth } => usize::from(depth),
            Ns16550Kind::BrokenFifo16550 | Ns16550Kind::Uart16450 => 1,
        };
        let mut chip = Self {
            condition: Condition::Healthy,
            now: Instant::POWER_ON,
            interrupt_enable: 0,
            fifos_enabled: false,
            line_control: 0,
            modem_control: 0,
            modem_lines: 0,
            modem_changes: 0,
            scratch: 0,
            divisor: 0,
            character: Duration::ZERO,
            transmitter: Transmitter::new(largest_depth),
            thre_pending: true,
            receiver: Receiver::new(largest_depth),
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

    /// How many bytes wait in the transmit FIFO; the one on the wire is not counted.
    #[must_use]
    pub fn bytes_to_send(&self) -> usize {
        self.transmitter.waiting()
    }

    /// How many bytes can be read.
    #[must_use]
    pub fn bytes_to_read(&self) -> usize {
        self.receiver.len()
    }

    /// How long one character takes as line control and divisor are set now.
    #[must_use]
    pub const fn character_time(&self) -> Duration {
        self.character
    }

    fn start_from_power_on(&mut self) {
        self.interrupt_enable = 0;
        self.fifos_enabled = false;
        self.line_control = 0;
        self.modem_control = 0;
        self.modem_lines = 0;
        self.modem_changes = 0;
        self.scratch = 0;
        self.divisor = 0;
        self.update_character_time();
        self.losses.discarded_transmits += self.transmitter.lose_power();
        self.transmitter.set_depth(1);
        self.thre_pending = true;
        self.receiver.lose_power();
        self.update_line(0);
    }

    /// Brings the chip into the state in which firmware or a previous driver may leave it.
    fn leave_asserting(&mut self) {
        let [low, high] = LEFT_DIVISOR.to_le_bytes();
        self.set_divisor(low, high);
        self.write_fifo_control(FCR_ENABLE);
        self.write_modem_control(MCR_DTR | MCR_RTS | MCR_OUT2);
        self.write_interrupt_enable(IER_RECEIVED_DATA | IER_THRE);
        self.accept(LEFT_BYTE, LineFault::default(), Instant::POWER_ON);
        self.line_control = LCR_DLAB | LCR_WORD_LENGTH;
        self.update_character_time();
    }

    /// The FIFOs' depth while they work.
    fn fifo_depth(&self) -> Option<usize> {
        match self.switches.kind {
            Ns16550Kind::Fifo16550A { depth } if self.fifos_enabled => {
                Some(usize::from(depth.clamp(1, Ns16550Kind::LARGEST_FIFO)))
            }
            _ => None,
        }
    }

    fn is_looped_back(&self) -> bool {
        self.modem_control & MCR_LOOPBACK != 0
    }

    fn is_dlab_set(&self) -> bool {
        self.line_control & LCR_DLAB != 0
    }

    fn causes(&self) -> u8 {
        let enabled = |bit| self.interrupt_enable & bit != 0;
        let mut causes = 0;
        if enabled(IER_LINE_STATUS) && self.receiver.line_status() & LSR_ERRORS != 0 {
            causes |= cause::LINE_STATUS;
        }
        if enabled(IER_RECEIVED_DATA) {
            if self.receiver.is_at_trigger() {
                causes |= cause::RECEIVED_DATA;
            }
            if self.receiver.is_timed_out() {
                causes |= cause::CHARACTER_TIME_OUT;
            }
        }
        // A dead transmitter never reports that it is empty.
        if enabled(IER_THRE) && self.thre_pending && self.condition != Condition::Dead {
            causes |= cause::THRE;
        }
        if enabled(IER_MODEM_STATUS) && self.modem_changes != 0 {
            causes |= cause::MODEM_STATUS;
        }
        causes
    }

    fn update_line(&mut self, again: u8) {
        // In loopback the OUT2 pin is off whatever the register says.
        let out2 = self.modem_control & MCR_OUT2 != 0 && !self.is_looped_back();
        let is_connected = out2 || !self.switches.interrupt_needs_out2;
        let causes = if is_connected { self.causes() } else { 0 };
        self.line.update(causes, again);
    }

    fn update_character_time(&mut self) {
        let control = self.line_control;
        let data_bits = 5 + u64::from(control & LCR_WORD_LENGTH);
        let parity_bits = u64::from(control & LCR_PARITY != 0);
        let stop_half_bits = match (control & LCR_TWO_STOP_BITS != 0, data_bits) {
            (false, _) => 2,
            (true, 5) => 3,
            (true, _) => 4,
        };
        let half_bits = 2 * (1 + data_bits + parity_bits) + stop_half_bits;
        let divisor = match self.divisor {
            0 => DIVISOR_OF_ZERO,
            divisor => u64::from(divisor),
        };
        let clock = u64::from(self.switches.baud_clock_hz.max(1));
        let clocks = half_bits * divisor * CLOCKS_PER_BIT / 2;
        self.character = Duration::from_nanos((clocks * 1_000_000_000 + clock / 2) / clock);
    }

    fn set_divisor(&mut self, low: u8, high: u8) {
        self.divisor = u16::from_le_bytes([low, high]);
        self.update_character_time();
    }

    fn identify(&mut self) -> u8 {
        let causes = self.causes();
        let reported = IDENTIFICATIONS
            .iter()
            .find(|(cause, _)| causes & cause != 0);
        if let Some(&(cause::THRE, _)) = reported {
            self.thre_pending = false;
            self.update_line(0);
        }
        let identification = reported.map_or(IIR_NONE, |&(_, identification)| identification);
        let fifos = match self.switches.kind {
            Ns16550Kind::Fifo16550A { .. } if self.fifos_enabled => IIR_FIFOS_ON,
            Ns16550Kind::BrokenFifo16550 if self.fifos_enabled => IIR_FIFOS_BROKEN,
            _ => 0,
        };
        self.switches.iir_stuck.unwrap_or(fifos | identification)
    }

    fn read_line_status(&mut self) -> u8 {
        let mut status = self.receiver.line_status();
        if self.condition != Condition::Dead {
            if self.transmitter.waiting() == 0 {
                status |= LSR_THRE;
            }
            if self.transmitter.is_idle() {
                status |= LSR_TEMT;
            }
        }
        if status & LSR_ERRORS != 0 {
            self.receiver.clear_shown_errors();
            self.update_line(0);
        }
        if self.switches.line_status_reads_ff {
            FLOATING_BUS
        } else {
            status
        }
    }

    fn read_modem_status(&mut self) -> u8 {
        let status = self.modem_lines | std::mem::take(&mut self.modem_changes);
        self.update_line(0);
        status
    }

    fn read_received(&mut self, now: Instant) -> u8 {
        let value = self.receiver.read(now, self.character);
        self.update_line(0);
        value
    }

    fn write_holding(&mut self, value: u8, now: Instant) {
        let unused_bits = 3 - (self.line_control & LCR_WORD_LENGTH);
        let value = value & (0xFF >> unused_bits);
        if !self.transmitter.push(value, now, self.character) {
            self.losses.refused_writes += 1;
        }
        // The write takes the interrupt back; a byte that went straight to the shift register
        // leaves the FIFO empty and so raises it again.
        self.thre_pending = self.transmitter.waiting() == 0;
        self.update_line(cause::THRE);
    }

    fn write_interrupt_enable(&mut self, value: u8) {
        let newly_enabled = value & !self.interrupt_enable;
        self.interrupt_enable = value & IER_EXISTING;
        if newly_enabled & IER_THRE != 0
            && self.transmitter.waiting() == 0
            && !self.switches.does_not_reraise_thre
        {
            self.thre_pending = true;
        }
        self.update_line(0);
    }

    fn write_fifo_control(&mut self, value: u8) {
        if self.switches.kind == Ns16550Kind::Uart16450 {
            return;
        }
        let enable = value & FCR_ENABLE != 0;
        if enable != self.fifos_enabled {
            // Switching between the modes empties both FIFOs.
            self.fifos_enabled = enable;
            let depth = self.fifo_depth();
            self.receiver.set_fifo_depth(depth);
            self.transmitter.set_depth(depth.unwrap_or(1));
            self.clear_transmit_fifo();
        }
        if enable {
            self.receiver.set_trigger(value >> 6);
            if value & FCR_CLEAR_RECEIVE != 0 {
                self.receiver.clear();
            }
            if value & FCR_CLEAR_TRANSMIT != 0 {
                self.clear_transmit_fifo();
            }
        }
        self.update_line(0);
    }

    fn clear_transmit_fifo(&mut self) {
        let discarded = self.transmitter.discard_waiting();
        self.losses.discarded_transmits += discarded;
        if discarded > 0 {
            self.thre_pending = true;
        }
    }

    fn write_modem_control(&mut self, value: u8) {
        self.modem_control = value & MCR_EXISTING;
        // Nothing is wired to the modem inputs of a MIDI port, so they are off but for loopback.
        let lines = if self.is_looped_back() {
            LOOPED_MODEM_LINES
                .iter()
                .filter(|(output, _)| value & output != 0)
                .fold(0, |lines, (_, input)| lines | input)
        } else {
            0
        };
        let changed = lines ^ self.modem_lines;
        let fallen = self.modem_lines & !lines;
        self.modem_lines = lines;
        for (is_noted, note) in [
            (changed & MSR_CTS != 0, MSR_DELTA_CTS),
            (changed & MSR_DSR != 0, MSR_DELTA_DSR),
            (fallen & MSR_RI != 0, MSR_TRAILING_EDGE_RI),
            (changed & MSR_DCD != 0, MSR_DELTA_DCD),
        ] {
            if is_noted {
                self.modem_changes |= note;
            }
        }
        self.update_line(0);
    }

    fn accept(&mut self, value: u8, fault: LineFault, now: Instant) {
        if !self.receiver.receive(value, fault, now, self.character) {
            self.losses.receive_overruns += 1;
        }
        self.update_line(cause::RECEIVED_DATA | cause::LINE_STATUS);
    }

    /// Lets happen what happens by itself at `now`, the moment of the next change.
    fn step(&mut self, now: Instant, sent: &mut Vec<WireByte>) {
        let waited = self.transmitter.waiting();
        if let Some(byte) = self.transmitter.finish(now, self.character) {
            if self.is_looped_back() {
                self.accept(byte.value, LineFault::default(), byte.end);
            } else {
                sent.push(byte);
            }
            if waited == 1 {
                self.thre_pending = true;
                self.update_line(cause::THRE);
            }
        }
        if self.receiver.advance(now) {
            self.update_line(0);
        }
    }
}

impl Chip for Ns16550 {
    fn register_count(&self) -> u16 {
        8
    }

    fn read(&mut self, offset: u16, now: Instant) -> u8 {
        if let Some(value) = self.condition.without_answer() {
            return value;
        }
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match offset {
            RBR_THR_DLL if self.is_dlab_set() => divisor_low,
            RBR_THR_DLL => self.read_received(now),
            IER_DLM if self.is_dlab_set() => divisor_high,
            IER_DLM => self.interrupt_enable,
            IIR_FCR => self.identify(),
            LCR => self.line_control,
            MCR => self.modem_control,
            LSR => self.read_line_status(),
            MSR => self.read_modem_status(),
            SCR => self.scratch,
            _ => FLOATING_BUS,
        }
    }

    fn write(&mut self, offset: u16, value: u8, now: Instant) {
        if self.condition.without_answer().is_some() {
            return;
        }
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match offset {
            RBR_THR_DLL if self.is_dlab_set() => self.set_divisor(value, divisor_high),
            RBR_THR_DLL => self.write_holding(value, now),
            IER_DLM if self.is_dlab_set() => self.set_divisor(divisor_low, value),
            IER_DLM => self.write_interrupt_enable(value),
            IIR_FCR => self.write_fifo_control(value),
            LCR => {
                self.line_control = value;
                self.update_character_time();
            }
            MCR => self.write_modem_control(value),
            SCR => self.scratch = value,
            _ => {}
        }
    }

    fn interrupt_line(&self) -> bool {
        self.line.is_pulled()
    }

    fn advance(&mut self, now: Instant, sent: &mut Vec<WireByte>) {
        while let Some(change) = self.next_change().filter(|&change| change <= now) {
            self.step(change, sent);
        }
        self.now = self.now.max(now);
    }

    fn next_change(&self) -> Option<Instant> {
        self.transmitter
            .next_end()
            .into_iter()
            .chain(self.receiver.time_out())
            .min()
    }

    fn receive(&mut self, value: u8, fault: LineFault, now: Instant) {
        if self.condition.without_answer().is_some() || self.is_looped_back() {
            self.losses.ignored_arrivals += 1;
            return;
        }
        self.accept(value, fault, now);
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
            self.transmitter.thaw(self.now, self.character);
        }
        self.update_line(0);
    }
}
