//! What Wine's kernel has.

use core::ffi::{CStr, c_char};

use portcls::types::{NTSTATUS, OBJECT_ATTRIBUTES, POOL_TYPE, PVOID};

/// `SynchronizationEvent`: lets one thread go on and is reset by that.
pub const SYNCHRONIZATION_EVENT: i32 = 1;

/// A `KEVENT`; its contents are Wine's.
#[repr(C, align(8))]
pub struct KernelEvent([u8; 24]);

impl KernelEvent {
    /// Room for an event.
    pub const fn room() -> Self {
        Self([0; 24])
    }
}

/// The start of a thread.
pub type ThreadStart = unsafe extern "C" fn(context: PVOID);

#[link(name = "winekernel.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    pub fn DbgPrint(format: *const c_char, ...) -> NTSTATUS;
    pub fn ExAllocatePoolWithTag(pool: POOL_TYPE, bytes: usize, tag: u32) -> PVOID;
    pub fn ExFreePoolWithTag(memory: PVOID, tag: u32);
    pub fn KeBugCheckEx(code: u32, a: usize, b: usize, c: usize, d: usize) -> !;
    pub fn KeInitializeEvent(event: *mut KernelEvent, kind: i32, signalled: u8);
    pub fn KeSetEvent(event: *mut KernelEvent, increment: i32, wait: u8) -> i32;
    pub fn KeWaitForSingleObject(
        object: *mut KernelEvent,
        reason: i32,
        mode: i8,
        alertable: u8,
        timeout: *const i64,
    ) -> NTSTATUS;
    pub fn MmMapIoSpace(address: i64, bytes: usize, cache: i32) -> PVOID;
    pub fn PsCreateSystemThread(
        handle: *mut PVOID,
        access: u32,
        attributes: *mut OBJECT_ATTRIBUTES,
        process: PVOID,
        client: PVOID,
        start: ThreadStart,
        context: PVOID,
    ) -> NTSTATUS;
    pub fn ZwClose(handle: PVOID) -> NTSTATUS;
    pub fn ZwWaitForSingleObject(handle: PVOID, alertable: u8, timeout: *const i64) -> NTSTATUS;
}

#[link(name = "hal.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    pub fn KeQueryPerformanceCounter(frequency: *mut i64) -> i64;
}

/// Says in Wine's log what happened.
pub fn say(what: &CStr) {
    // SAFETY: both end with a zero. There is nobody to tell if it fails.
    unsafe { DbgPrint(c"kernel-additions: %s\n".as_ptr(), what.as_ptr()) };
}
