//! The options of `driver ks-probe`.

use clap::{Args, ValueEnum};
use emulated_pc::{MidiInput, ReadCompletion, StampOrigin};

use super::{Machine, On, PortChoice};
use crate::driver::ks_probe::Asking;
use crate::failure::Failure;

/// What `--help` says beyond the options.
pub const AFTER_HELP: &str = "\
Opens the driver's input and output by kernel streaming as Windows MIDI Services does, sends a note, a
System Exclusive message and a few messages in a row, and prints each read that completes; then the same
through winmm. The output has to be led back to the input: the loopback port does that by itself. It
takes a few seconds. No other program may have the port open.

Exit codes:
  0  as documented: each read brings a record, and every byte came back
  1  full zeroed frames, or bytes that are missing or changed, or a frame that is not as documented
  2  usage: the command line cannot be used, or this is not Windows
  3  device error: the port is in use, the device is gone, or Windows refuses
  4  the driver has no device, or none of that name
  5  no loop: nothing came back either way";

/// The options of `driver ks-probe`.
#[derive(Debug, Args)]
pub struct KsProbe {
    /// Device to probe, by Windows' name for it or a part of that; else the first that runs
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Which port to read beside it through winmm; else that of the device.
    #[command(flatten)]
    pub ports: PortChoice,
    /// In whose manner to ask for input
    #[arg(long, value_enum, default_value_t)]
    pub like: Asking,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// How reads complete on the emulated PC
    #[arg(long, value_enum)]
    pub reads: Option<Reads>,
    /// What time stamps count from on the emulated PC
    #[arg(long, value_enum)]
    pub stamps: Option<StampsFrom>,
    /// Which machine's driver to probe.
    #[command(flatten)]
    pub machine: Machine,
}

/// How reads complete on the emulated PC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reads {
    /// With records
    AsDocumented,
    /// With zeros only, after the first byte
    FullZeroedFrames,
}

/// What time stamps count from on the emulated PC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StampsFrom {
    /// The pin's start
    PinStart,
    /// The time in the header
    Header,
}

impl KsProbe {
    /// Whose driver is probed.
    ///
    /// # Errors
    /// [`Failure::Usage`] if Windows' is, and an option of the emulated PC is given.
    pub fn on(&self) -> Result<On, Failure> {
        let given = [
            ("--reads", self.reads.is_some()),
            ("--stamps", self.stamps.is_some()),
        ];
        let given = given.into_iter().find(|&(_, given)| given);
        match (self.machine.on, given) {
            (Some(On::Winmm), Some((option, _))) => Err(Failure::Usage(format!(
                "{option} describes an emulated PC; it can't be used with --on winmm"
            ))),
            (None, Some(_)) => Ok(On::Emulated),
            _ => self.machine.on(),
        }
    }

    /// How the emulated Windows hands input to programs.
    #[must_use]
    pub fn midi_input(&self) -> MidiInput {
        MidiInput {
            reads: match self.reads {
                Some(Reads::FullZeroedFrames) => ReadCompletion::FullZeroedFrame,
                Some(Reads::AsDocumented) | None => ReadCompletion::AsDocumented,
            },
            stamps: match self.stamps {
                Some(StampsFrom::Header) => StampOrigin::Header,
                Some(StampsFrom::PinStart) | None => StampOrigin::PinStart,
            },
        }
    }
}
