//! A deterministic emulated PC that runs Windows portcls MIDI drivers without Windows.

mod config;
pub mod hardware;
mod machine;
pub mod ntddk;
mod pc;
pub mod time;

pub use config::Config;
pub use machine::activity::{Activity, LongestTimes};
pub use machine::boot::boot;
pub use machine::irql;
pub use machine::stop::{BugCheck, Stop};
pub use pc::Pc;
