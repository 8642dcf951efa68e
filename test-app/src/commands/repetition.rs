//! The command that repeats a run.

use crate::cli::{Machine, On, PortChoice};
use crate::failure::Failure;

/// The options that choose a machine.
pub fn machine(machine: &Machine) -> String {
    let seed = format!(" --seed {}", machine.seed);
    if machine.on() == Ok(On::Winmm) {
        return format!(" --on winmm{seed}");
    }
    let uart = machine.uart.unwrap_or_default();
    let quirks = machine
        .quirks
        .iter()
        .map(|quirk| format!(" --quirk {quirk}"));
    let driver = machine.driver.as_ref();
    let driver = driver.map(|path| format!(" --driver '{}'", path.display()));
    format!(
        " --uart {uart}{}{seed} --client {}{}",
        quirks.collect::<String>(),
        machine.client.unwrap_or_default().name(),
        driver.unwrap_or_default()
    )
}

/// The options that choose ports.
pub fn ports(choice: &PortChoice) -> String {
    let given = [
        ("--port", &choice.port),
        ("--out", &choice.out),
        ("--in", &choice.input),
    ];
    given
        .into_iter()
        .filter_map(|(option, port)| Some(format!(" {option} '{}'", port.as_ref()?)))
        .collect()
}

/// Adds to a failure in the middle of a run how to repeat it.
pub fn with(failure: Failure, seed: u64, repeat_with: &str) -> Failure {
    match failure {
        Failure::Device(text) => {
            Failure::Device(format!("{text}; seed {seed}; repeat with: {repeat_with}"))
        }
        Failure::Crash(text) => Failure::Crash(format!("{text}\nrepeat with: {repeat_with}")),
        other => other,
    }
}
