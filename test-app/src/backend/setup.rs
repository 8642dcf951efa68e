//! Which machine a run is made on.

use std::path::PathBuf;

use clap::ValueEnum;
pub use midiuart_pc::Uart;
use serde::Serialize;

use super::PortInfo;

/// The Windows component whose way of using a port is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Windows MIDI Services.
    #[default]
    Midisrv,
    /// The classic system driver.
    Wdmaud,
}

impl Client {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Midisrv => "midisrv",
            Self::Wdmaud => "wdmaud",
        }
    }
}

/// Which machine a run is made on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The kind of UART.
    pub uart: Uart,
    /// Variations of the hardware, by name.
    pub quirks: Vec<String>,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Who uses the port.
    pub client: Client,
    /// The image of the driver; nothing for the one that is linked in.
    pub driver: Option<PathBuf>,
    /// Whether a cable shall lead from the output of an emulated UART to its input.
    pub loop_cable: bool,
    /// What is sent to; nothing while only the ports are asked for, or if nothing is sent.
    pub output: Option<PortInfo>,
    /// What is received from, if anything.
    pub input: Option<PortInfo>,
}

impl Setup {
    /// The name of what is sent to; empty if nothing is sent.
    #[must_use]
    pub fn output_name(&self) -> &str {
        self.output.as_ref().map_or("", |port| &port.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for client in Client::value_variants() {
            assert_eq!(Client::from_str(client.name(), false), Ok(*client));
        }
    }
}
