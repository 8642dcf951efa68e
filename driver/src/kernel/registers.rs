//! Access to device registers.

use core::ptr::NonNull;

use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES};

use super::ffi;

/// Reads an I/O port. Any IRQL.
#[must_use]
pub fn read_port(port: u16) -> u8 {
    #[cfg(not(feature = "wdk"))]
    // SAFETY: an emulated port.
    return unsafe { ffi::READ_PORT_UCHAR(core::ptr::without_provenance_mut(port.into())) };

    #[cfg(all(feature = "wdk", any(target_arch = "x86", target_arch = "x86_64")))]
    {
        let value: u8;
        // SAFETY: the port is one of the device's own resources, and reading touches no memory.
        unsafe {
            core::arch::asm!(
                "in al, dx", in("dx") port, out("al") value,
                options(nomem, nostack, preserves_flags)
            );
        }
        value
    }

    #[cfg(all(feature = "wdk", not(any(target_arch = "x86", target_arch = "x86_64"))))]
    {
        // There are no I/O ports; the system translates them to memory (see `resources`).
        let _ = port;
        0xFF
    }
}

/// Writes an I/O port. Any IRQL.
pub fn write_port(port: u16, value: u8) {
    #[cfg(not(feature = "wdk"))]
    // SAFETY: an emulated port.
    unsafe {
        ffi::WRITE_PORT_UCHAR(core::ptr::without_provenance_mut(port.into()), value);
    };

    #[cfg(all(feature = "wdk", any(target_arch = "x86", target_arch = "x86_64")))]
    // SAFETY: the port is one of the device's own resources, and writing touches no memory.
    unsafe {
        core::arch::asm!(
            "out dx, al", in("dx") port, in("al") value,
            options(nomem, nostack, preserves_flags)
        );
    }

    #[cfg(all(feature = "wdk", not(any(target_arch = "x86", target_arch = "x86_64"))))]
    let _ = (port, value);
}

/// Registers that are mapped into the kernel's memory. Unmapped when dropped.
pub struct MappedRegisters {
    base: NonNull<u8>,
    length: u8,
}

// SAFETY: the mapping belongs to nobody else.
unsafe impl Send for MappedRegisters {}

impl MappedRegisters {
    /// Maps `length` registers at a physical address that the system gave to the device.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if it can't be mapped.
    pub fn map(address: u64, length: u8) -> Outcome<Self> {
        /// `PAGE_READWRITE | PAGE_NOCACHE`.
        const PROTECTION: u32 = 0x04 | 0x200;
        let address = ffi::LARGE_INTEGER {
            QuadPart: address.cast_signed(),
        };
        // SAFETY: takes numbers only.
        let base = unsafe { ffi::MmMapIoSpaceEx(address, length.into(), PROTECTION) };
        NonNull::new(base.cast())
            .map(|base| Self { base, length })
            .ok_or(STATUS_INSUFFICIENT_RESOURCES)
    }

    fn register(&self, offset: u8) -> *mut u8 {
        // An offset past the end would be a fault of the UART's code; it stays in the mapping.
        let offset = offset.min(self.length.saturating_sub(1));
        self.base.as_ptr().wrapping_add(offset.into())
    }

    /// Reads a register. Any IRQL.
    #[must_use]
    pub fn read(&self, offset: u8) -> u8 {
        let register = self.register(offset);
        #[cfg(not(feature = "wdk"))]
        // SAFETY: inside the mapping.
        return unsafe { ffi::READ_REGISTER_UCHAR(register) };
        #[cfg(feature = "wdk")]
        // SAFETY: inside the mapping, which is device memory.
        return unsafe { register.read_volatile() };
    }

    /// Writes a register. Any IRQL.
    pub fn write(&mut self, offset: u8, value: u8) {
        let register = self.register(offset);
        #[cfg(not(feature = "wdk"))]
        // SAFETY: inside the mapping.
        unsafe {
            ffi::WRITE_REGISTER_UCHAR(register, value);
        };
        #[cfg(feature = "wdk")]
        // SAFETY: inside the mapping, which is device memory.
        unsafe {
            register.write_volatile(value);
        };
    }
}

impl Drop for MappedRegisters {
    fn drop(&mut self) {
        // SAFETY: mapped with this length, and not used any more.
        unsafe { ffi::MmUnmapIoSpace(self.base.as_ptr().cast(), self.length.into()) };
    }
}
