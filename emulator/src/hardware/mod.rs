//! The devices that can be plugged into the emulated PC, and the MIDI wire.

pub mod chip;
mod interrupt_line;
pub mod losses;
pub mod mpu401;
pub mod ns16550;
pub mod quirk;
mod transmitter;
pub mod wire;
