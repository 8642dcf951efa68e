//! Access to device registers.

use super::memory::MAPPED_REGISTERS;
use crate::machine::bus::Registers;
use crate::machine::current;

/// The register that a mapped address or a port number leads to.
fn mapped(register: *const u8) -> Registers {
    Registers::Memory((register.addr() - MAPPED_REGISTERS) as u64)
}

fn port(register: *const u8) -> Registers {
    // There are 65536 ports, as on a PC.
    Registers::Ports(u16::try_from(register.addr() & 0xFFFF).unwrap_or(0))
}

portcls::system_abi! {
    /// Reads an I/O port. Any IRQL.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn READ_PORT_UCHAR(register: *mut u8) -> u8 {
        current().read_register(port(register))
    }

    /// Writes an I/O port. Any IRQL.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn WRITE_PORT_UCHAR(register: *mut u8, value: u8) {
        current().write_register(port(register), value);
    }

    /// Reads a mapped register. Any IRQL.
    ///
    /// # Safety
    /// `register` came from `MmMapIoSpaceEx`.
    pub unsafe fn READ_REGISTER_UCHAR(register: *mut u8) -> u8 {
        current().read_register(mapped(register))
    }

    /// Writes a mapped register. Any IRQL.
    ///
    /// # Safety
    /// `register` came from `MmMapIoSpaceEx`.
    pub unsafe fn WRITE_REGISTER_UCHAR(register: *mut u8, value: u8) {
        current().write_register(mapped(register), value);
    }
}
