//! The options of `compare`.

use std::path::PathBuf;

use clap::Args;

/// The options of `compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// What `latency --json` or `stress --json` printed
    #[arg(value_name = "A.json")]
    pub before: PathBuf,
    /// What the same command printed in another run
    #[arg(value_name = "B.json")]
    pub after: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
