//! The midiuart driver: everything but the image.
//!
//! A miniport for the MIDI port of Windows' audio port class. [`adapter`] knows the order of life;
//! [`miniport`] and [`stream`] are the COM objects; [`device`] is one UART with its rings;
//! [`transmitter`], [`receiver`] and [`uart`] are pure and hold all policy; [`kernel`] wraps the few
//! kernel services that are used.
//!
//! The driver is a wire: nothing in it reads, changes, drops or adds a MIDI byte.
#![no_std]

#[cfg(not(any(feature = "wdk", feature = "emulated")))]
compile_error!("choose a kernel: feature `wdk` (Windows) or `emulated` (an emulated PC)");

pub mod adapter;
/// Where the lock-free parts have their atomics from; tests of interleavings bring others.
mod atomic {
    pub use core::sync::atomic::{
        AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering,
    };
}
pub mod bus;
mod claim;
pub mod counters;
pub mod device;
#[cfg(feature = "faults")]
mod faults;
pub mod filter;
mod gate;
pub mod kernel;
#[cfg(not(feature = "wdk"))]
pub mod linked_in;
pub mod miniport;
pub mod parameters;
pub mod properties;
pub mod receiver;
pub mod resources;
pub mod ring;
mod set_once;
pub mod stream;
pub mod tracing;
pub mod transmitter;
pub mod uart;
