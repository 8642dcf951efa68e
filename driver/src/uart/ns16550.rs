//! UARTs of the 16550's family: 16450, 16550A, 16650, 16750, and what PCI cards have in their place.

use bitflags::bitflags;

use super::row::Row;
use super::{Budget, Exchange, Received, Setup, SetupError, Silenced, Turn, Uart};
use crate::bus::Bus;
use crate::kernel::clock::{InterruptTime, MICROSECOND};

/// Receive buffer when read, transmit holding register when written.
const RECEIVE_TRANSMIT: u8 = 0;
const INTERRUPT_ENABLE: u8 = 1;
/// Interrupt identification when read, FIFO control when written.
const INTERRUPT_ID: u8 = 2;
const FIFO_CONTROL: u8 = 2;
const LINE_CONTROL: u8 = 3;
const MODEM_CONTROL: u8 = 4;
const LINE_STATUS: u8 = 5;
const MODEM_STATUS: u8 = 6;
const SCRATCH: u8 = 7;
const DIVISOR_LOW: u8 = 0;
const DIVISOR_HIGH: u8 = 1;

/// How many registers the chip has.
pub const REGISTERS: u8 = 8;

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct InterruptEnable: u8 {
        const RECEIVED = 0x01;
        const TRANSMITTER_EMPTY = 0x02;
        const LINE_STATUS = 0x04;
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct LineStatus: u8 {
        const DATA_READY = 0x01;
        const OVERRUN = 0x02;
        const PARITY_ERROR = 0x04;
        const FRAMING_ERROR = 0x08;
        const BREAK = 0x10;
        /// With FIFO: the whole transmit FIFO is empty.
        const TRANSMITTER_EMPTY = 0x20;
        /// The shift register is empty too.
        const TRANSMITTER_IDLE = 0x40;
        const ERROR_IN_FIFO = 0x80;
    }
}

/// Upper half of the interrupt enable register: reads as zero on every member of the family.
const INTERRUPT_ENABLE_UNUSED: u8 = 0xF0;
const NO_INTERRUPT: u8 = 0x01;
const INTERRUPT_CAUSE: u8 = 0x0E;
const CAUSE_MODEM_STATUS: u8 = 0x00;
const FIFO_WORKS: u8 = 0xC0;
const FIFO_ENABLE_AND_CLEAR: u8 = 0x07;
/// Has the FIFOs of a 16750 hold 64 bytes instead of 16; taken only while the divisor can be accessed (TI TL16C750
/// data sheet, "FIFO control register"). Other chips have nothing there.
const FIFO_DEEP: u8 = 0x20;
/// Bytes in the FIFOs of a 16550A, and of a 16750 unless it is told otherwise.
const USUAL_DEPTH: u32 = 16;
const FIFO_OFF: u8 = 0x00;
const EIGHT_DATA_BITS: u8 = 0x03;
const DIVISOR_ACCESS: u8 = 0x80;
/// DTR, RTS, and OUT2, which on PC boards lets the interrupt through (Linux's serial-u16550).
const MODEM_CONTROL_ON: u8 = 0x0B;
const MODEM_CONTROL_OFF: u8 = 0x00;
/// All bits set: nobody drives the bus. A chip can't report all of these at once.
const NOBODY_THERE: u8 = 0xFF;
/// Written and read back: only a chip with a scratch register remembers both.
const SCRATCH_PATTERNS: [u8; 2] = [0xAA, 0x55];
/// Bytes that lie in the deepest receive FIFO of the family (64, TI TL16C750), and as many that come in while
/// it is emptied. A chip that has still more is stuck.
const MOST_STALE_BYTES: u32 = 128;
/// Bytes that may come in while the chip is programmed: that takes 20 µs, less than a byte.
const BYTES_DURING_PROGRAMMING: u32 = 2;
/// Bits on the wire for a byte: start, eight data, stop.
const BITS_PER_BYTE: u32 = 10;

