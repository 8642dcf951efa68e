//! The image `midiuart.sys`: what a driver needs besides its code. All else is in the library
//! `midiuart`.
#![no_std]

// Its panic handler stops the system with the bug check `RPNC`, the place among its parameters.
extern crate wdk_panic;

use midiuart_driver::adapter;
use wdk_sys::{DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING};

/// The driver takes its memory from the pool by itself and uses no `alloc`, so nothing of this is
/// left in the image. If it were, the import of `ExAllocatePool2`, which Windows 10 1709 lacks,
/// would give it away.
#[global_allocator]
static ALLOCATOR: wdk_alloc::WdkAllocator = wdk_alloc::WdkAllocator;

/// Called by the system when the driver is loaded. `PASSIVE_LEVEL`. It lies in a section that the
/// system throws away afterwards: nothing else calls it, and it is not generic.
///
/// # Safety
/// Only the system calls it, once, with the driver's object and the path of its registry key.
#[unsafe(export_name = "DriverEntry")]
#[unsafe(link_section = "INIT")]
pub unsafe extern "system" fn driver_entry(
    driver: &mut DRIVER_OBJECT,
    registry_path: PCUNICODE_STRING,
) -> NTSTATUS {
    let driver = core::ptr::from_mut(driver).cast();
    // SAFETY: both are what the system gave; the string is not written to.
    unsafe { adapter::driver_entry(driver, registry_path.cast_mut().cast()) }
}
