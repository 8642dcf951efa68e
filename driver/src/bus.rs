//! Register access: x86 I/O ports or mapped memory.

use crate::kernel::registers::{self, MappedRegisters};

/// The registers of a UART, by their offset.
///
/// An access takes about a microsecond on real buses, so routines at raised IRQL count them
/// ([`crate::uart::Budget`]).
pub trait Bus {
    /// Reads a register.
    fn read(&mut self, offset: u8) -> u8;

    /// Writes a register.
    fn write(&mut self, offset: u8, value: u8);
}

/// Registers as the processor reaches them. Any IRQL.
pub enum Registers {
    /// I/O ports from this one on.
    Ports(u16),
    /// Mapped memory.
    Memory(MappedRegisters),
}

impl Bus for Registers {
    fn read(&mut self, offset: u8) -> u8 {
        match self {
            Self::Ports(base) => registers::read_port(base.wrapping_add(u16::from(offset))),
            Self::Memory(mapped) => mapped.read(offset),
        }
    }

    fn write(&mut self, offset: u8, value: u8) {
        match self {
            Self::Ports(base) => registers::write_port(base.wrapping_add(u16::from(offset)), value),
            Self::Memory(mapped) => mapped.write(offset, value),
        }
    }
}
