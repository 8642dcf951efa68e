//! A deterministic emulated PC that runs Windows portcls MIDI drivers without Windows.
//!
//! A driver is linked into the program, on any 64-bit host, or is a Windows image for x64, on x86-64
//! Linux.
//!
//! # Threads
//! A scenario is the first kernel thread of its PC and starts others with [`Pc::spawn`] or [`Pc::scope`].
//! They are stacks on one thread of the host, so a run is repeatable by its seed, and what a scenario
//! shares between them needs no lock. (On Windows on ARM64 there is no thread but the scenario's.)
//!
//! A thread gives the processor away where it waits: in [`Pc::run_for`] and its relatives, and where
//! the driver calls `KeDelayExecutionThread`, `KeFlushQueuedDpcs` or `ExDeleteTimer`. Virtual time goes
//! on to the next event when all threads wait. A thread that is ready also gets the processor from one
//! that has kept it for 31.25 ms, and at a point that [`beside`] names: a call of the kernel, an access to a
//! register, or a call of the driver by the system, at `PASSIVE_LEVEL` with no spin lock held.
//! Interrupts and DPCs run on the stack of the thread that they interrupt, and no other thread runs
//! before they have returned. [`beside::explore`] tries two requests beside each other at every point.
//!
//! What Windows serialises is serialised, and nothing else:
//!
//! | requests | serialised |
//! |---|---|
//! | Plug and Play, of one device | with each other |
//! | device power that is set, of one device | with each other, also when a client needs it |
//! | device power that is queried | not |
//! | pins opened and closed, states of streams, of one filter | with each other, and with the pausing and resuming of streams for power |
//! | pins opened and states raised | the device is in D0 and stays there meanwhile |
//! | Plug and Play beside power, either beside pins | not |
//! | properties; `IPowerNotify`, `IAdapterPowerManagement` beside pins that are closed or states that are lowered | not |
//! | different devices | not |
//!
//! The sources are beside the locks: `portclass/adapter.rs` and `portclass/port_midi/mod.rs`. A thread that
//! finds a lock taken gives the processor away until it is free.
//!
//! A run ends with `THREAD_STUCK_IN_DEVICE_DRIVER` and the names of the threads if all wait for each other, if
//! one has not come out of the driver for a minute of virtual time, or if one has been waited for
//! in vain for a minute in which no thread ended. A panic of a thread ends the run with that panic.
#![cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(
        dead_code,
        reason = "parts of running images are unused where none can be run"
    )
)]

pub mod beside;
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
mod thread;
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
pub use io::functional_device::{FunctionalDevice, Removal};
pub use io::pin::Pin;
pub use io::request::{Completion, PinStatistics, RequestId};
pub use machine::activity::{Activity, LongestTimes};
pub use machine::boot::boot;
pub use machine::bus::Registers;
pub use machine::deferred::TimerExpiries;
pub use machine::interrupts::{ConnectionCounts, InterruptCounts, Trigger};
pub use machine::irql;
pub use machine::stop::{BugCheck, StackFrame, Stop};
pub use midi_input::{MidiInput, ReadCompletion, StampOrigin};
pub use pc::Pc;
pub use thread::{Scope, Thread};
