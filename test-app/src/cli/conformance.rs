//! The options of `conformance`.

use clap::Args;

use super::PortChoice;

/// How many messages Microsoft's own driver test sends.
const DEFAULT_MESSAGES: usize = 100_000;

/// The options of `conformance`.
#[derive(Debug, Args)]
pub struct Conformance {
    /// Which ports: an output, and the input to which a cable leads from it, or a loopback port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Checks to carry out, by their names; else all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Messages of the long run
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MESSAGES, value_parser = messages)]
    pub messages: usize,
    /// List the checks, with what each is and where that is written, and do nothing else
    #[arg(long)]
    pub list: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn messages(text: &str) -> Result<usize, String> {
    /// So many take 27 hours on a MIDI cable.
    const MOST: usize = 100_000_000;
    text.parse()
        .ok()
        .filter(|messages| (1..=MOST).contains(messages))
        .ok_or_else(|| format!("accepted are whole numbers from 1 to {MOST}"))
}
