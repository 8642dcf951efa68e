//! What a report says in `report.json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::evidence::{Dump, Service};
use super::part::State;
use crate::driver::counters::DeviceCounters;
use crate::driver::machine::Machine;
use crate::driver::windows::{Device, Store};

/// What was found out, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Told<T> {
    /// This.
    Known(T),
    /// Nothing; with the reason.
    Missing(String),
}

impl<T> Told<T> {
    /// What was found out.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Missing(_) => None,
        }
    }
}

impl<T, E: ToString> From<Result<T, E>> for Told<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(known) => Self::Known(known),
            Err(error) => Self::Missing(error.to_string()),
        }
    }
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// Always `driver report`.
    pub command: &'static str,
    /// This program's version.
    pub version: &'static str,
    /// When the report was made, in UTC.
    pub made_at: String,
    /// What decides, the most important first.
    pub decisive: Vec<Decisive>,
    /// Windows.
    pub system: OperatingSystem,
    /// What the machine lets be installed.
    pub machine: Told<Machine>,
    /// The session that this program ran in; 0 is that of services.
    pub session: Told<u32>,
    /// What MIDI on Windows consists of.
    pub midi: Midi,
    /// Driver Verifier's settings in the registry.
    pub verifier: Verifier,
    /// The devices that the driver is for.
    pub devices: Told<Vec<DeviceFacts>>,
    /// The counters of each device that runs.
    pub counters: Vec<Counters>,
    /// The ports that winmm lists, as `list --json` prints them.
    pub ports: Told<Value>,
    /// Certificates in the machine's stores with the driver's subject.
    pub certificates: Told<Vec<StoredCertificate>>,
    /// Crash dumps, without their contents.
    pub dumps: Told<Vec<Dump>>,
    /// The other files of the archive.
    pub parts: Vec<PartFacts>,
}

/// A state that decides whether the driver can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decisive {
    /// What it is of.
    pub what: &'static str,
    /// The state.
    pub state: String,
    /// What to do, if there is something to do.
    pub advice: Option<String>,
}

/// A certificate in a store of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredCertificate {
    /// The store.
    pub store: Store,
    /// Its SHA-1 digest.
    pub thumbprint: String,
    /// When it expires, in UTC.
    pub expires: String,
}

/// Windows, as its registry describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperatingSystem {
    /// `ProductName`; that of Windows 11 still says 10.
    pub product: Option<String>,
    /// `EditionID`
    pub edition: Option<String>,
    /// `DisplayVersion`, like `24H2`.
    pub display_version: Option<String>,
    /// `CurrentBuildNumber`
    pub build: Option<String>,
    /// `UBR`: the number behind the build's.
    pub revision: Option<u32>,
    /// `BuildLabEx`
    pub lab: Option<String>,
    /// Name of the first processor.
    pub processor: Option<String>,
    /// How many processors this program may use.
    pub processors: usize,
    /// `ImageOS` of a hosted machine's environment.
    pub image: Option<String>,
    /// `ImageVersion` of it.
    pub image_version: Option<String>,
}

/// What MIDI on Windows consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Midi {
    /// Services by their names; null if there is none of that name.
    pub services: BTreeMap<&'static str, Told<Option<Service>>>,
    /// Values of the key `Drivers32`; null if one is not there.
    pub drivers32: BTreeMap<&'static str, Option<String>>,
}

/// Driver Verifier's settings in the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verifier {
    /// The drivers it is to watch from the next start on.
    pub drivers: Option<String>,
    /// Its flags, in hexadecimal digits.
    pub level: Option<String>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceFacts {
    /// What Windows says of it.
    #[serde(flatten)]
    pub device: Device,
    /// What its problem means, and what to do.
    pub explanation: Option<String>,
}

/// The counters of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// The device.
    pub instance: String,
    /// What the driver returned.
    #[serde(flatten)]
    pub read: Told<ReadCounters>,
}

/// Counters as the driver returned them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadCounters {
    /// The bytes, in hexadecimal digits.
    pub hex: String,
    /// What they mean.
    pub decoded: DeviceCounters,
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartFacts {
    /// Its name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Whether it is whole.
    pub state: State,
    /// Why not, or what was left out.
    pub note: Option<String>,
    /// Its size in bytes.
    pub bytes: usize,
}
