//! The driver's counters, and what they mean.

use std::collections::BTreeMap;
use std::fmt;

use midiuart::counters::NAMES;
use serde::Serialize;

use super::advice::refused;
use super::problems;
use super::windows::{Called, Device, Windows};
use crate::failure::Failure;
use crate::table::Table;
use crate::visible;

/// Whether a counter is a sign of trouble when it is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It counts what is usual.
    Usual,
    /// Something went wrong: data or time were lost, or somebody uses the port wrongly.
    Trouble,
}

/// A counter's name, its weight, and what it counts; in the order of the driver.
const MEANINGS: [(&str, Weight, &str); NAMES.len()] = [
    ("bytes_sent", Weight::Usual, "bytes that the UART took"),
    (
        "bytes_received",
        Weight::Usual,
        "bytes that the UART received whole",
    ),
    (
        "partial_writes",
        Weight::Usual,
        "writes of which a part fitted",
    ),
    (
        "busy_writes",
        Weight::Usual,
        "writes that had to wait: all was full",
    ),
    (
        "refused_writes",
        Weight::Trouble,
        "writes in a wrong state or direction",
    ),
    (
        "writes_without_device",
        Weight::Trouble,
        "writes while the device was gone or asleep",
    ),
    (
        "refused_reads",
        Weight::Trouble,
        "reads in a wrong direction",
    ),
    (
        "deaths",
        Weight::Trouble,
        "times that the UART was given up: it took no byte",
    ),
    (
        "bytes_discarded",
        Weight::Trouble,
        "bytes accepted and never sent: given up, or not out before sleep",
    ),
    ("revivals", Weight::Usual, "times that it was set up again"),
    (
        "failed_setups",
        Weight::Trouble,
        "times that it could not be set up",
    ),
    (
        "bytes_unheard",
        Weight::Usual,
        "bytes received while no program listened, or while not set up",
    ),
    (
        "receive_overflows",
        Weight::Trouble,
        "bytes lost: no program took them in time",
    ),
    (
        "overruns",
        Weight::Trouble,
        "bytes lost in the chip: the PC was too slow",
    ),
    (
        "framing_errors",
        Weight::Trouble,
        "bytes without stop bit: cable or baud rate",
    ),
    (
        "parity_errors",
        Weight::Trouble,
        "bytes with wrong parity: cable or line settings",
    ),
    (
        "breaks",
        Weight::Trouble,
        "times that the line was low: nothing connected?",
    ),
    (
        "missing_chip",
        Weight::Trouble,
        "times that no chip answered",
    ),
    ("interrupts", Weight::Usual, "interrupts of this device"),
    (
        "foreign_interrupts",
        Weight::Usual,
        "interrupts of others on the same line",
    ),
    (
        "unfinished_turns",
        Weight::Usual,
        "turns that ended to let others run",
    ),
    (
        "refused_streams",
        Weight::Trouble,
        "opens refused: wrong format, or in use",
    ),
    (
        "parameters_out_of_range",
        Weight::Trouble,
        "registry values that do not count",
    ),
    (
        "causeless_interrupts",
        Weight::Usual,
        "interrupts without cause on a line of its own",
    ),
];

/// The counters of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceCounters {
    /// Windows' name for the device, or what the emulated one is.
    pub device: String,
    /// The counters by name.
    pub counters: BTreeMap<String, u64>,
    /// Those that are not zero and a sign of trouble.
    pub troubles: Vec<&'static str>,
}

impl DeviceCounters {
    /// Judges the counters of `device`.
    #[must_use]
    pub fn new(device: String, counters: BTreeMap<String, u64>) -> Self {
        let is_trouble = |(name, weight, _): &&(&str, Weight, &str)| {
            *weight == Weight::Trouble && counters.get(*name).is_some_and(|value| *value > 0)
        };
        let troubles = MEANINGS.iter().filter(is_trouble);
        Self {
            device,
            troubles: troubles.map(|(name, ..)| *name).collect(),
            counters,
        }
    }

    /// The counters as the driver's property has them: a 32-bit number each.
    #[must_use]
    pub fn of_bytes(device: String, bytes: &[u8]) -> Self {
        let values = bytes
            .chunks_exact(4)
            .map(|four| u64::from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        let names = NAMES.iter().map(|name| (*name).to_owned());
        Self::new(device, names.zip(values).collect())
    }
}

impl fmt::Display for DeviceCounters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let widest = MEANINGS.iter().map(|(_, _, meaning)| meaning.len()).max();
        for (name, _, meaning) in MEANINGS {
            let Some(value) = self.counters.get(name) else {
                continue;
            };
            let mark = if self.troubles.contains(&name) {
                "!"
            } else {
                " "
            };
            let meaning = format!("{meaning:<0$}", widest.unwrap_or(0));
            table.row(name, [format!("{value:>10} {mark} {meaning}")]);
        }
        let lines = table.to_string();
        writeln!(formatter, "{}", visible::line(&self.device))?;
        for line in lines.lines() {
            writeln!(formatter, "{}", line.trim_end())?;
        }
        if self.troubles.is_empty() {
            Ok(())
        } else {
            writeln!(formatter, "! counts trouble: see docs/parameters.md")
        }
    }
}