/// How a chip is wired and what MIDI needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Hertz at the chip's clock input.
    pub baud_clock: u32,
    /// Bits per second on the wire; MIDI has 31 250.
    pub baud_rate: u32,
    /// Bytes in the transmit FIFO, if there is a working one.
    pub fifo_depth: u32,
    /// Whether the interrupt line is connected.
    pub has_interrupt: bool,
}

impl Settings {
    /// The divisor that gives the baud rate within 1 %, which is the tolerance of MIDI.
    #[must_use]
    pub fn divisor(&self) -> Option<u16> {
        let sixteenth = self.baud_rate.checked_mul(16).filter(|rate| *rate > 0)?;
        let divisor = self.baud_clock.checked_add(sixteenth / 2)? / sixteenth;
        let divisor = u16::try_from(divisor).ok().filter(|divisor| *divisor > 0)?;
        let wanted = u64::from(sixteenth) * u64::from(divisor);
        let difference = wanted.abs_diff(self.baud_clock.into());
        (difference * 100 <= wanted).then_some(divisor)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Detect,
    /// What was received before is thrown away.
    Empty,
    Program,
    Ready,
}

/// A UART of the 16550's family.
pub struct Ns16550<B: Bus> {
    bus: B,
    settings: Settings,
    phase: Phase,
    depth: u32,
    /// Bytes that the transmit FIFO takes without another look at the line status.
    credit: u32,
    /// Until when it takes them: one that has not run empty by then may be stuck.
    credit_ends: InterruptTime,
    enabled: InterruptEnable,
    /// The chip's interrupts are used: it has a line, and they were not given up.
    interrupts: bool,
    row: Row,
    /// Bytes that were thrown away since the chip was found.
    stale_bytes: u32,
    /// Received bytes that were thrown away and not reported yet.
    discarded: u32,
}

impl<B: Bus> Ns16550<B> {
    /// A UART behind these registers.
    #[must_use]
    pub fn new(bus: B, settings: Settings) -> Self {
        Self {
            bus,
            settings,
            phase: Phase::Detect,
            depth: 1,
            credit: 0,
            credit_ends: 0,
            enabled: InterruptEnable::empty(),
            interrupts: settings.has_interrupt,
            row: Row::default(),
            stale_bytes: 0,
            discarded: 0,
        }
    }

    fn enable(&mut self, enabled: InterruptEnable) {
        self.bus.write(INTERRUPT_ENABLE, enabled.bits());
        self.enabled = enabled;
    }

    /// Microseconds that a byte takes on the wire.
    fn byte_time(&self) -> u32 {
        BITS_PER_BYTE * 1_000_000 / self.settings.baud_rate.max(1)
    }

    /// Microseconds that a full FIFO, and the byte in front of it, take to leave the chip.
    fn time_to_empty(&self) -> u32 {
        (self.depth + 1) * self.byte_time()
    }

    /// Masks all causes of interrupts. Where firmware has left access to the divisor on, the register of
    /// the mask is hidden behind it.
    fn mask(&mut self) {
        self.bus.write(LINE_CONTROL, EIGHT_DATA_BITS);
        self.enable(InterruptEnable::empty());
    }

    /// Whether the chip raises its interrupt.
    fn has_cause(&mut self) -> bool {
        self.bus.read(INTERRUPT_ID) & NO_INTERRUPT == 0
    }

    /// Throws away what was received; returns whether that came to an end.
    fn empty(&mut self, budget: &mut Budget) -> bool {
        while budget.allows(2) && self.stale_bytes < MOST_STALE_BYTES {
            budget.spend(1);
            let status = self.bus.read(LINE_STATUS);
            if status == NOBODY_THERE || status & LineStatus::DATA_READY.bits() == 0 {
                return true;
            }
            budget.spend(1);
            self.bus.read(RECEIVE_TRANSMIT);
            self.stale_bytes += 1;
            self.discarded += 1;
        }
        self.stale_bytes >= MOST_STALE_BYTES
    }

