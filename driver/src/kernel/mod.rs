//! Safe wrappers over the few kernel services that the driver uses.
//!
//! On Windows they call `wdk_sys::ntddk`; elsewhere the functions of the same names come from the
//! emulated PC. `ffi` is the only place that knows which.

pub mod clock;
mod ffi;
pub mod pool;
pub mod portclass;
pub mod registers;
pub mod requests;
pub mod spin_lock;
pub mod timer;
