//! Mapping of device registers.

use super::{LARGE_INTEGER, PVOID, ULONG};
use crate::machine::current;
use crate::machine::irql::DISPATCH_LEVEL;

/// Mapped registers appear at their physical address plus this, where no host memory can be.
pub(super) const MAPPED_REGISTERS: usize = 1 << 47;

/// The physical address of a mapped register.
pub(crate) fn mapped_register(address: usize) -> Option<u64> {
    let physical = address.checked_sub(MAPPED_REGISTERS)?;
    (physical < MAPPED_REGISTERS).then_some(physical as u64)
}

portcls::system_abi! {
    /// Maps device registers. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC; the result can only be given to
    /// `READ_REGISTER_UCHAR` and its like.
    pub unsafe fn MmMapIoSpaceEx(address: LARGE_INTEGER, _bytes: usize, _protect: ULONG) -> PVOID {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "MmMapIoSpaceEx", "IrqlMmApcLte");
        // SAFETY: any bits are a number.
        let address = unsafe { address.QuadPart };
        match usize::try_from(address) {
            Ok(address) if address < MAPPED_REGISTERS => {
                machine.mappings.set(machine.mappings.get() + 1);
                std::ptr::without_provenance_mut(MAPPED_REGISTERS + address)
            }
            _ => std::ptr::null_mut(),
        }
    }

    /// Takes a mapping back. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `address` came from `MmMapIoSpaceEx` and is not used any more.
    pub unsafe fn MmUnmapIoSpace(_address: PVOID, _bytes: usize) {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "MmUnmapIoSpace", "IrqlMmApcLte");
        machine.mappings.set(machine.mappings.get() - 1);
    }
}
