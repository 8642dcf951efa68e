//! The kernel functions of the emulated PC, by the names and signatures of `wdk_sys::ntddk`.
//!
//! Each checks the IRQL it is called at, costs a little virtual time, and is a place where
//! interrupts and DPCs may run.

#![allow(
    non_camel_case_types,
    non_snake_case,
    reason = "functions and types keep the names that Windows gives them"
)]

mod block_memory;
mod bug_check;
mod critical_region;
pub(crate) mod dpc;
mod driver_extension;
mod etw;
mod irql;
pub(crate) mod memory;
mod pool;
mod registers;
mod spin_lock;
mod time;
pub(crate) mod timer;
mod types;

pub use block_memory::{memcmp, memcpy, memmove, memset};
pub use bug_check::KeBugCheckEx;
pub use critical_region::{KeEnterCriticalRegion, KeLeaveCriticalRegion};
pub use dpc::{
    KeFlushQueuedDpcs, KeInitializeDpc, KeInsertQueueDpc, KeRemoveQueueDpc, PKDEFERRED_ROUTINE,
};
pub(crate) use driver_extension::EXTENSION_TAG;
pub use driver_extension::{IoAllocateDriverObjectExtension, IoGetDriverObjectExtension};
pub use etw::{
    EVENT_DATA_DESCRIPTOR, EVENT_DESCRIPTOR, EnableFunction, EtwRegister, EtwSetInformation,
    EtwUnregister, EtwWriteTransfer, PETWENABLECALLBACK, REGHANDLE,
};
pub use irql::KeGetCurrentIrql;
pub use memory::{MmMapIoSpaceEx, MmUnmapIoSpace};
pub use pool::{ExAllocatePool2, ExAllocatePoolWithTag, ExFreePoolWithTag};
pub use registers::{READ_PORT_UCHAR, READ_REGISTER_UCHAR, WRITE_PORT_UCHAR, WRITE_REGISTER_UCHAR};
pub use spin_lock::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock,
    KeReleaseSpinLockFromDpcLevel,
};
pub use time::{
    KeDelayExecutionThread, KeQueryInterruptTimePrecise, KeQueryPerformanceCounter,
    KeStallExecutionProcessor,
};
pub use timer::{
    ExAllocateTimer, ExCancelTimer, ExDeleteTimer, ExSetTimer, KeCancelTimer, KeInitializeTimerEx,
    KeSetTimerEx, PEXT_CALLBACK,
};
pub use types::*;
