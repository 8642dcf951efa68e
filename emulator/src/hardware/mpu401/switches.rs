//! How MPU-401 compatible chips differ from each other.

use std::time::Duration;

/// What kind of MPU-401 it is. The default is the MPU-401 part of SMSC's super I/O chips.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about a chip, independent of the others"
)]
pub struct Mpu401Switches {
    /// How many bytes the transmit FIFO holds in front of the shift register; one at least.
    /// (16: SMSC, CS4237B; 12: ES1688; 8: `SonicVibes`; 2: AWE64.)
    pub transmit_fifo_depth: usize,
    /// How many bytes the receive FIFO holds; one at least.
    pub receive_fifo_depth: usize,
    /// A reset outside UART mode is acknowledged.
    pub acknowledges_reset: bool,
    /// A reset in UART mode is acknowledged too, as Bochs does and SMSC does not.
    pub acknowledges_reset_in_uart_mode: bool,
    /// Entering UART mode is acknowledged.
    pub acknowledges_enter_uart: bool,
    /// Every command is acknowledged, even one that does nothing, as Bochs does.
    pub acknowledges_every_command: bool,
    /// The acknowledgement is read before bytes that were waiting already (SMSC); otherwise it
    /// queues behind them (`DOSBox`).
    pub acknowledge_in_front: bool,
    /// How many acknowledgements after power-on never appear.
    pub missing_acknowledges: u32,
    /// Reset and enter-UART leave received bytes in the receive FIFO; SMSC clears it.
    pub keeps_unread_bytes: bool,
    /// What lies in the receive FIFO at power-on; the part beyond its depth is cut off.
    pub stale_bytes: Vec<u8>,
    /// Firmware or a previous driver left it in UART mode with unread bytes in its receive FIFO, so
    /// that its line is active from power-on. Once only: a power cycle resets it as ever.
    pub left_asserting: bool,
    /// How many status reads show the output busy after each data byte, room or not.
    pub busy_polls_after_write: u32,
    /// How long the output shows busy after a reset. Another reset starts it anew; any other
    /// command waits until it is over.
    pub reset_busy: Duration,
    /// The data ready bit is stuck at "ready", although nothing may be there.
    pub data_ready_stuck: bool,
    /// The output ready bit is stuck at "busy", although bytes that are written go out.
    pub output_stuck_busy: bool,
    /// What the reserved bits 5 to 0 of the status register read.
    pub reserved_status_bits: u8,
    /// Every so-many-th interrupt never appears; `None` and zero lose none.
    pub loses_every_nth_interrupt: Option<u32>,
}

impl Default for Mpu401Switches {
    fn default() -> Self {
        Self {
            transmit_fifo_depth: 16,
            receive_fifo_depth: 16,
            acknowledges_reset: true,
            acknowledges_reset_in_uart_mode: false,
            acknowledges_enter_uart: true,
            acknowledges_every_command: false,
            acknowledge_in_front: true,
            missing_acknowledges: 0,
            keeps_unread_bytes: false,
            stale_bytes: Vec::new(),
            left_asserting: false,
            busy_polls_after_write: 0,
            reset_busy: Duration::ZERO,
            data_ready_stuck: false,
            output_stuck_busy: false,
            reserved_status_bits: 0,
            loses_every_nth_interrupt: None,
        }
    }
}
