//! The options of `status`.

use clap::Args;

use super::Machine;

/// The options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Device to tell of, by Windows' name for it or a part of that; else all. On an emulated PC there is
    /// one
    #[arg(long, value_name = "NAME")]
    pub port: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which machine's driver to ask.
    #[command(flatten)]
    pub machine: Machine,
}
