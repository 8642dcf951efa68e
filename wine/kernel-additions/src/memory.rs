//! Registers in memory.

use portcls::types::PVOID;

use crate::wine_kernel::MmMapIoSpace;

/// `MmNonCached`.
const NOT_CACHED: i32 = 0;

/// Maps registers. Wine's older function maps nothing, and says so.
#[unsafe(no_mangle)]
pub extern "C" fn MmMapIoSpaceEx(address: i64, bytes: usize, _protection: u32) -> PVOID {
    // SAFETY: takes numbers only.
    unsafe { MmMapIoSpace(address, bytes, NOT_CACHED) }
}
