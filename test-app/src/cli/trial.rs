//! The options of the commands that drive a test of the installed driver.

use std::time::Duration;

use clap::{Args, Subcommand};
use midiuart::parameters::DEFAULT_PORT_NAME;

use super::duration;
use crate::driver::trial::verifier::Action;

/// The most restarts in one run.
const MOST_RESTARTS: i64 = 100_000;

/// What `--help` says of `driver prepare` beyond the options.
pub const AFTER_PREPARE_HELP: &str = "\
Sets setupapi's LogLevel to 0x2000ffff, so that %windir%\\inf\\setupapi.dev.log has every detail, and starts
the services AudioEndpointBuilder and Audiosrv if they do not run. What was there before is remembered in
HKLM\\SOFTWARE\\midiuart-test-prepared, and --undo restores just that.

Exit codes:
  0  done, or nothing to do
  2  usage: nobody was there to be asked (give --yes), the answer was no, or this is not Windows
  3  Windows refuses; what was done is undone";

/// What `--help` says of `driver wait` beyond the options.
pub const AFTER_WAIT_HELP: &str = "\
Exit codes:
  0  winmm lists an output and an input of that name
  2  usage: the command line cannot be used, or this is not Windows
  3  Windows does not tell, or the output cannot be written
  4  they are not there in time: one line says what was seen instead, and what to do";

/// What `--help` says of `driver restart` beyond the options.
pub const AFTER_RESTART_HELP: &str = "\
With --under-load the port vanishes in the middle of a stream and comes back. What was on its way may be
lost; all that came has to be what was sent, once and in order, and after each restart the port has to
carry a short exchange.

Exit codes:
  0  every device came back, and no data was wrong
  1  data wrong: bytes were corrupted, invented or reordered, or the port does not carry data afterwards
  2  usage: the command line cannot be used, or this is not Windows
  3  a device or its port does not come back, or Windows wants to be restarted
  4  the driver has no device, or there is no such port
  5  no loop: nothing came back even before the first restart

Ctrl-C ends it after the restart that is being made.";

/// What `--help` says of `driver verifier` beyond the options.
pub const AFTER_VERIFIER_HELP: &str = "\
on and off change what Windows' own verifier.exe checks, at once and without a restart of Windows, and
print each command line with its output. Turn it on before the driver is loaded. A driver that breaks a
rule stops the machine with a blue screen: that is what it is for.

Exit codes:
  0  done; for query: midiuart.sys is loaded, and checked
  2  usage: nobody was there to be asked (give --yes), the answer was no, or this is not Windows
  3  verifier.exe refuses, or Windows has to be restarted first; for query: not loaded, or not checked";

/// The options of `driver prepare`.
#[derive(Debug, Args)]
pub struct DriverPrepare {
    /// Restore what was there before
    #[arg(long)]
    pub undo: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// The options of `driver wait`.
#[derive(Debug, Args)]
pub struct DriverWait {
    /// Name of the port, or a part of it
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PORT_NAME, value_parser = port)]
    pub port: String,
    /// How long to wait at most
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub limit: Duration,
    /// Restart Windows MIDI Services once after half of the time
    #[arg(long)]
    pub restart_midisrv: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `driver restart`.
#[derive(Debug, Args)]
pub struct DriverRestart {
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MOST_RESTARTS))]
    pub times: u32,
    /// Exchange data on the port meanwhile, and compare it
    #[arg(long)]
    pub under_load: bool,
    /// Name of that port, or a part of it
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PORT_NAME, value_parser = port, requires = "under_load")]
    pub port: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `driver verifier`.
#[derive(Debug, Args)]
pub struct DriverVerifier {
    /// What to do
    #[command(subcommand)]
    pub action: VerifierAction,
}

/// What to do with Driver Verifier.
#[derive(Debug, Subcommand)]
pub enum VerifierAction {
    /// Let Driver Verifier check the driver from its next start on
    #[command(after_help = AFTER_VERIFIER_HELP)]
    On(VerifierChange),
    /// Say whether the driver is loaded and checked
    #[command(after_help = AFTER_VERIFIER_HELP)]
    Query(VerifierQuery),
    /// Let Driver Verifier check it no longer
    #[command(after_help = AFTER_VERIFIER_HELP)]
    Off(VerifierChange),
}

/// The options of what changes something.
#[derive(Debug, Args)]
pub struct VerifierChange {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of what changes nothing.
#[derive(Debug, Args)]
pub struct VerifierQuery {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl VerifierAction {
    /// The action, whether it is not asked about, and whether JSON is printed.
    #[must_use]
    pub const fn parts(&self) -> (Action, bool, bool) {
        match self {
            Self::On(options) => (Action::On, options.yes, options.json),
            Self::Query(options) => (Action::Query, true, options.json),
            Self::Off(options) => (Action::Off, options.yes, options.json),
        }
    }
}

fn port(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("accepted is the name of a port, or a part of it, as `list` shows it".into());
    }
    Ok(text.to_owned())
}
