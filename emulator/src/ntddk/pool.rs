//! The pool.

use super::{PVOID, ULONG};
use crate::host_memory::Protection;
use crate::machine::irql::{APC_LEVEL, DISPATCH_LEVEL};
use crate::machine::{Machine, current};

/// `POOL_FLAG_UNINITIALIZED`: the memory is not zeroed.
const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
/// `POOL_FLAG_PAGED`: the memory is only there below `DISPATCH_LEVEL`.
const POOL_FLAG_PAGED: u64 = 0x100;
/// The bits of a `POOL_TYPE` that tell the kind.
const BASE_POOL_TYPE_MASK: portcls::types::POOL_TYPE = 1;
/// `PagedPool`.
const PAGED_POOL: portcls::types::POOL_TYPE = 1;

fn allocate(machine: &Machine, bytes: usize, tag: ULONG, paged: bool, function: &str) -> *mut u8 {
    machine.kernel_call();
    let most = if paged { APC_LEVEL } else { DISPATCH_LEVEL };
    machine.require_irql(most, function, "IrqlExAllocatePool");
    let failing = machine.config.failing_allocation;
    let memory = machine.pool.borrow_mut().allocate(bytes, tag, failing);
    if paged && let Some(whole) = machine.pool.borrow().pages_of(memory.addr()) {
        machine.paging.add(whole, Protection::READ_WRITE);
    }
    memory
}

portcls::system_abi! {
    /// Allocates memory that is not zeroed, or returns null. At or below `DISPATCH_LEVEL`, and at or
    /// below `APC_LEVEL` if it is to be paged.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn ExAllocatePoolWithTag(
        pool: portcls::types::POOL_TYPE,
        bytes: usize,
        tag: ULONG
    ) -> PVOID {
        let paged = pool & BASE_POOL_TYPE_MASK == PAGED_POOL;
        allocate(&current(), bytes, tag, paged, "ExAllocatePoolWithTag").cast()
    }

    /// Allocates memory, zeroed unless the flags say otherwise, or returns null. At or below
    /// `DISPATCH_LEVEL`, and at or below `APC_LEVEL` if it is to be paged.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn ExAllocatePool2(flags: u64, bytes: usize, tag: ULONG) -> PVOID {
        let paged = flags & POOL_FLAG_PAGED != 0;
        let memory = allocate(&current(), bytes, tag, paged, "ExAllocatePool2");
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
        let paged = machine.paging.contains(memory.addr());
        let most = if paged { APC_LEVEL } else { DISPATCH_LEVEL };
        machine.require_irql(most, "ExFreePoolWithTag", "IrqlExFreePool");
        if let Some(pages) = machine.pool.borrow().pages_of(memory.addr()) {
            machine.paging.remove(&pages);
        }
        let outcome = machine.pool.borrow_mut().free(memory.addr(), tag);
        machine.check_pool_fault(outcome);
    }
}
