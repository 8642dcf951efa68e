//! Bug checks that drivers raise.

use super::ULONG;
use crate::machine::current;
use crate::machine::stop::BugCheck;

/// What Rust's panic handler for drivers stops the system with: `RPNC`. Its parameters are the name of
/// the source file, the name's length, the line and the column (crate `wdk-panic`).
const RUST_PANIC: ULONG = u32::from_be_bytes(*b"RPNC");

portcls::system_abi! {
    /// Stops the system. Any IRQL.
    ///
    /// # Safety
    /// The parameters fit the code.
    pub unsafe fn KeBugCheckEx(
        code: ULONG,
        first: usize,
        second: usize,
        third: usize,
        fourth: usize
    ) {
        let machine = current();
        let reason = if code == RUST_PANIC && first != 0 {
            let name = std::ptr::with_exposed_provenance::<u8>(first);
            // SAFETY: for this code the caller gives a name and its length.
            let name = unsafe { std::slice::from_raw_parts(name, second) };
            let name = String::from_utf8_lossy(name);
            format!("the driver panicked at {name}:{third}:{fourth}")
        } else {
            format!("the driver stopped the system, {first:#x} {second:#x} {third:#x} {fourth:#x}")
        };
        machine.bug_check(BugCheck::of_driver(code), reason)
    }
}
