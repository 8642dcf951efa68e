//! Safe wrappers over the few kernel services that the driver uses.
//!
//! On Windows they call `wdk_sys::ntddk`; elsewhere the functions of the same names come from the
//! emulated PC. `ffi` is the only place that knows which.
//!
//! What runs at `PASSIVE_LEVEL` only and takes no part in power changes lies in the image's section
//! `PAGE`, which Windows may page out; it is marked where it is called from resident code, and what is
//! inlined there goes with it. Whatever is done under a spin lock is never inlined
//! ([`spin_lock::SpinLock::with`]), so it stays resident.

pub mod clock;
pub mod critical_region;
pub mod driver_object;
pub mod event_provider;
mod ffi;
pub mod pool;
pub mod portclass;
pub mod registers;
pub mod requests;
pub mod spin_lock;
pub mod timer;
