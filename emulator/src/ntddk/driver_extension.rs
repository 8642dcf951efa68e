//! Memory that a driver has for itself as a whole.

use portcls::status::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS,
};

use super::{DRIVER_OBJECT, NTSTATUS, PVOID, ULONG};
use crate::machine::current;
use crate::machine::irql::DISPATCH_LEVEL;

/// Under this tag the memory counts as the driver's until its object goes.
pub(crate) const EXTENSION_TAG: ULONG = ULONG::from_le_bytes(*b"DrvE");

portcls::system_abi! {
    /// Allocates memory of zeros that lives as long as the driver's object, under an identification. At
    /// or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `driver` is a driver's object; `extension` can be written to.
    pub unsafe fn IoAllocateDriverObjectExtension(
        driver: *mut DRIVER_OBJECT,
        identification: PVOID,
        bytes: ULONG,
        extension: *mut PVOID
    ) -> NTSTATUS {
        const FUNCTION: &str = "IoAllocateDriverObjectExtension";
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, FUNCTION, "IrqlIoDispatchLte");
        // SAFETY: the caller's promise.
        unsafe { extension.write(std::ptr::null_mut()) };
        let key = (driver.addr(), identification.addr());
        if machine.system.driver_extension(key).is_some() {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        let size = bytes as usize;
        let failing = machine.config.failing_allocation;
        let memory = machine.pool.borrow_mut().allocate(size, EXTENSION_TAG, failing);
        if memory.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        // SAFETY: the memory is that long.
        unsafe { memory.write_bytes(0, size) };
        machine.system.add_driver_extension(key, memory);
        // SAFETY: the caller's promise.
        unsafe { extension.write(memory.cast()) };
        STATUS_SUCCESS
    }

    /// The memory of an identification, or null. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `driver` is a driver's object.
    pub unsafe fn IoGetDriverObjectExtension(
        driver: *mut DRIVER_OBJECT,
        identification: PVOID
    ) -> PVOID {
        const FUNCTION: &str = "IoGetDriverObjectExtension";
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, FUNCTION, "IrqlIoDispatchLte");
        let key = (driver.addr(), identification.addr());
        let memory = machine.system.driver_extension(key);
        memory.map_or(std::ptr::null_mut(), <*mut u8>::cast)
    }
}
