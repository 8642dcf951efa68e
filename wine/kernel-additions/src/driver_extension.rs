//! Memory that goes with a driver object. Wine's functions for it are stubs that fail.

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use portcls::status::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS,
};
use portcls::types::{NON_PAGED_POOL_NX, NTSTATUS, PDRIVER_OBJECT, PVOID};

use crate::wine_kernel::ExAllocatePoolWithTag;

const TAG: u32 = u32::from_le_bytes(*b"XDrv");

/// What lies in front of the memory. Never freed: the process ends with its drivers.
#[repr(C, align(16))]
struct Extension {
    driver: PDRIVER_OBJECT,
    identifier: *const c_void,
    next: *const Extension,
}

static NEWEST: AtomicPtr<Extension> = AtomicPtr::new(null_mut());

fn find(driver: PDRIVER_OBJECT, identifier: *const c_void) -> *const Extension {
    // Ordering: what was written to an extension before it was put into the list is seen.
    let mut place: *const Extension = NEWEST.load(Ordering::Acquire);
    // SAFETY: null, or an extension; they stay for ever.
    while let Some(extension) = unsafe { place.as_ref() } {
        if extension.driver == driver && extension.identifier == identifier {
            return place;
        }
        place = extension.next;
    }
    null()
}

/// Gives a driver object memory, all zero. Windows calls no two of these for one driver at once.
///
/// # Safety
/// `memory` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IoAllocateDriverObjectExtension(
    driver: PDRIVER_OBJECT,
    identifier: *const c_void,
    bytes: u32,
    memory: *mut PVOID,
) -> NTSTATUS {
    if !find(driver, identifier).is_null() {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    let bytes = size_of::<Extension>() + bytes as usize;
    // SAFETY: takes numbers only.
    let place = unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, bytes, TAG) };
    if place.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: fresh memory of that size.
    unsafe { place.cast::<u8>().write_bytes(0, bytes) };
    let extension = place.cast::<Extension>();
    let new = Extension {
        driver,
        identifier,
        // Ordering: only compared and shared as it is.
        next: NEWEST.load(Ordering::Acquire),
    };
    // SAFETY: the pool aligns to 16 bytes, and the memory is long enough.
    unsafe { extension.write(new) };
    // Ordering: whoever finds it sees what was written.
    NEWEST.store(extension, Ordering::Release);
    // SAFETY: the caller's promise.
    unsafe { memory.write(extension.wrapping_add(1).cast()) };
    STATUS_SUCCESS
}

/// The memory that a driver object was given; null if none.
#[unsafe(no_mangle)]
pub extern "C" fn IoGetDriverObjectExtension(
    driver: PDRIVER_OBJECT,
    identifier: *const c_void,
) -> PVOID {
    let extension = find(driver, identifier);
    if extension.is_null() {
        return null_mut();
    }
    extension.wrapping_add(1).cast_mut().cast()
}
