//! The commands of the tool.

mod both_ways;
mod choose;
mod compare;
mod conformance;
mod consent;
mod driver;
mod driver_report;
mod ks_probe;
mod latency;
mod list;
mod loop_check;
mod monitor;
mod panic;
mod play;
mod repetition;
mod send;
mod soak;
mod status;
mod stress;
mod trial;

use crate::Host;
use crate::cli::Command;
use crate::failure::Failure;

/// Carries out `command`; returns the exit code.
///
/// # Errors
/// Why it could not be carried out.
pub fn run(command: &Command, host: &mut Host<'_>) -> Result<u8, Failure> {
    match command {
        Command::List(options) => list::run(options, host),
        Command::Send(options) => send::run(options, host),
        Command::Monitor(options) => monitor::run(options, host),
        Command::Panic(options) => panic::run(options, host),
        Command::Play(options) => play::run(options, host),
        Command::Conformance(options) => conformance::run(options, host),
        Command::Soak(options) => soak::run(options, host),
        Command::Status(options) => status::run(options, host),
        Command::Driver(options) => driver::run(options, host),
        Command::Stress(options) => stress::run(options, host),
        Command::Latency(options) => latency::run(options, host),
        Command::Compare(options) => compare::run(options, host),
    }
}
