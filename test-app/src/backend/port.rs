//! Ports, as they are listed and chosen.

use serde::Serialize;

/// The ports that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// What can be sent to.
    pub outputs: Vec<PortInfo>,
    /// What can be received from.
    pub inputs: Vec<PortInfo>,
}

/// One direction of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PortInfo {
    /// Its number among those of its direction, from 0.
    pub index: u32,
    /// Its name; several may have the same.
    pub name: String,
    /// What it is made of, for people.
    pub hardware: String,
    /// What Windows tells of it; nothing where it is not Windows that has the port.
    pub capabilities: Option<Capabilities>,
}

/// What Windows tells of a port: `MIDIOUTCAPS` or `MIDIINCAPS`, and where its driver is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// The manufacturer's number.
    pub manufacturer: u16,
    /// The product's number.
    pub product: u16,
    /// The driver's version, `major.minor`.
    pub driver_version: String,
    /// Outputs: what is behind the port, by the name of its `MOD_` constant.
    pub technology: Option<String>,
    /// Outputs of synthesizers: how many voices they have.
    pub voices: Option<u16>,
    /// Outputs of synthesizers: how many notes sound together.
    pub notes: Option<u16>,
    /// Outputs: the channels that it responds to, bit 0 for the first.
    pub channel_mask: Option<u16>,
    /// Optional functions, by the names of their `MIDICAPS_` constants.
    pub supports: Vec<String>,
    /// The path of the device interface, if the driver tells it.
    pub interface: Option<String>,
}
