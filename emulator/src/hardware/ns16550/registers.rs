//! The register map and bits of the 16550 family.
//!
//! Names are those of the data sheets (TI TL16C550C).

/// Read: receiver buffer. Write: transmitter holding. With DLAB: divisor latch, low byte.
pub const RBR_THR_DLL: u16 = 0;
/// Interrupt enable. With DLAB: divisor latch, high byte.
pub const IER_DLM: u16 = 1;
/// Read: interrupt identification. Write: FIFO control.
pub const IIR_FCR: u16 = 2;
/// Line control.
pub const LCR: u16 = 3;
/// Modem control.
pub const MCR: u16 = 4;
/// Line status.
pub const LSR: u16 = 5;
/// Modem status.
pub const MSR: u16 = 6;
/// Scratch.
pub const SCR: u16 = 7;

/// Interrupt enable: received data and its time-out.
pub const IER_RECEIVED_DATA: u8 = 0x01;
/// Interrupt enable: transmitter holding register empty.
pub const IER_THRE: u8 = 0x02;
/// Interrupt enable: line status.
pub const IER_LINE_STATUS: u8 = 0x04;
/// Interrupt enable: modem status.
pub const IER_MODEM_STATUS: u8 = 0x08;
/// The bits of the interrupt enable register that exist; the others read zero.
pub(super) const IER_EXISTING: u8 = 0x0F;

/// Interrupt identification: nothing pending.
pub const IIR_NONE: u8 = 0x01;
/// Interrupt identification: line status.
pub const IIR_LINE_STATUS: u8 = 0x06;
/// Interrupt identification: receive FIFO at its trigger level.
pub const IIR_RECEIVED_DATA: u8 = 0x04;
/// Interrupt identification: bytes wait below the trigger level.
pub const IIR_CHARACTER_TIME_OUT: u8 = 0x0C;
/// Interrupt identification: transmitter holding register empty.
pub const IIR_THRE: u8 = 0x02;
/// Interrupt identification: modem status.
pub const IIR_MODEM_STATUS: u8 = 0x00;
/// Interrupt identification: the FIFOs are on and work.
pub const IIR_FIFOS_ON: u8 = 0xC0;
/// Interrupt identification: the FIFOs are on and do not work (first 16550).
pub const IIR_FIFOS_BROKEN: u8 = 0x80;

/// FIFO control: FIFOs on. The other bits count only together with this one.
pub const FCR_ENABLE: u8 = 0x01;
/// FIFO control: empty the receive FIFO.
pub const FCR_CLEAR_RECEIVE: u8 = 0x02;
/// FIFO control: empty the transmit FIFO.
pub const FCR_CLEAR_TRANSMIT: u8 = 0x04;
/// How many received bytes raise an interrupt, by the two upper bits of FIFO control.
pub(super) const TRIGGER_LEVELS: [usize; 4] = [1, 4, 8, 14];

/// Line control: bits per character, less five.
pub const LCR_WORD_LENGTH: u8 = 0x03;
/// Line control: two stop bits (one and a half with five data bits).
pub const LCR_TWO_STOP_BITS: u8 = 0x04;
/// Line control: a parity bit follows the data bits.
pub const LCR_PARITY: u8 = 0x08;
/// Line control: registers 0 and 1 are the divisor latch.
pub const LCR_DLAB: u8 = 0x80;

/// Modem control: data terminal ready.
pub const MCR_DTR: u8 = 0x01;
/// Modem control: request to send.
pub const MCR_RTS: u8 = 0x02;
/// Modem control: output 1.
pub const MCR_OUT1: u8 = 0x04;
/// Modem control: output 2, which lets the interrupt through on PC boards.
pub const MCR_OUT2: u8 = 0x08;
/// Modem control: loopback.
pub const MCR_LOOPBACK: u8 = 0x10;
/// The bits of the modem control register that exist.
pub(super) const MCR_EXISTING: u8 = 0x1F;

/// Line status: a byte can be read.
pub const LSR_DATA_READY: u8 = 0x01;
/// Line status: a byte has been lost.
pub const LSR_OVERRUN: u8 = 0x02;
/// Line status: the next byte's parity bit was wrong.
pub const LSR_PARITY: u8 = 0x04;
/// Line status: the next byte had no stop bit.
pub const LSR_FRAMING: u8 = 0x08;
/// Line status: the next byte stands for a break.
pub const LSR_BREAK: u8 = 0x10;
/// Line status: the transmit FIFO is empty.
pub const LSR_THRE: u8 = 0x20;
/// Line status: the transmit FIFO and the shift register are empty.
pub const LSR_TEMT: u8 = 0x40;
/// Line status: a byte in the receive FIFO is damaged.
pub const LSR_FIFO_ERROR: u8 = 0x80;
/// The bits that raise a line status interrupt.
pub(super) const LSR_ERRORS: u8 = LSR_OVERRUN | LSR_PARITY | LSR_FRAMING | LSR_BREAK;

/// Modem status: clear to send has changed.
pub const MSR_DELTA_CTS: u8 = 0x01;
/// Modem status: data set ready has changed.
pub const MSR_DELTA_DSR: u8 = 0x02;
/// Modem status: the ring indicator has gone off.
pub const MSR_TRAILING_EDGE_RI: u8 = 0x04;
/// Modem status: data carrier detect has changed.
pub const MSR_DELTA_DCD: u8 = 0x08;
/// Modem status: clear to send.
pub const MSR_CTS: u8 = 0x10;
/// Modem status: data set ready.
pub const MSR_DSR: u8 = 0x20;
/// Modem status: ring indicator.
pub const MSR_RI: u8 = 0x40;
/// Modem status: data carrier detect.
pub const MSR_DCD: u8 = 0x80;
