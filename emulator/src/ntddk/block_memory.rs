//! The functions of C's library that the kernel exports, and compilers call by themselves.

use std::ffi::c_int;

use super::PVOID;

portcls::system_abi! {
    /// Copies memory that does not overlap. Any IRQL.
    ///
    /// # Safety
    /// Both are that many bytes long.
    pub unsafe fn memcpy(to: PVOID, from: PVOID, bytes: usize) -> PVOID {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<u8>().copy_from_nonoverlapping(from.cast(), bytes) };
        to
    }

    /// Copies memory that may overlap. Any IRQL.
    ///
    /// # Safety
    /// Both are that many bytes long.
    pub unsafe fn memmove(to: PVOID, from: PVOID, bytes: usize) -> PVOID {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<u8>().copy_from(from.cast(), bytes) };
        to
    }

    /// Fills memory with a byte. Any IRQL.
    ///
    /// # Safety
    /// It is that many bytes long.
    pub unsafe fn memset(memory: PVOID, value: c_int, bytes: usize) -> PVOID {
        let [byte, ..] = value.to_le_bytes();
        // SAFETY: the caller's promise.
        unsafe { memory.cast::<u8>().write_bytes(byte, bytes) };
        memory
    }

    /// Compares memory: negative, zero or positive. Any IRQL.
    ///
    /// # Safety
    /// Both are that many bytes long.
    pub unsafe fn memcmp(one: PVOID, other: PVOID, bytes: usize) -> c_int {
        // SAFETY: the caller's promise.
        let one = unsafe { std::slice::from_raw_parts(one.cast::<u8>(), bytes) };
        // SAFETY: as above.
        let other = unsafe { std::slice::from_raw_parts(other.cast::<u8>(), bytes) };
        one.cmp(other) as c_int
    }
}
