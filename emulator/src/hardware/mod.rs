//! The devices that can be plugged into the emulated PC, and the MIDI wire.

pub mod chip;
