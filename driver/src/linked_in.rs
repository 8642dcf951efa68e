//! The driver's entry point when it is linked into a program with an emulated PC.

use emulated_pc::ntddk::DRIVER_OBJECT;
use portcls::types::{NTSTATUS, UNICODE_STRING};

use crate::adapter;

portcls::system_abi! {
    /// `DriverEntry`, for [`emulated_pc::Pc::load`].
    ///
    /// # Safety
    /// Called by an emulated PC, with what it made.
    pub unsafe fn driver_entry(
        driver: *mut DRIVER_OBJECT,
        registry_path: *const UNICODE_STRING
    ) -> NTSTATUS {
        // SAFETY: the caller's promise.
        unsafe { adapter::driver_entry(driver.cast(), registry_path.cast_mut()) }
    }
}