    /// Linux's serial-u16550 looks for a chip in the same way.
    fn is_there(&mut self) -> bool {
        self.mask();
        if self.bus.read(INTERRUPT_ENABLE) & INTERRUPT_ENABLE_UNUSED != 0 {
            return false;
        }
        let remembers = SCRATCH_PATTERNS.iter().all(|pattern| {
            self.bus.write(SCRATCH, *pattern);
            self.bus.read(SCRATCH) == *pattern
        });
        remembers && self.bus.read(LINE_STATUS) != NOBODY_THERE
    }

    fn program(&mut self, divisor: u16) {
        let [low, high] = divisor.to_le_bytes();
        self.bus.write(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
        if self.bus.read(INTERRUPT_ID) & FIFO_WORKS == FIFO_WORKS {
            self.depth = self.settings.fifo_depth;
        } else {
            // A 16550 without the A loses bytes in its FIFO, and a 16450 has none.
            self.bus.write(FIFO_CONTROL, FIFO_OFF);
            self.depth = 1;
        }
        self.bus.write(LINE_CONTROL, DIVISOR_ACCESS);
        if self.depth > USUAL_DEPTH {
            self.bus
                .write(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR | FIFO_DEEP);
        }
        self.bus.write(DIVISOR_LOW, low);
        self.bus.write(DIVISOR_HIGH, high);
        self.bus.write(LINE_CONTROL, EIGHT_DATA_BITS);
        self.bus.write(MODEM_CONTROL, MODEM_CONTROL_ON);
        // A byte that came in while the rate was changed is none.
        self.empty(&mut Budget::of(BYTES_DURING_PROGRAMMING * 2));
        for register in [LINE_STATUS, INTERRUPT_ID, MODEM_STATUS] {
            // Reading clears what the chip may have to report from before.
            self.bus.read(register);
        }
        self.credit = 0;
        let received = if self.interrupts {
            InterruptEnable::RECEIVED | InterruptEnable::LINE_STATUS
        } else {
            InterruptEnable::empty()
        };
        self.enable(received);
    }

    /// Takes in what the line status tells: errors, and the byte that they belong to.
    fn take_in(
        &mut self,
        status: LineStatus,
        exchange: &mut impl Exchange,
        budget: &mut Budget,
        turn: &mut Turn,
    ) {
        if status.contains(LineStatus::OVERRUN) {
            exchange.received(Received::Overrun);
        }
        if !status.contains(LineStatus::DATA_READY) {
            return;
        }
        budget.spend(1);
        turn.received += 1;
        let byte = self.bus.read(RECEIVE_TRANSMIT);
        exchange.received(if status.contains(LineStatus::BREAK) {
            Received::Break
        } else if status.contains(LineStatus::FRAMING_ERROR) {
            Received::FramingError
        } else if status.contains(LineStatus::PARITY_ERROR) {
            Received::ParityError
        } else {
            Received::Byte(byte)
        });
    }
}

impl<B: Bus> Uart for Ns16550<B> {
    fn begin_setup(&mut self) {
        self.phase = Phase::Detect;
        self.credit = 0;
        self.interrupts = self.settings.has_interrupt;
        self.row.end();
        self.stale_bytes = 0;
    }

    fn setup(&mut self, _now: InterruptTime) -> Setup {
        match self.phase {
            Phase::Detect => {
                if self.settings.divisor().is_none() {
                    return Setup::Failed(SetupError::BaudRate);
                }
                if !self.is_there() {
                    return Setup::Failed(SetupError::NotThere);
                }
                self.phase = Phase::Empty;
                Setup::Continue
            }
            Phase::Empty => {
                if self.empty(&mut Budget::of(Budget::TURN)) {
                    self.phase = Phase::Program;
                }
                Setup::Continue
            }
            Phase::Program => {
                let Some(divisor) = self.settings.divisor() else {
                    return Setup::Failed(SetupError::BaudRate);
                };
                self.program(divisor);
                self.phase = Phase::Ready;
                Setup::Ready
            }
            Phase::Ready => Setup::Ready,
        }
    }

