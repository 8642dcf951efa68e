//! The options of `monitor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::PortChoice;
use crate::midi::decode::Group;

/// The options of `monitor`.
#[derive(Debug, Args)]
pub struct Monitor {
    /// Which port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Show only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub only: Vec<Group>,
    /// Do not show these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub not: Vec<Group>,
    /// Show of channel messages only those of this channel, 1 to 16
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub channel: Option<u8>,
    /// Show System Exclusive messages whole
    #[arg(long)]
    pub full: bool,
    /// Write what is shown: .mid with its times, or the System Exclusive messages as .syx
    #[arg(long, value_name = "FILE.mid|FILE.syx")]
    pub record: Option<PathBuf>,
    /// End after this time: 60s, 5m; else at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = listening_time)]
    pub listen_for: Option<Duration>,
    /// End after so many messages were shown
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Print JSON, a document in each line
    #[arg(long)]
    pub json: bool,
}

/// What `--help` says beyond the options.
pub(super) const AFTER_HELP: &str = "\
A line has two times: seconds since the port was opened, of this program's high-resolution clock when
Windows hands the message over, and the milliseconds that Windows stamps.

Exit codes: 0 ended by Ctrl-C, --for or --count; 2 usage; 3 the port fails, is gone or in use, or the
record cannot be written; 4 no such port, or several that match. A record is written whole or not at
all, after Ctrl-C and when the port is gone, too.";

fn listening_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "accepted are times such as 500ms, 60s or 5m".into())
}
