//! The command line.

mod compare;
mod conformance;
mod driver_report;
mod ks_probe;
mod latency;
mod machine;
mod monitor;
mod panic;
mod send;
mod soak;
mod status;
mod trial;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::failure::Failure;
pub use compare::Compare;
pub use conformance::Conformance;
pub use driver_report::DriverReport;
pub use ks_probe::KsProbe;
pub use latency::Latency;
pub use machine::{Machine, On, PortChoice};
pub use monitor::Monitor;
pub use panic::Panic;
pub use send::Send;
pub use soak::Soak;
pub use status::Status;
pub use trial::{DriverPrepare, DriverRestart, DriverVerifier, DriverWait};

/// The shortest stress run: a few messages.
const SHORTEST_DURATION: Duration = Duration::from_millis(100);

/// The longest stress run: its virtual time in nanoseconds stays far from 64 bits.
const LONGEST_DURATION: Duration = Duration::from_hours(8766);

/// What `--help` says beyond the options.
const AFTER_HELP: &str = "\
Exit codes:
  0  clean: every byte arrived once, unchanged and in order
  1  data wrong: bytes were lost, duplicated, reordered or corrupted; or the driver crashed
  2  usage: the command line or a file that it names cannot be used
  3  device error: the device failed, --driver names no driver that can be run, or an
     output cannot be written
  4  no such port, or several that match
  5  no loop: nothing that was sent came back

What bad input gets: one line that names the fault and what is accepted, and exit code 2 (4 for a
port that does not exist). Files are read and checked before the first byte is sent. A captured
file is written whole or not at all.

Ctrl-C ends a run early with its table; a second Ctrl-C ends the program at once.";

/// What `--help` says of the driver's commands beyond the options.
const AFTER_DRIVER_HELP: &str = "\
Exit codes:
  0  done; for status: all devices run; with --nothing-left: nothing is left
  2  usage: the command line or the package cannot be used, or this is not Windows
  3  device error: Windows or the device refuses; for status: a device has a problem;
     with --nothing-left: something is left
  4  the driver has no device

What fails is told in one line, with its cause and the next step. An installation shows what it is
about to trust and asks (--yes does not); one that fails takes back what it has done, one that was cut
off is continued by `driver install` or taken back by `driver remove`. A removal removes what an
installation added, and nothing else; what else is left is listed with the command that removes it.";

/// A command line that asks for something.
#[derive(Debug)]
pub enum Parsed {
    /// A command to carry out.
    Command {
        /// The library to use as winmm, if not Windows' own.
        winmm: Option<PathBuf>,
        /// What to do.
        command: Box<Command>,
    },
    /// A text to show: help or the version.
    Help(String),
}

/// Lists MIDI ports, plays files through them, and stresses them.
#[derive(Debug, Parser)]
#[command(
    name = "midiuart-test",
    version,
    after_help = AFTER_HELP,
    subcommand_required = true,
    arg_required_else_help = false,
    disable_help_subcommand = true
)]
struct CommandLine {
    /// Use this library as winmm.dll, such as the one with emulated ports (Windows only)
    #[arg(long, value_name = "PATH")]
    winmm: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the ports
    #[command(after_help = AFTER_HELP)]
    List(List),
    /// Send messages in words or hexadecimal bytes to a Windows port
    #[command(after_help = send::AFTER_HELP)]
    Send(Send),
    /// Show what a Windows port receives
    #[command(after_help = monitor::AFTER_HELP)]
    Monitor(Monitor),
    /// Silence what plays at a Windows port
    #[command(after_help = panic::AFTER_HELP)]
    Panic(Panic),
    /// Play Standard MIDI Files of format 0 or 1 and compare what the wire carried
    #[command(after_help = AFTER_HELP)]
    Play(Play),
    /// Send and receive a seeded mix of everything and compare every byte
    #[command(after_help = AFTER_HELP)]
    Stress(Stress),
    /// Measure how long messages take from the output to the input, through a cable or the loopback
    /// device
    #[command(after_help = AFTER_HELP)]
    Latency(Latency),
    /// Compare the figures of two runs of latency or of stress
    #[command(after_help = AFTER_HELP)]
    Compare(Compare),
    /// Check a Windows port against what Windows' documentation says of ports
    #[command(after_help = AFTER_HELP)]
    Conformance(Conformance),
    /// Send and receive for hours, tell each minute how it goes, and compare every byte
    #[command(after_help = AFTER_HELP)]
    Soak(Soak),
    /// Tell the driver's counters
    #[command(after_help = AFTER_HELP)]
    Status(Status),
    /// Install and remove the Windows driver (on Windows, as administrator)
    #[command(after_help = AFTER_DRIVER_HELP, subcommand_required = true)]
    #[command(arg_required_else_help = false, disable_help_subcommand = true)]
    Driver(Driver),
}

