//! Checks what the user chose against what there is.

use crate::Host;
use crate::backend::{Backend, PortInfo, Setup};
use crate::cli::{Machine, On, PortChoice};
use crate::failure::Failure;

/// The backend that has the machine that the user chose, and the machine, without ports yet.
///
/// # Errors
/// [`Failure::Usage`] for options that exclude each other, and with the accepted names for a quirk
/// that the UART cannot have.
pub fn machine<'h>(
    machine: &Machine,
    host: &Host<'h>,
) -> Result<(&'h dyn Backend, Setup), Failure> {
    let backend = match machine.on()? {
        On::Emulated => host.emulated,
        On::Winmm => host.winmm,
    };
    let setup = machine.setup();
    let accepted = backend.quirks(setup.uart);
    match setup
        .quirks
        .iter()
        .find(|quirk| !accepted.contains(&quirk.as_str()))
    {
        None => Ok((backend, setup)),
        Some(unknown) => {
            let accepted = if accepted.is_empty() {
                "none".into()
            } else {
                accepted.join(", ")
            };
            Err(Failure::Usage(format!(
                "unknown quirk '{unknown}'; accepted with --uart {}: {accepted}",
                setup.uart
            )))
        }
    }
}

/// What a command does with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It sends, and listens to the port's own input if it has one.
    Send,
    /// It listens.
    Listen,
    /// It sends, and what it sends comes back.
    Loop,
}

/// Chooses ports for `setup`.
///
/// # Errors
/// [`Failure::NoSuchPort`] with the names that there are.
pub fn ports(
    setup: Setup,
    choice: &PortChoice,
    used_to: Use,
    backend: &dyn Backend,
) -> Result<Setup, Failure> {
    let ports = backend.ports(&setup)?;
    let wanted_output = choice.out.as_ref().or(choice.port.as_ref());
    let wanted_input = choice.input.as_ref().or(choice.port.as_ref());
    let output = match wanted_output {
        _ if used_to == Use::Listen => None,
        Some(wanted) => Some(find(wanted, &ports.outputs, "output")?),
        None => {
            // One that can hear itself, if there is one.
            let with_input = |port: &&PortInfo| named(&port.name, &ports.inputs).is_some();
            let found = ports.outputs.iter().find(with_input);
            let found = found.or(ports.outputs.first());
            Some(found.ok_or_else(|| none("output", None, &ports.outputs))?)
        }
    };
    let input = match (wanted_input, output) {
        (Some(wanted), _) if used_to != Use::Send || choice.input.is_some() => {
            Some(find(wanted, &ports.inputs, "input")?)
        }
        (_, Some(output)) => named(&output.name, &ports.inputs),
        (_, None) => ports.inputs.first(),
    };
    if input.is_none() && used_to != Use::Send {
        return Err(none("input", wanted_input, &ports.inputs));
    }
    Ok(Setup {
        output: output.cloned(),
        input: input.cloned(),
        ..setup
    })
}

fn named<'p>(name: &str, ports: &'p [PortInfo]) -> Option<&'p PortInfo> {
    ports.iter().find(|port| port.name == name)
}

/// The port that `wanted` means: by its name, its number, or a part of its name that only it has.
fn find<'p>(wanted: &str, ports: &'p [PortInfo], side: &str) -> Result<&'p PortInfo, Failure> {
    let lower = wanted.to_lowercase();
    let manners: [&dyn Fn(&PortInfo) -> bool; 4] = [
        &|port| port.name == wanted,
        &|port| port.index.to_string() == wanted,
        &|port| port.name.to_lowercase() == lower,
        &|port| !lower.is_empty() && port.name.to_lowercase().contains(&lower),
    ];
    for is_meant in manners {
        let found: Vec<_> = ports.iter().filter(|port| is_meant(port)).collect();
        match found[..] {
            [] => {}
            [port] => return Ok(port),
            _ => {
                return Err(Failure::NoSuchPort(format!(
                    "'{wanted}' means several {side}s, name one by its number: {}",
                    shown(found.into_iter())
                )));
            }
        }
    }
    Err(none(side, Some(&wanted.to_owned()), ports))
}

fn none(side: &str, wanted: Option<&String>, ports: &[PortInfo]) -> Failure {
    let wanted = wanted.map(|wanted| format!(" '{wanted}'"));
    let there_are = if ports.is_empty() {
        "none".into()
    } else {
        shown(ports.iter())
    };
    Failure::NoSuchPort(format!(
        "no {side} port{}; there are: {there_are}",
        wanted.unwrap_or_default()
    ))
}

fn shown<'p>(ports: impl Iterator<Item = &'p PortInfo>) -> String {
    let names: Vec<_> = ports
        .map(|port| format!("{} '{}'", port.index, port.name))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(names: &[&str]) -> Vec<PortInfo> {
        let numbered = (0..).zip(names);
        numbered
            .map(|(index, name)| PortInfo {
                index,
                name: (*name).to_owned(),
                ..PortInfo::default()
            })
            .collect()
    }

    fn found(wanted: &str, names: &[&str]) -> Result<u32, String> {
        find(wanted, &ports(names), "output")
            .map(|port| port.index)
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_more_exact_meaning_counts() {
        let names = ["Synth 1", "synth", "1", "Keys"];
        assert_eq!(found("Synth 1", &names), Ok(0));
        assert_eq!(found("synth", &names), Ok(1));
        assert_eq!(found("1", &names), Ok(2));
        assert_eq!(found("0", &names), Ok(0));
        assert_eq!(found("SYNTH", &names), Ok(1));
        assert_eq!(found("key", &names), Ok(3));
    }

    #[test]
    fn what_means_none_or_several_is_answered_with_what_there_is() {
        let names = ["UART", "UART", "Keys"];
        assert_eq!(
            found("uar", &names),
            Err(
                "'uar' means several outputs, name one by its number: 0 'UART', 1 'UART'"
                    .to_owned()
            )
        );
        assert_eq!(
            found("7", &names),
            Err("no output port '7'; there are: 0 'UART', 1 'UART', 2 'Keys'".to_owned())
        );
        assert_eq!(
            found("", &[]),
            Err("no output port ''; there are: none".to_owned())
        );
    }
}
