//! Event tracing: providers register, and nobody listens.

use portcls::status::STATUS_SUCCESS;
use portcls::types::{GUID, NTSTATUS, PVOID};

use crate::wine_kernel::say;

/// What stands for every provider.
const HANDLE: u64 = 1;

/// Registers a provider.
///
/// # Safety
/// `handle` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EtwRegister(
    _provider: *const GUID,
    _callback: PVOID,
    _context: PVOID,
    handle: *mut u64,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe { handle.write(HANDLE) };
    say(c"EtwRegister");
    STATUS_SUCCESS
}

/// Says something about a provider, such as its traits.
#[unsafe(no_mangle)]
pub extern "C" fn EtwSetInformation(
    _handle: u64,
    _class: i32,
    _information: PVOID,
    _length: u32,
) -> NTSTATUS {
    STATUS_SUCCESS
}

/// Writes an event.
#[unsafe(no_mangle)]
pub extern "C" fn EtwWriteTransfer(
    _handle: u64,
    _event: PVOID,
    _activity: *const GUID,
    _related: *const GUID,
    _fields: u32,
    _data: PVOID,
) -> NTSTATUS {
    STATUS_SUCCESS
}

/// Takes a provider back.
#[unsafe(no_mangle)]
pub extern "C" fn EtwUnregister(_handle: u64) -> NTSTATUS {
    say(c"EtwUnregister");
    STATUS_SUCCESS
}
