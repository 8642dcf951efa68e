//! The options of `driver report`.

use std::path::PathBuf;

use clap::Args;

/// What `--help` says beyond the options.
pub const AFTER_HELP: &str = "\
Collects what is true on this machine: Windows' build, test mode, the state of the devices, the port as
winmm lists it, the driver's counters, entries of event logs and of setupapi.dev.log that concern the
driver, Driver Verifier's state, and names and dates of crash dumps. Names of users, computers and
domains, profile folders, e-mail addresses, SIDs, GUIDs, MAC and IP addresses are removed. Before the
file is written, the command shows what is in it and asks. Nothing is sent anywhere.

Exit codes:
  0  done: the report is written, whatever it says; or the answer was no
  2  usage: the command line, OUT.zip or a file of --add cannot be used, there is no console to ask
     at and --yes is missing, or this is not Windows
  3  the report cannot be written, or a name could not be removed; nothing is written then";

/// The options of `driver report`.
#[derive(Debug, Args)]
pub struct DriverReport {
    /// File to write
    #[arg(value_name = "OUT.zip")]
    pub output: PathBuf,
    /// Write without asking
    #[arg(long)]
    pub yes: bool,
    /// Add what a command printed with --json: of conformance, stress, latency, soak, driver ks-probe …;
    /// may be repeated
    #[arg(long, value_name = "FILE")]
    pub add: Vec<PathBuf>,
}
