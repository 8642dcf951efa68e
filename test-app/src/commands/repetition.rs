//! The command that repeats a run, from the options of this one.

use crate::cli::{Machine, On, PortChoice};
use crate::failure::Failure;
use crate::repetition::Repetition;

/// Adds the options that choose a machine.
pub fn machine(repetition: Repetition, machine: &Machine) -> Repetition {
    if machine.on() == Ok(On::Winmm) {
        let repetition = repetition.option("--on", &"winmm");
        return repetition.option("--seed", &machine.seed);
    }
    let mut repetition = repetition.option("--uart", &machine.uart.unwrap_or_default());
    for quirk in &machine.quirks {
        repetition = repetition.option("--quirk", quirk);
    }
    repetition = repetition
        .option("--seed", &machine.seed)
        .option("--client", &machine.client.unwrap_or_default().name());
    match &machine.driver {
        Some(driver) => repetition.file("--driver", driver),
        None => repetition,
    }
}

/// Adds the options that choose ports.
pub fn ports(repetition: Repetition, choice: &PortChoice) -> Repetition {
    let given = [
        ("--port", &choice.port),
        ("--out", &choice.out),
        ("--in", &choice.input),
    ];
    given
        .into_iter()
        .fold(repetition, |repetition, (option, port)| match port {
            Some(port) => repetition.option(option, port),
            None => repetition,
        })
}

/// A length of time as options take it.
pub fn time(time: std::time::Duration) -> String {
    let text = humantime::format_duration(time).to_string();
    text.replace(' ', "")
}

/// Adds to a failure in the middle of a run how to repeat it.
pub fn with(failure: Failure, seed: u64, repeat_with: &Repetition) -> Failure {
    match failure {
        Failure::Device(text) => {
            Failure::Device(format!("{text}; seed {seed}; repeat with: {repeat_with}"))
        }
        Failure::Crash(text) => Failure::Crash(format!("{text}\nrepeat with: {repeat_with}")),
        other => other,
    }
}
