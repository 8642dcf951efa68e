//! A double of Windows' `winmm.dll`: the MIDI functions, by their names and with their ABI, on ports
//! that are emulated PCs with the midiuart driver.
//!
//! Which ports there are says the environment variable `EMULATED_PORTS`; see the crate's `README.md`.
//! The functions' own documentation is that of `mmeapi.h`; what is said here is what differs.

mod abi;
mod callbacks;
mod capabilities;
mod configuration;
pub mod control;
mod error_texts;
#[cfg(all(windows, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod forwarded;
mod handles;
mod headers;
mod input;
mod output;
mod parser;
mod ports;
mod results;
mod short_message;
mod sounding_notes;
mod stream;

pub use abi::connect::{midiConnect, midiDisconnect};
pub use abi::input::{
    midiInAddBuffer, midiInClose, midiInGetDevCapsA, midiInGetDevCapsW, midiInGetErrorTextA,
    midiInGetErrorTextW, midiInGetID, midiInGetNumDevs, midiInMessage, midiInOpen,
    midiInPrepareHeader, midiInReset, midiInStart, midiInStop, midiInUnprepareHeader,
};
pub use abi::output::{
    midiOutCacheDrumPatches, midiOutCachePatches, midiOutClose, midiOutGetDevCapsA,
    midiOutGetDevCapsW, midiOutGetErrorTextA, midiOutGetErrorTextW, midiOutGetID,
    midiOutGetNumDevs, midiOutGetVolume, midiOutLongMsg, midiOutMessage, midiOutOpen,
    midiOutPrepareHeader, midiOutReset, midiOutSetVolume, midiOutShortMsg, midiOutUnprepareHeader,
};
pub use abi::stream::{
    midiStreamClose, midiStreamOpen, midiStreamOut, midiStreamPause, midiStreamPosition,
    midiStreamProperty, midiStreamRestart, midiStreamStop,
};
