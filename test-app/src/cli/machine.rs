//! The options that say whose ports are used, and which.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::backend::{Client, Setup, Uart};
use crate::failure::Failure;

/// The seed of runs that name none: every run can be repeated.
const DEFAULT_SEED: u64 = 1;

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
    /// Windows image of the driver to run; else the driver that is linked in. It is native code and
    /// runs with all your rights: take only what you trust
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
