//! What is there of the driver, and of what stands in its way.

use std::fmt;

use serde::Serialize;

use super::advice::refused;
use super::leftovers::Leftovers;
use super::machine::Machine;
use super::problems;
use super::record::{Record, State, Step};
use super::windows::{Device, Windows};
use super::{HARDWARE_ID, SERVICE};
use crate::failure::{CLEAN, DEVICE_ERROR, Failure, NO_SUCH_PORT};

/// The driver on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The devices that the driver is for.
    pub devices: Vec<DeviceStatus>,
    /// Whether the driver's service is there.
    pub service: bool,
    /// What an installation added, or was about to.
    pub added: Vec<Step>,
    /// Why what an installation wrote down is not all of it.
    pub record_fault: Option<&'static str>,
    /// What is there of the driver, of whichever version and whoever added it.
    pub found: Leftovers,
    /// The machine.
    pub machine: Machine,
}

/// A device, and what its problem means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceStatus {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// What its problem means, and what to do.
    pub explanation: Option<String>,
}

/// Asks Windows.
///
/// # Errors
/// If it does not tell.
pub fn status(windows: &dyn Windows) -> Result<Status, Failure> {
    let told = |error| refused("Windows does not tell about the driver", &error);
    let devices = windows.devices().map_err(told)?;
    let devices = devices.into_iter().map(|device| DeviceStatus {
        explanation: (device.problem != 0).then(|| problems::explain(device.problem)),
        device,
    });
    let record = Record::of(windows).map_err(told)?;
    let machine = windows.machine().map_err(told)?;
    Ok(Status {
        devices: devices.collect(),
        service: windows.has_service(SERVICE).map_err(told)?,
        found: Leftovers::find(&record, machine.is_administrator, windows).map_err(told)?,
        record_fault: if record.is_unreadable {
            Some("can't be read; `driver remove` finds what is there without it")
        } else if record.unknown.is_empty() {
            None
        } else {
            Some("has steps of a newer version of this program; take that one")
        },
        added: record.steps,
        machine,
    })
}

impl Status {
    /// The exit code: all devices run, one has a problem, there is none.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.devices.is_empty() {
            NO_SUCH_PORT
        } else if self.devices.iter().all(|it| it.device.is_started) {
            CLEAN
        } else {
            DEVICE_ERROR
        }
    }

    /// The exit code that says whether nothing is left of any version.
    ///
    /// # Errors
    /// If that can't be seen without administrator rights.
    pub fn nothing_left(&self) -> Result<u8, Failure> {
        self.machine.lets_change()?;
        let is_nothing = self.found.is_nothing() && self.devices.is_empty() && !self.service;
        Ok(if is_nothing { CLEAN } else { DEVICE_ERROR })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.devices.is_empty() {
            writeln!(
                formatter,
                "device            none; `driver install` makes {HARDWARE_ID}"
            )?;
        }
        for DeviceStatus {
            device,
            explanation,
        } in &self.devices
        {
            let state = match explanation {
                Some(explanation) => explanation,
                None if device.is_started => "runs",
                None => "does not run",
            };
            writeln!(formatter, "device            {}: {state}", device.instance)?;
            if let Some(package) = &device.package {
                let version = device.version.as_deref().unwrap_or("unknown version");
                writeln!(formatter, "  driver          {version}, package {package}")?;
            }
        }
        let service = if self.service { SERVICE } else { "none" };
        writeln!(formatter, "service           {service}")?;
        let added = self.added.iter().map(|step| match step.state {
            State::Done => step.what.describe(),
            State::Intended => format!("{} (cut off)", step.what.describe()),
        });
        let added: Vec<_> = added.collect();
        let added = match added.as_slice() {
            [] => "nothing".to_owned(),
            added => added.join(", "),
        };
        writeln!(formatter, "added by install  {added}")?;
        if let Some(fault) = self.record_fault {
            writeln!(formatter, "record            {fault}")?;
        }
        for line in self.found.lines(false) {
            writeln!(formatter, "not by install    {line}")?;
        }
        let machine = &self.machine;
        writeln!(
            formatter,
            "processor         {}",
            machine.architecture.name()
        )?;
        for (name, state) in [
            ("administrator   ", Some(machine.is_administrator)),
            ("test mode       ", machine.test_mode),
            ("Secure Boot     ", machine.secure_boot),
            ("memory integrity", machine.memory_integrity),
            ("BitLocker       ", machine.bitlocker),
        ] {
            let state = match state {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            writeln!(formatter, "{name}  {state}")?;
        }
        Ok(())
    }
}
