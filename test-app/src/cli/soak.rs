//! The options of `soak`.

use std::time::Duration;

use clap::Args;

use super::{Machine, PortChoice, duration};

/// The options of `soak`.
#[derive(Debug, Args)]
pub struct Soak {
    /// Which ports.
    #[command(flatten)]
    pub ports: PortChoice,
    /// How long to go on, as time on the wire
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = duration)]
    pub duration: Duration,
    /// How often to tell how it goes; data are compared to the end as often
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub every: Duration,
    /// End as soon as data were wrong
    #[arg(long)]
    pub stop_at_first: bool,
    /// Print JSON, a document on each line; the last is the summary
    #[arg(long)]
    pub json: bool,
    /// Which machine to use.
    #[command(flatten)]
    pub machine: Machine,
}
