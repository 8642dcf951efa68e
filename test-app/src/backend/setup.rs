//! Which machine a run is made on.

use std::path::PathBuf;

use clap::ValueEnum;
pub use midiuart_pc::Uart;
use serde::Serialize;

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
    /// The port's name; empty while only the ports are asked for.
    pub port: String,
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
