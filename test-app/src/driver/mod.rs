//! Installing the driver on Windows, and taking it away again.
//!
//! Everything but `system` knows Windows only by the trait [`windows::Windows`], so that each host
//! compiles and tests it.

pub mod advice;
pub mod certificate;
pub mod counters;
pub mod dialog;
#[cfg(test)]
mod fake;
pub mod inf;
pub mod install;
pub mod ks_probe;
pub mod leftovers;
pub mod machine;
pub mod package;
pub mod place;
pub mod problems;
pub mod record;
pub mod remove;
pub mod report;
pub mod restart;
pub mod status;
#[cfg(test)]
mod status_schema_tests;
#[cfg(windows)]
pub mod system;
#[cfg(test)]
mod tests;
pub mod trial;
pub mod upgrade;
pub mod windows;

/// The hardware id of the loopback port's device, which no bus reports.
pub const HARDWARE_ID: &str = r"ROOT\MIDIUART";
/// The driver's service.
pub const SERVICE: &str = "midiuart";

/// The Windows that this program runs on, if it is one.
#[must_use]
pub fn this_windows() -> Option<Box<dyn windows::Windows>> {
    #[cfg(windows)]
    {
        Some(Box::new(system::System))
    }
    #[cfg(not(windows))]
    {
        None
    }
}