    fn silence(&mut self, budget: &mut Budget) -> Silenced {
        budget.spend(1);
        if !self.has_cause() {
            return Silenced {
                was_active: false,
                is_quiet: true,
            };
        }
        // Masked causes do not interrupt; those that are not masked by every chip end when they are read.
        self.mask();
        for register in [LINE_STATUS, MODEM_STATUS] {
            self.bus.read(register);
        }
        budget.spend(5);
        Silenced {
            was_active: true,
            is_quiet: !self.has_cause(),
        }
    }

    fn take_discarded(&mut self) -> u32 {
        core::mem::take(&mut self.discarded)
    }

    fn is_interrupting(&mut self, budget: &mut Budget) -> bool {
        budget.spend(1);
        let id = self.bus.read(INTERRUPT_ID);
        if id & NO_INTERRUPT != 0 {
            return false;
        }
        if id & INTERRUPT_CAUSE == CAUSE_MODEM_STATUS {
            // Never enabled; a chip that reports it all the same is calmed.
            budget.spend(1);
            self.bus.read(MODEM_STATUS);
        }
        true
    }

    fn turn(
        &mut self,
        exchange: &mut impl Exchange,
        now: InterruptTime,
        budget: &mut Budget,
    ) -> Turn {
        /// For a look at the status, a received byte, and the interrupt enable register.
        const RESERVED: u32 = 3;
        let mut turn = Turn::default();
        loop {
            if !budget.allows(RESERVED) {
                turn.unfinished = true;
                break;
            }
            budget.spend(1);
            let status = self.bus.read(LINE_STATUS);
            if status == NOBODY_THERE {
                turn.missing = true;
                return turn;
            }
            let status = LineStatus::from_bits_retain(status);
            if !status.contains(LineStatus::DATA_READY) {
                self.row.end();
            } else if !self.row.goes_on(now, self.byte_time()) {
                // What is read there is no music. It is read all the same: a chip that is well again has nothing to
                // read then.
                budget.spend(1);
                self.bus.read(RECEIVE_TRANSMIT);
                turn.missing = true;
                continue;
            }
            self.take_in(status, exchange, budget, &mut turn);
            if status.contains(LineStatus::TRANSMITTER_EMPTY) {
                self.credit = self.depth;
                self.credit_ends = now + InterruptTime::from(self.time_to_empty()) * MICROSECOND;
            } else if now >= self.credit_ends {
                self.credit = 0;
            }
            while self.credit > 0 && budget.allows(2) {
                let Some(byte) = exchange.next() else { break };
                budget.spend(1);
                self.bus.write(RECEIVE_TRANSMIT, byte);
                self.credit -= 1;
                turn.sent += 1;
            }
            if self.credit > 0 && exchange.has_next() {
                turn.unfinished = true;
                break;
            }
            if !status.contains(LineStatus::DATA_READY) {
                break;
            }
        }
        if self.interrupts {
            let mut wanted = self.enabled;
            wanted.set(InterruptEnable::TRANSMITTER_EMPTY, exchange.has_next());
            if wanted != self.enabled && budget.allows(1) {
                budget.spend(1);
                self.enable(wanted);
            }
        }
        turn
    }

    fn longest_hold(&self) -> u32 {
        self.time_to_empty()
    }

    fn drain_time(&mut self, _now: InterruptTime) -> u32 {
        let status = self.bus.read(LINE_STATUS);
        if status == NOBODY_THERE || status & LineStatus::TRANSMITTER_IDLE.bits() != 0 {
            return 0;
        }
        self.time_to_empty()
    }

    fn answers(&mut self) -> bool {
        self.bus.read(LINE_STATUS) != NOBODY_THERE
    }

    fn give_up_interrupts(&mut self) -> bool {
        self.mask();
        self.interrupts = false;
        true
    }

    fn quiesce(&mut self, _now: InterruptTime) -> Setup {
        self.mask();
        self.bus.write(MODEM_CONTROL, MODEM_CONTROL_OFF);
        self.bus.write(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
        self.bus.write(FIFO_CONTROL, FIFO_OFF);
        self.bus.read(RECEIVE_TRANSMIT);
        Setup::Ready
    }
}
