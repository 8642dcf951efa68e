//! A deterministic emulated PC that runs Windows portcls MIDI drivers without Windows.
//!
//! A driver is linked into the program, on any 64-bit host, or is a Windows image for x64, on x86-64
//! Linux.
#![cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(
        dead_code,
        reason = "parts of running images are unused where none can be run"
    )
)]

pub mod clients;
mod config;
mod device;
pub mod hardware;
mod host_memory;
mod image;
mod io;
mod machine;
mod midi_input;
pub mod ntddk;
mod pc;
pub mod portclass;
pub mod time;
pub mod tracing;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod processor;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "processor/elsewhere.rs"]
mod processor;

pub use config::Config;
pub use device::{Device, Hardware, HardwareResource, RegistryValue};
pub use image::{DriverImage, ImageError};
pub use io::driver::{Driver, DriverSource};
pub use io::filter::{Filter, PinInfo};
pub use io::functional_device::FunctionalDevice;
pub use io::pin::Pin;
pub use io::request::{Completion, PinStatistics, RequestId};
pub use machine::activity::{Activity, LongestTimes};
pub use machine::boot::boot;
pub use machine::bus::Registers;
pub use machine::interrupts::Trigger;
pub use machine::irql;
pub use machine::stop::{BugCheck, StackFrame, Stop};
pub use midi_input::{MidiInput, ReadCompletion, StampOrigin};
pub use pc::Pc;
