//! A deterministic emulated PC that runs Windows portcls MIDI drivers without Windows.

pub mod hardware;
pub mod time;
