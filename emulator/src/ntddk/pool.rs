//! The pool.

use super::{PVOID, ULONG};
use crate::machine::irql::DISPATCH_LEVEL;
use crate::machine::{Machine, current};

/// `POOL_FLAG_UNINITIALIZED`: the memory is not zeroed.
const POOL_FLAG_UNINITIALIZED: u64 = 0x2;

fn allocate(machine: &Machine, bytes: usize, tag: ULONG, function: &str) -> *mut u8 {
    machine.kernel_call();
    machine.require_irql(DISPATCH_LEVEL, function, "IrqlExAllocatePool");
    machine
        .pool
        .borrow_mut()
        .allocate(bytes, tag, machine.config.failing_allocation)
}

portcls::system_abi! {
    /// Allocates memory that is not zeroed, or returns null. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn ExAllocatePoolWithTag(
        _pool: portcls::types::POOL_TYPE,
        bytes: usize,
        tag: ULONG
    ) -> PVOID {
        allocate(&current(), bytes, tag, "ExAllocatePoolWithTag").cast()
    }

    /// Allocates memory, zeroed unless the flags say otherwise, or returns null. At or below
    /// `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn ExAllocatePool2(flags: u64, bytes: usize, tag: ULONG) -> PVOID {
        let memory = allocate(&current(), bytes, tag, "ExAllocatePool2");
        if !memory.is_null() && flags & POOL_FLAG_UNINITIALIZED == 0 {
            // SAFETY: the memory was allocated with that size.
            unsafe { memory.write_bytes(0, bytes) };
        }
        memory.cast()
    }

    /// Frees memory. At or below `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `memory` came from the pool, with this tag, and is not used any more.
    pub unsafe fn ExFreePoolWithTag(memory: PVOID, tag: ULONG) {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "ExFreePoolWithTag", "IrqlExFreePool");
        let outcome = machine.pool.borrow_mut().free(memory.cast(), tag);
        machine.check_pool_fault(outcome);
    }
}