/// The commands of `driver`.
#[derive(Debug, Args)]
pub struct Driver {
    /// What to do with the driver.
    #[command(subcommand)]
    pub command: DriverCommand,
}

/// What to do with the driver.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// Install the driver: certificate, package, the loopback port's device
    #[command(after_help = AFTER_DRIVER_HELP)]
    Install(DriverInstall),
    /// Remove what install added, and say what is left and what is weakened
    #[command(after_help = AFTER_DRIVER_HELP)]
    Remove(DriverRemove),
    /// Tell what is installed, whether it runs, and what stands in its way
    #[command(after_help = AFTER_DRIVER_HELP)]
    Status(DriverStatus),
    /// Read the driver's input by kernel streaming as Windows MIDI Services does, and show what comes
    #[command(after_help = ks_probe::AFTER_HELP)]
    KsProbe(KsProbe),
    /// Collect what is true on this machine into a file for others, without names
    #[command(after_help = driver_report::AFTER_HELP)]
    Report(DriverReport),
    /// Stop the driver's devices and start them again: changed parameters count
    #[command(after_help = trial::AFTER_RESTART_HELP)]
    Restart(DriverRestart),
    /// Prepare Windows for a test: a detailed log of installations, audio services started
    #[command(after_help = trial::AFTER_PREPARE_HELP)]
    Prepare(DriverPrepare),
    /// Wait until winmm lists the driver's port
    #[command(after_help = trial::AFTER_WAIT_HELP)]
    Wait(DriverWait),
    /// Let Driver Verifier check the driver, and ask whether it does
    #[command(after_help = trial::AFTER_VERIFIER_HELP, subcommand_required = true)]
    #[command(arg_required_else_help = false, disable_help_subcommand = true)]
    Verifier(DriverVerifier),
}

/// The options of `driver install`.
#[derive(Debug, Args)]
pub struct DriverInstall {
    /// Folder of the package; else the one that this program lies in
    #[arg(long, value_name = "DIR")]
    pub package: Option<PathBuf>,
    /// Install although test mode is off; the driver runs once it is on
    #[arg(long)]
    pub before_test_mode: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// The options of `driver remove`.
#[derive(Debug, Args)]
pub struct DriverRemove {
    /// Remove test certificates too that install did not add
    #[arg(long)]
    pub certificate: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// The options of `driver status`.
#[derive(Debug, Args)]
pub struct DriverStatus {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// End with exit code 0 only if nothing of any version is left, else with 3 (as administrator)
    #[arg(long)]
    pub nothing_left: bool,
}

/// The options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Whose ports to list.
    #[command(flatten)]
    pub machine: Machine,
    /// Show the paths of device interfaces, too, which tell this machine from others
    #[arg(long)]
    pub interfaces: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `play`.
#[derive(Debug, Args)]
pub struct Play {
    /// Files to play, one after the other
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Write what came over the wire, with its time stamps
    #[arg(long, value_name = "OUT.mid")]
    pub capture: Option<PathBuf>,
    /// Do not play in real time: let virtual time run free, and send to a Windows port as fast as it
    /// takes messages
    #[arg(long)]
    pub fast: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which machine to play on.
    #[command(flatten)]
    pub machine: Machine,
}

/// The options of `stress`.
#[derive(Debug, Args)]
pub struct Stress {
    /// Which port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Traffic to make, as time on the wire: 60s, 5m, 1h 30m; else 15m on an emulated PC, and 1m
    /// where it takes that long
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Write a page with pictures
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which machine to stress.
    #[command(flatten)]
    pub machine: Machine,
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|length| (SHORTEST_DURATION..=LONGEST_DURATION).contains(length))
        .ok_or_else(|| {
            format!(
                "accepted are times such as 60s, 5m or 1h 30m, from {} to {}",
                humantime::format_duration(SHORTEST_DURATION),
                humantime::format_duration(LONGEST_DURATION)
            )
        })
}

/// Understands a command line; the program's name comes first.
///
/// # Errors
/// [`Failure::Usage`], in one line.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    match CommandLine::try_parse_from(arguments) {
        Ok(CommandLine { winmm, command }) => match (winmm, command) {
            (Some(_), Command::Driver(_)) => Err(Failure::Usage(
                "--winmm can't be used with driver commands: they run as administrator and load \
                 Windows' own libraries only"
                    .to_owned(),
            )),
            (winmm, command) => Ok(Parsed::Command {
                winmm,
                command: Box::new(command),
            }),
        },
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Parsed::Help(error.render().to_string()))
        }
        Err(error) => Err(Failure::Usage(one_line(&error))),
    }
}

/// The paragraph in which clap names the fault and what is accepted, without its advice.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph: Vec<_> = text
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(str::trim)
        .collect();
    let paragraph = paragraph.join(" ");
    let fault = paragraph.strip_prefix("error: ").unwrap_or(&paragraph);
    format!("{fault} (see --help)")
}
