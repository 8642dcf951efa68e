//! What every emulated UART chip offers to the machine that it is plugged into.

use crate::time::Instant;

/// A byte that a chip has put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireByte {
    /// When its start bit began.
    pub start: Instant,
    /// When its stop bit ended: the receiver has the byte now.
    pub end: Instant,
    /// The eight data bits.
    pub value: u8,
}

/// What may be wrong with a byte that arrives at a chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFault {
    /// The stop bit was missing.
    pub framing: bool,
    /// The parity bit was wrong.
    pub parity: bool,
    /// The line was held low for a whole character; the byte reads as zero.
    pub break_condition: bool,
}

/// A UART chip: registers on one side, a serial wire on the other.
///
/// The machine calls [`Chip::advance`] before every access and whenever
/// [`Chip::next_change`] says that something happens by itself, so that a chip
/// never looks at a clock of its own.
pub trait Chip {
    /// How many consecutive registers the chip decodes.
    fn register_count(&self) -> u16;

    /// The processor reads the register at `offset`.
    fn read(&mut self, offset: u16, now: Instant) -> u8;

    /// The processor writes `value` to the register at `offset`.
    fn write(&mut self, offset: u16, value: u8, now: Instant);

    /// Whether the chip pulls its interrupt line now (level triggered).
    fn interrupt_line(&self) -> bool;

    /// Brings the chip to `now`: characters shift out, time-outs run off. Bytes whose stop bit
    /// has ended by then are appended to `sent`, oldest first.
    fn advance(&mut self, now: Instant, sent: &mut Vec<WireByte>);

    /// When the chip next changes without being touched, if it will.
    fn next_change(&self) -> Option<Instant>;

    /// A byte has arrived whole at the chip's receiver.
    fn receive(&mut self, value: u8, fault: LineFault, now: Instant);

    /// Power is taken away or comes back: registers and FIFOs return to their state at power-on.
    fn power_cycle(&mut self, now: Instant);

    /// Breaks or mends the chip while it runs.
    fn set_condition(&mut self, condition: Condition);
}

/// How healthy a chip is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It works.
    #[default]
    Healthy,
    /// It takes no byte to send any more, and sends none, but answers.
    Dead,
    /// It is not there: all registers read 0xFF, writes go nowhere.
    Gone,
    /// It is there and does nothing, as a card in a bus whose bridge has failed: all registers read 0x00, writes
    /// go nowhere.
    ReadsZero,
}

impl Condition {
    /// What all registers read, if the chip does not answer.
    #[must_use]
    pub const fn without_answer(self) -> Option<u8> {
        match self {
            Self::Healthy | Self::Dead => None,
            Self::Gone => Some(0xFF),
            Self::ReadsZero => Some(0x00),
        }
    }
}
