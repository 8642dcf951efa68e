//! What tests can do to the ports. On Windows it is not exported: `EMULATED_PORTS` says it there.

use crate::ports;

/// Decides which ports the process has, in the words of `EMULATED_PORTS`, which does not count then.
///
/// # Errors
/// What is wrong with the list, or that ports have been asked for already.
pub fn set_ports(list: &str) -> Result<(), String> {
    ports::configure(list)
}

/// Pulls the device of a port out, while programs use it; returns when its driver has been told. The
/// port is counted as in `set_ports`, whatever else has vanished. Returns whether it was there.
#[must_use]
pub fn pull_out(position: usize) -> bool {
    let port = ports::all().get(position);
    port.is_some_and(|port| port.pull_out().is_ok())
}

/// Has the chip of a port take no byte any more; a port in software has none, and nothing happens.
/// Returns whether the device was there.
#[must_use]
pub fn break_chip(position: usize) -> bool {
    let port = ports::all().get(position);
    port.is_some_and(|port| port.break_chip().is_ok())
}