/// Reads the counters of the devices whose names contain `wanted`; of all of them without.
///
/// # Errors
/// [`Failure::NoSuchPort`] if there is no such device, [`Failure::Device`] if one has a problem or does
/// not answer; with the next step.
pub fn read(windows: &dyn Windows, wanted: Option<&str>) -> Result<Vec<DeviceCounters>, Failure> {
    let told = |error| refused("Windows does not tell about the driver", &error);
    let devices = windows.devices().map_err(told)?;
    if devices.is_empty() {
        return Err(Failure::NoSuchPort(
            "the driver has no device; `midiuart-test driver install` makes one".into(),
        ));
    }
    let lower = wanted.unwrap_or_default().to_lowercase();
    let is_wanted = |device: &&Device| device.instance.to_lowercase().contains(&lower);
    let found: Vec<_> = devices.iter().filter(is_wanted).collect();
    if found.is_empty() {
        let names: Vec<_> = devices.iter().map(|it| it.instance.as_str()).collect();
        return Err(Failure::NoSuchPort(format!(
            "no device '{}'; there are: {}",
            wanted.unwrap_or_default(),
            names.join(", ")
        )));
    }
    found
        .into_iter()
        .map(|device| of_device(windows, device))
        .collect()
}

fn of_device(windows: &dyn Windows, device: &Device) -> Result<DeviceCounters, Failure> {
    let name = &device.instance;
    if !device.is_started {
        let problem = if device.problem == 0 {
            "see `midiuart-test driver status`".to_owned()
        } else {
            problems::explain(device.problem)
        };
        return Err(Failure::Device(format!(
            "the device {name} does not run: {problem}"
        )));
    }
    let bytes: Called<Vec<u8>> = windows.counters(name, 4 * NAMES.len());
    let bytes =
        bytes.map_err(|error| refused(&format!("the counters of {name} can't be read"), &error))?;
    Ok(DeviceCounters::of_bytes(name.clone(), &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::fake::FakeWindows;
    use crate::failure::{DEVICE_ERROR, NO_SUCH_PORT};

    const DEVICE: &str = r"ROOT\MEDIA\0000";

    fn with_device(package: Option<&str>) -> FakeWindows {
        let mut windows = FakeWindows::default();
        let devices = &mut windows.state.devices;
        devices.insert(DEVICE.to_owned(), package.map(str::to_owned));
        windows
    }

    #[test]
    fn each_counter_of_the_driver_has_a_meaning() {
        let names: Vec<&str> = MEANINGS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn values_belong_to_the_names_in_their_order() {
        let bytes: Vec<u8> = (0..23_u32).flat_map(u32::to_le_bytes).collect();
        let read = DeviceCounters::of_bytes("x".to_owned(), &bytes);
        assert_eq!(read.counters["bytes_sent"], 0);
        assert_eq!(read.counters["deaths"], 7);
        assert_eq!(read.counters["parameters_out_of_range"], 22);
        assert!(read.troubles.contains(&"deaths"));
        assert!(!read.troubles.contains(&"busy_writes"));
    }

    #[test]
    fn trouble_is_marked() {
        let counters = [("deaths".to_owned(), 2), ("bytes_sent".to_owned(), 9)];
        let text = DeviceCounters::new("x".to_owned(), counters.into()).to_string();
        let marked: Vec<_> = text.lines().filter(|line| line.contains(" ! ")).collect();
        assert_eq!(marked.len(), 1, "{text}");
        assert!(marked[0].starts_with("deaths"), "{text}");
    }

    #[test]
    fn what_is_in_the_way_is_said_with_the_next_step() {
        let none = read(&FakeWindows::default(), None).expect_err("no device");
        assert_eq!(none.exit_code(), NO_SUCH_PORT);
        assert!(none.to_string().contains("driver install"), "{none}");
        let other = read(&with_device(Some("oem7.inf")), Some("PCI")).expect_err("another device");
        assert_eq!(other.exit_code(), NO_SUCH_PORT);
        assert!(other.to_string().contains(DEVICE), "{other}");
        let mut windows = with_device(Some("oem7.inf"));
        windows.problem = 52;
        let problem = read(&windows, None).expect_err("a problem");
        assert_eq!(problem.exit_code(), DEVICE_ERROR);
        let mut windows = with_device(Some("oem7.inf"));
        windows.broken = Some("counters");
        let refused = read(&windows, None).expect_err("a refusal");
        assert_eq!(refused.exit_code(), DEVICE_ERROR);
        assert!(refused.to_string().contains("administrator"), "{refused}");
        let found = read(&with_device(Some("oem7.inf")), Some("media")).expect("counters");
        assert_eq!(found[0].counters.len(), NAMES.len());
    }
}
