//! Callbacks that only Windows has: events, threads' and windows' messages.

#[cfg(windows)]
#[path = "host_callbacks/windows.rs"]
mod on_this_host;

#[cfg(not(windows))]
#[path = "host_callbacks/elsewhere.rs"]
mod on_this_host;

pub use on_this_host::{event, thread, window};
