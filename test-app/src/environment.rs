//! What a report says of where its run was made.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::backend::{Capabilities, Client, PortInfo, Setup, Uart};
use crate::cli::On;

/// Where a run was made. On an emulated PC there is nothing in it that differs between runs with the
/// same options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// This program's version.
    pub version: &'static str,
    /// What was sent to.
    pub output: Option<Port>,
    /// What was received from.
    pub input: Option<Port>,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
}

/// A port that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// What it is made of, for people.
    pub hardware: String,
    /// What Windows tells of it.
    pub capabilities: Option<Capabilities>,
}

/// The machine of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "on", rename_all = "lowercase")]
pub enum Machine {
    /// An emulated PC, in virtual time.
    Emulated {
        /// The kind of UART.
        uart: Uart,
        /// The hardware's variations.
        quirks: Vec<String>,
        /// Who used the port.
        client: Client,
        /// The driver: `linked in`, or the name and the digest of its image.
        driver: String,
    },
    /// Windows' ports, in real time.
    Winmm {
        /// The operating system.
        system: &'static str,
        /// The processor.
        processor: &'static str,
        /// When the run ended, in UTC.
        ended_at: String,
    },
}

impl Environment {
    /// That of a run that is over.
    #[must_use]
    pub fn of(setup: &Setup, on: On) -> Self {
        let machine = match on {
            On::Emulated => Machine::Emulated {
                uart: setup.uart,
                quirks: setup.quirks.clone(),
                client: setup.client,
                driver: setup
                    .driver
                    .as_deref()
                    .map_or_else(|| "linked in".into(), image),
            },
            On::Winmm => Machine::Winmm {
                system: std::env::consts::OS,
                processor: std::env::consts::ARCH,
                ended_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            },
        };
        let port = |port: &PortInfo| Port {
            name: port.name.clone(),
            hardware: port.hardware.clone(),
            // The path of its interface tells which machine it is; figures don't need it.
            capabilities: port.capabilities.clone().map(|capabilities| Capabilities {
                interface: None,
                ..capabilities
            }),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            output: setup.output.as_ref().map(port),
            input: setup.input.as_ref().map(port),
            machine,
        }
    }

    /// What there is to tell, as names and values for people.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        let mut ports = |side, version, port: &Option<Port>| {
            let Some(port) = port else {
                return;
            };
            rows.push((side, format!("{} ({})", port.name, port.hardware)));
            if let Some(capabilities) = &port.capabilities {
                rows.push((version, capabilities.driver_version.clone()));
            }
        };
        ports("output", "output's driver", &self.output);
        ports("input", "input's driver", &self.input);
        match &self.machine {
            Machine::Emulated {
                uart,
                quirks,
                client,
                driver,
            } => {
                rows.push(("machine", "emulated PC, in virtual time".into()));
                rows.push(("UART", uart.to_string()));
                let quirks = if quirks.is_empty() {
                    "none".into()
                } else {
                    quirks.join(", ")
                };
                rows.push(("quirks", quirks));
                rows.push(("client", client.name().into()));
                rows.push(("driver", driver.clone()));
            }
            Machine::Winmm {
                system,
                processor,
                ended_at,
            } => {
                rows.push(("machine", format!("{system} on {processor}, in real time")));
                rows.push(("client", "winmm".into()));
                rows.push(("ended at", ended_at.clone()));
            }
        }
        rows.push(("midiuart-test", self.version.into()));
        rows
    }
}

/// The name of a file without its folders, which would tell the user's name.
#[must_use]
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The name of an image without its folder, and what tells it from others of that name.
fn image(path: &Path) -> String {
    let name = file_name(path);
    match fs::read(path) {
        Ok(bytes) => {
            let digest = Sha256::digest(bytes);
            let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{name}, SHA-256 {}", digits.concat())
        }
        Err(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_without_its_folder() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("midiuart.sys");
        fs::write(&path, "abc").expect("a file");
        // FIPS 180-4's own example.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(image(&path), format!("midiuart.sys, SHA-256 {digest}"));
    }
}
