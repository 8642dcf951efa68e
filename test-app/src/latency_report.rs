//! The outcome of a latency run, for people and programs.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::backend::DeviceReport;
use crate::bars;
use crate::environment::Environment;
use crate::failure::{CLEAN, DATA_WRONG};
use crate::probing::figures::microseconds;
use crate::probing::{Figures, Ledger, Probed, Tally};
use crate::repetition::Repetition;
use crate::table::Table;
use crate::visible;
use crate::wire_report::WireReport;

/// The outcome of a latency run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyReport {
    /// Which command's report it is.
    pub command: &'static str,
    /// Where it was made.
    pub environment: Environment,
    /// What everything was drawn from.
    pub seed: u64,
    /// Messages that were asked for.
    pub count: u64,
    /// Messages in a second that were asked for.
    pub rate: u32,
    /// The machine's time that the run took, in seconds.
    pub elapsed_s: f64,
    /// Whether the user ended the run early.
    pub interrupted: bool,
    /// Whether all that was sent came back once and in order.
    pub clean: bool,
    /// The measured messages.
    pub probes: Tally,
    /// The load beside them, if there was one.
    pub load: Option<LoadReport>,
    /// Messages that came and were not sent.
    pub other_messages: u64,
    /// What the latencies come to; null if no message came back.
    pub latency: Option<Figures>,
    /// How busy the wire was.
    pub wire: WireReport,
    /// Each measured message.
    pub samples: Vec<Sample>,
    /// What the backend tells of the device.
    pub device: DeviceReport,
    /// The command that repeats the run.
    pub repeat_with: Repetition,
}

/// What came of the load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadReport {
    /// Bytes in a second that were asked for.
    pub bytes_per_second: f64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// The messages.
    #[serde(flatten)]
    pub messages: Tally,
}

/// A measured message.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Its number, from 0.
    pub number: u64,
    /// When it was handed over, in seconds from the start of the run.
    pub sent_s: f64,
    /// From then until its last byte reached the client, in microseconds; null if it was lost.
    pub latency_us: Option<f64>,
}

/// What a latency run was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Where it was made.
    pub environment: Environment,
    /// What everything was drawn from.
    pub seed: u64,
    /// Messages.
    pub count: u64,
    /// Messages in a second.
    pub rate: u32,
    /// Bytes of load in a second, if there was one.
    pub load_bytes_per_second: Option<f64>,
    /// The command that repeats the run.
    pub repeat_with: Repetition,
}

impl LatencyReport {
    /// The report of a run that came to `outcome`.
    #[must_use]
    pub fn new(asked: Asked, outcome: &Probed, interrupted: bool, device: DeviceReport) -> Self {
        let probes = outcome.probes.tally();
        let load = asked
            .load_bytes_per_second
            .map(|bytes_per_second| LoadReport {
                bytes_per_second,
                bytes: outcome.load_bytes,
                messages: outcome.load.tally(),
            });
        let latencies = outcome.probes.sent().iter().filter_map(|sent| sent.latency);
        Self {
            command: "latency",
            environment: asked.environment,
            seed: asked.seed,
            count: asked.count,
            rate: asked.rate,
            elapsed_s: outcome.elapsed.as_secs_f64(),
            interrupted,
            clean: probes.is_clean() && load.as_ref().is_none_or(|load| load.messages.is_clean()),
            probes,
            load,
            other_messages: outcome.others,
            latency: Figures::of(latencies),
            wire: WireReport::of(&outcome.wire, outcome.wire_visible),
            samples: samples(&outcome.probes, outcome.origin),
            device,
            repeat_with: asked.repeat_with,
        }
    }

    /// The exit code that the data asks for.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.clean { CLEAN } else { DATA_WRONG }
    }

    /// The latencies, in microseconds, once each.
    #[must_use]
    pub fn latencies(&self) -> Vec<(f64, u64)> {
        let latencies = self.samples.iter().filter_map(|sample| sample.latency_us);
        latencies.map(|latency| (latency, 1)).collect()
    }

    /// Counts for people.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let Tally {
            sent,
            received,
            lost,
            duplicated,
            reordered,
        } = self.probes;
        let mut rows = vec![
            ("messages", sent),
            ("received", received),
            ("lost", lost),
            ("duplicated", duplicated),
            ("reordered", reordered),
        ];
        if let Some(load) = &self.load {
            rows.push(("load, bytes", load.bytes));
            rows.push(("load, messages", load.messages.sent));
            rows.push(("load, lost", load.messages.lost));
            rows.push(("load, duplicated", load.messages.duplicated));
            rows.push(("load, reordered", load.messages.reordered));
        }
        rows.push(("other messages", self.other_messages));
        rows
    }

    /// The heading, the histogram and the table for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = Table::default();
        for (name, count) in self.counts() {
            table.row(name, [count.to_string()]);
        }
        for (name, value) in self.latency.iter().flat_map(Figures::rows) {
            table.row(name, [format!("{value:.1} µs")]);
        }
        if let Some(utilisation) = self.wire.utilisation {
            let percent = format!("{:.1} %", utilisation * 100.0);
            table.row("wire utilisation", [percent]);
        }
        let name = self
            .environment
            .output
            .as_ref()
            .map_or("", |port| &port.name);
        let ended = if self.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        };
        let mut text = format!(
            "{}, seed {}, {} messages a second, {:.1} s{ended}\n",
            visible::line(name),
            self.seed,
            self.rate,
            self.elapsed_s
        );
        text += &bars::histogram(&self.latencies());
        // Writing to a `String` can't fail.
        let _ = write!(text, "{table}");
        if !self.clean {
            let Self {
                seed, repeat_with, ..
            } = self;
            let _ = writeln!(text, "data wrong; seed {seed}; repeat with: {repeat_with}");
        }
        text
    }

    /// The raw figures, with a line that names them.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::from("number,sent_s,latency_us\n");
        for sample in &self.samples {
            let latency = sample.latency_us.map(|latency| latency.to_string());
            // Writing to a `String` can't fail.
            let _ = writeln!(
                text,
                "{},{},{}",
                sample.number,
                sample.sent_s,
                latency.unwrap_or_default()
            );
        }
        text
    }
}

fn samples(probes: &Ledger, origin: Duration) -> Vec<Sample> {
    let sent = (0..).zip(probes.sent());
    sent.map(|(number, sent)| Sample {
        number,
        sent_s: sent.at.saturating_sub(origin).as_secs_f64(),
        latency_us: sent.latency.map(microseconds),
    })
    .collect()
}
