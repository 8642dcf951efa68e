//! The outcome of playing files, for people and programs.

use serde::Serialize;

use crate::report::{DirectionReport, differences, tabulate_directions};
use crate::table::Table;
use crate::visible;

/// The outcome of playing files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlayReport {
    /// Which command's report it is.
    pub command: &'static str,
    /// The output's name.
    pub port: String,
    /// The names of the files that were played, in order, without their folders.
    pub files: Vec<String>,
    /// What everything left to chance was drawn from.
    pub seed: u64,
    /// From the first message until all had left, in seconds of the machine's time.
    pub elapsed_s: f64,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// Whether every byte arrived as it should; null if nothing could be compared.
    pub clean: Option<bool>,
    /// What could be compared.
    pub directions: Vec<DirectionReport>,
}

impl PlayReport {
    /// The heading, the closing table and the verdict.
    #[must_use]
    pub fn to_text(&self) -> String {
        let ended = if self.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        };
        let verdict = if self.clean == Some(false) {
            format!("data wrong; seed {}\n", self.seed)
        } else {
            String::new()
        };
        format!(
            "{}, {:.1} s{ended}\n{}{verdict}",
            visible::line(&self.port),
            self.elapsed_s,
            closing_table(&self.directions)
        )
    }
}

fn closing_table(directions: &[DirectionReport]) -> String {
    if directions.is_empty() {
        return "not compared: the wire of this port cannot be seen\n".into();
    }
    let mut table = Table::default();
    tabulate_directions(&mut table, directions);
    format!("{table}{}", differences(directions))
}
