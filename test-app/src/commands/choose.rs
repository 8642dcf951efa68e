//! Checks what the user chose against what the backend has.

use crate::backend::{Backend, PortInfo, Setup};
use crate::cli::Machine;
use crate::failure::Failure;

/// The machine that the user chose, without a port yet.
///
/// # Errors
/// [`Failure::Usage`] with the accepted names for a quirk that the UART cannot have.
pub fn machine(machine: &Machine, backend: &dyn Backend) -> Result<Setup, Failure> {
    let accepted = backend.quirks(machine.uart);
    match machine
        .quirks
        .iter()
        .find(|quirk| !accepted.contains(&quirk.as_str()))
    {
        None => Ok(machine.setup()),
        Some(unknown) => {
            let accepted = if accepted.is_empty() {
                "none".into()
            } else {
                accepted.join(", ")
            };
            Err(Failure::Usage(format!(
                "unknown quirk '{unknown}'; accepted with --uart {}: {accepted}",
                machine.uart.name()
            )))
        }
    }
}

/// Chooses the port `name`, or the first that has an output, for `setup`.
///
/// # Errors
/// [`Failure::NoSuchPort`] with the names that there are.
pub fn port(setup: Setup, name: Option<&str>, backend: &dyn Backend) -> Result<Setup, Failure> {
    let ports = backend.ports(&setup)?;
    let chosen = |port: &&PortInfo| port.output && name.is_none_or(|name| name == port.name);
    if let Some(port) = ports.iter().find(chosen) {
        return Ok(Setup {
            port: port.name.clone(),
            ..setup
        });
    }
    let there_are: Vec<_> = ports
        .iter()
        .filter(|port| port.output)
        .map(|port| format!("'{}'", port.name))
        .collect();
    let there_are = if there_are.is_empty() {
        "none".into()
    } else {
        there_are.join(", ")
    };
    Err(Failure::NoSuchPort(match name {
        Some(name) => format!("no output port '{name}'; there are: {there_are}"),
        None => format!("no output port; there are: {there_are}"),
    }))
}
