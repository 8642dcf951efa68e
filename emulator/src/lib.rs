//! A deterministic emulated PC that runs Windows portcls MIDI drivers without Windows.

pub mod clients;
mod config;
mod device;
pub mod hardware;
mod io;
mod machine;
pub mod ntddk;
mod pc;
pub mod portclass;
pub mod time;

pub use config::Config;
pub use device::{Device, Hardware, HardwareResource, RegistryValue};
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
pub use machine::stop::{BugCheck, Stop};
pub use pc::Pc;
