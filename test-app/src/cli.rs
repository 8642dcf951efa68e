//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::backend::{Client, Setup, Uart};
use crate::failure::Failure;

/// The seed of runs that name none: every run can be repeated.
const DEFAULT_SEED: u64 = 1;

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
  0  done; for status: all devices run
  2  usage: the command line or the package cannot be used, or this is not Windows
  3  device error: Windows or the device refuses; for status: a device has a problem
  4  the driver has no device

What fails is told in one line, with its cause and the next step. An installation that fails takes
back what it has done. A removal takes away what an installation added, and nothing else: what was
there before, or was added by other programs, stays.";

/// A command line that asks for something.
#[derive(Debug)]
pub enum Parsed {
    /// A command to carry out.
    Command(Command),
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
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the ports
    #[command(after_help = AFTER_HELP)]
    List(List),
    /// Play Standard MIDI Files of format 0 or 1 and compare what the wire carried
    #[command(after_help = AFTER_HELP)]
    Play(Play),
    /// Send and receive a seeded mix of everything and compare every byte
    #[command(after_help = AFTER_HELP)]
    Stress(Stress),
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
    /// Remove what install added
    #[command(after_help = AFTER_DRIVER_HELP)]
    Remove,
    /// Tell what is installed, whether it runs, and what stands in its way
    #[command(after_help = AFTER_DRIVER_HELP)]
    Status(DriverStatus),
    /// Stop the driver's devices and start them again: changed parameters count
    #[command(after_help = AFTER_DRIVER_HELP)]
    Restart,
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
}

/// The options of `driver status`.
#[derive(Debug, Args)]
pub struct DriverStatus {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Whose ports to list.
    #[command(flatten)]
    pub machine: Machine,
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
    /// Let virtual time run free instead of in real time
    #[arg(long)]
    pub fast: bool,
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
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which machine to stress.
    #[command(flatten)]
    pub machine: Machine,
}

/// Which ports to use.
#[derive(Clone, Debug, Default, Args)]
pub struct PortChoice {
    /// Port to use, by its number, its name or a part of it, as `list` shows them; else the first
    /// that has an output and an input
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// Output to use, if it is another port's
    #[arg(long, value_name = "PORT")]
    pub out: Option<String>,
    /// Input to use, if it is another port's
    #[arg(long = "in", value_name = "PORT")]
    pub input: Option<String>,
}

/// Whose ports are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// An emulated PC's, in virtual time
    Emulated,
    /// Windows', in real time; not on Windows: those that this program's own winmm has, which are
    /// emulated PCs in real time (see `EMULATED_PORTS`)
    Winmm,
}

/// The options that say whose ports are used, and describe the emulated PC.
#[derive(Clone, Debug, Args)]
pub struct Machine {
    /// Whose ports to use; else Windows', or an emulated PC's if this is not Windows or an option
    /// of it is given
    #[arg(long, value_enum)]
    pub on: Option<On>,
    /// UART behind the port of the emulated PC: mpu401, 16550 or software
    #[arg(long, value_name = "UART", value_parser = uart(), hide_possible_values = true)]
    pub uart: Option<Uart>,
    /// Variation of the hardware; may be given more than once; an unknown name is
    /// answered with those that the UART can have
    #[arg(long = "quirk", value_name = "NAME")]
    pub quirks: Vec<String>,
    /// Windows image of the driver to run; else the driver that is linked in
    #[arg(long, value_name = "FILE.sys")]
    pub driver: Option<PathBuf>,
    /// Number from which everything left to chance is drawn
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED, value_parser = seed)]
    pub seed: u64,
    /// Windows component that uses the port of the emulated PC
    #[arg(long, value_enum)]
    pub client: Option<Client>,
}

impl Machine {
    /// Whose ports are used.
    ///
    /// # Errors
    /// [`Failure::Usage`] if Windows' are, and an option of the emulated PC is given.
    pub fn on(&self) -> Result<On, Failure> {
        let given = [
            ("--uart", self.uart.is_some()),
            ("--quirk", !self.quirks.is_empty()),
            ("--driver", self.driver.is_some()),
            ("--client", self.client.is_some()),
        ];
        let given = given.into_iter().find(|&(_, given)| given);
        match (self.on, given) {
            (Some(On::Winmm), Some((option, _))) => Err(Failure::Usage(format!(
                "{option} describes an emulated PC; it can't be used with --on winmm"
            ))),
            (Some(on), _) => Ok(on),
            (None, None) if cfg!(windows) => Ok(On::Winmm),
            (None, _) => Ok(On::Emulated),
        }
    }

    /// The machine as the backend wants it, without ports yet.
    #[must_use]
    pub fn setup(&self) -> Setup {
        Setup {
            uart: self.uart.unwrap_or_default(),
            quirks: self.quirks.clone(),
            seed: self.seed,
            client: self.client.unwrap_or_default(),
            driver: self.driver.clone(),
            ..Setup::default()
        }
    }
}

fn uart() -> impl TypedValueParser<Value = Uart> {
    PossibleValuesParser::new(Uart::ALL.map(Uart::name)).try_map(|name| name.parse::<Uart>())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("accepted are whole numbers from 0 to {}", u64::MAX))
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
        Ok(line) => Ok(Parsed::Command(line.command)),
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
