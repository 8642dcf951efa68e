//! The options of `latency`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Machine, PortChoice};

/// Messages of a run that is told nothing else.
const DEFAULT_COUNT: u64 = 1000;

/// More would make raw figures that no program likes to open.
const HIGHEST_COUNT: u64 = 1_000_000;

/// Messages in a second, unless told otherwise.
const DEFAULT_RATE: u32 = 100;

/// The options of `latency`.
#[derive(Debug, Args)]
pub struct Latency {
    /// Which ports.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Messages to measure
    #[arg(long, value_name = "N", default_value_t = DEFAULT_COUNT,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=HIGHEST_COUNT))]
    pub count: u64,
    /// Messages in a second; a MIDI wire carries 1041, and 999 beside a load
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE)]
    pub rate: u32,
    /// Send System Exclusive messages of 32 to 64 bytes beside, which fill half of what the
    /// measured messages leave of the wire
    #[arg(long)]
    pub load: bool,
    /// Write a page with pictures
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Write each message's number, when it was sent and how long it took
    #[arg(long, value_name = "OUT.csv")]
    pub csv: Option<PathBuf>,
    /// Print JSON, with each message's time
    #[arg(long)]
    pub json: bool,
    /// Which machine to measure on.
    #[command(flatten)]
    pub machine: Machine,
}
