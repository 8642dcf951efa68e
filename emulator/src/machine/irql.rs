//! Interrupt request levels of x64.

/// Interrupt request level.
pub type Irql = u8;

/// Threads run here.
pub const PASSIVE_LEVEL: Irql = 0;
/// Threads run here that can't be interrupted by asynchronous procedure calls.
pub const APC_LEVEL: Irql = 1;
/// DPCs run here; no thread can be switched to.
pub const DISPATCH_LEVEL: Irql = 2;
/// The lowest level of a device's interrupt.
pub const LOWEST_DEVICE_LEVEL: Irql = 3;
/// The level at which the emulated PC's devices interrupt.
pub const DEVICE_LEVEL: Irql = 8;
/// Everything is masked.
pub const HIGH_LEVEL: Irql = 15;
