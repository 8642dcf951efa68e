//! How 16550-class chips differ from each other.

/// Which member of the family it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ns16550Kind {
    /// FIFOs of this depth in both directions, 1 to 64.
    Fifo16550A {
        /// How many bytes each FIFO holds.
        depth: u8,
    },
    /// The first 16550: it owns up to FIFOs that do not work, and holds one byte.
    BrokenFifo16550,
    /// No FIFOs at all.
    Uart16450,
}

impl Ns16550Kind {
    /// The largest FIFO in this family (TI TL16C750).
    pub const LARGEST_FIFO: u8 = 64;
}

/// What kind of 16550 it is. The default is a 16550A on a PC board with a 24 MHz clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about a chip, independent of the others"
)]
pub struct Ns16550Switches {
    /// Which member of the family it is.
    pub kind: Ns16550Kind,
    /// The clock that the divisor divides, in hertz; one at least. A divisor of this clock over
    /// 500 000 gives 31250 baud.
    pub baud_clock_hz: u32,
    /// The interrupt line works only while OUT2 is on, as on PC boards.
    pub interrupt_needs_out2: bool,
    /// Enabling the THRE interrupt while the transmit FIFO is empty does not raise it again
    /// (the clones that Linux `8250_port.c` probes for).
    pub does_not_reraise_thre: bool,
    /// Firmware or a previous driver left it interrupting: received data and THRE enabled, OUT2 on, a
    /// byte unread, and DLAB set, so that writes to the interrupt enable register reach the divisor. Its line
    /// is active from power-on. Once only: a power cycle resets it as ever.
    pub left_asserting: bool,
    /// What the interrupt identification register reads, whatever is pending.
    pub iir_stuck: Option<u8>,
    /// The line status register reads 0xFF, as where no chip is.
    pub line_status_reads_ff: bool,
    /// Every so-many-th interrupt never appears; `None` and zero lose none.
    pub loses_every_nth_interrupt: Option<u32>,
}

impl Default for Ns16550Switches {
    fn default() -> Self {
        Self {
            kind: Ns16550Kind::Fifo16550A { depth: 16 },
            baud_clock_hz: 24_000_000,
            interrupt_needs_out2: true,
            does_not_reraise_thre: false,
            left_asserting: false,
            iir_stuck: None,
            line_status_reads_ff: false,
            loses_every_nth_interrupt: None,
        }
    }
}
