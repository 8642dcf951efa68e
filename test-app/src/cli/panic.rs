//! The options of `panic`.

use clap::Args;

use super::PortChoice;

/// The options of `panic`.
#[derive(Debug, Args)]
pub struct Panic {
    /// Which port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Do it on all outputs
    #[arg(long, conflicts_with_all = ["port", "out"])]
    pub all: bool,
    /// Send a note off for each of the 128 notes of each channel, too
    #[arg(long)]
    pub every_note: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `--help` says beyond the options.
pub(super) const AFTER_HELP: &str = "\
Sends on each channel: pedals up (64 and 66 at 0), all notes off (123), all sound off (120), the
bender in the middle; then resets the output as Windows does.

Exit codes: 0 done; 2 usage; 3 a port fails or is in use (with --all, the others are done); 4 no such
port, or several that match";
