//! What a soak run tells: a line for each period, and a summary.

use std::fmt;

use serde::Serialize;

use crate::compare::{Counts, Difference};
use crate::exchange::Outcome;
use crate::failure::{CLEAN, DATA_WRONG};
use crate::latency::Percentiles;
use crate::repetition::Repetition;
use crate::table::Table;
use crate::visible;

/// What was exchanged, and what went wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Complete messages sent.
    pub messages: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// What went wrong.
    #[serde(flatten)]
    pub counts: Counts,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.counts.lost += other.counts.lost;
        self.counts.duplicated += other.counts.duplicated;
        self.counts.reordered += other.counts.reordered;
        self.counts.corrupted += other.counts.corrupted;
    }
}

/// A period of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Period {
    /// `period`.
    pub kind: &'static str,
    /// The time since the run began, in seconds.
    pub elapsed_s: f64,
    /// The length of the period, in seconds.
    pub length_s: f64,
    /// The seed of its traffic.
    pub seed: u64,
    /// What was exchanged in it.
    pub period: Totals,
    /// What was exchanged up to its end.
    pub total: Totals,
    /// Bytes a second in it.
    pub bytes_per_s: f64,
    /// From the hand-over to the arrival, in it.
    pub latency: Option<Percentiles>,
    /// Where its data were wrong first.
    pub first_difference: Option<Difference>,
}

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// `summary`.
    pub kind: &'static str,
    /// The port's name.
    pub port: String,
    /// What the periods' seeds were counted from.
    pub seed: u64,
    /// The time that was asked for, in seconds.
    pub duration_s: f64,
    /// The time that it took, in seconds.
    pub elapsed_s: f64,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// Whether every byte arrived as it should.
    pub clean: bool,
    /// How many periods there were.
    pub periods: u64,
    /// In how many of them data were wrong.
    pub wrong_periods: u64,
    /// What was exchanged.
    pub total: Totals,
    /// The highest p50 of a period, in microseconds.
    pub worst_p50_us: Option<f64>,
    /// The highest p99 of a period, in microseconds.
    pub worst_p99_us: Option<f64>,
    /// The longest of all latencies, in microseconds.
    pub max_us: Option<f64>,
    /// The command that repeats the run.
    pub repeat_with: Repetition,
}

impl Summary {
    /// Takes a period up: what was exchanged from `begin_s` to `end_s`, in seconds since the start.
    pub fn take(&mut self, seed: u64, (begin_s, end_s): (f64, f64), outcome: Outcome) -> Period {
        let mut period = Totals::default();
        let (mut latency, mut first_difference) = (None, None);
        for direction in outcome.directions {
            // The bytes that a wire is seen to carry are the same that the input receives.
            let is_first = period.bytes == 0;
            period.add(&Totals {
                messages: if is_first { direction.messages } else { 0 },
                bytes: if is_first { direction.bytes } else { 0 },
                counts: direction.counts,
            });
            latency = latency.or(direction.latency);
            first_difference = first_difference.or(direction.first_difference);
        }
        self.periods += 1;
        self.wrong_periods += u64::from(!period.counts.are_zero());
        self.total.add(&period);
        self.clean = self.total.counts.are_zero();
        self.elapsed_s = end_s;
        if let Some(latency) = &latency {
            highest(&mut self.worst_p50_us, latency.p50_us);
            highest(&mut self.worst_p99_us, latency.p99_us);
            highest(&mut self.max_us, latency.max_us);
        }
        Period {
            kind: "period",
            elapsed_s: end_s,
            length_s: end_s - begin_s,
            seed,
            period,
            total: self.total,
            bytes_per_s: rate(period.bytes, end_s - begin_s),
            latency,
            first_difference,
        }
    }

    /// The exit code of the program.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.clean { CLEAN } else { DATA_WRONG }
    }
}

fn highest(so_far: &mut Option<f64>, value: f64) {
    *so_far = Some(so_far.map_or(value, |so_far| so_far.max(value)));
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate of more than fifteen digits is none"
)]
fn rate(bytes: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        bytes as f64 / seconds
    } else {
        0.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals {
            messages,
            bytes,
            counts,
        } = self.total;
        write!(
            formatter,
            "{:.0} s: {messages} messages, {bytes} bytes, {} lost, {} duplicated, {} reordered, \
             {} corrupted; {:.0} bytes/s",
            self.elapsed_s,
            counts.lost,
            counts.duplicated,
            counts.reordered,
            counts.corrupted,
            self.bytes_per_s
        )?;
        if let Some(latency) = &self.latency {
            write!(
                formatter,
                "; latency p50 {:.0}, p99 {:.0}, max {:.0} µs",
                latency.p50_us, latency.p99_us, latency.max_us
            )?;
        }
        writeln!(formatter)?;
        match &self.first_difference {
            Some(difference) => writeln!(
                formatter,
                "  seed {}: first difference {difference}",
                self.seed
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = if self.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        };
        let (port, seed) = (visible::line(&self.port), self.seed);
        writeln!(
            formatter,
            "{port}, seed {seed}, {:.1} s{ended}",
            self.elapsed_s
        )?;
        let mut table = Table::default();
        let counts = self.total.counts;
        for (label, count) in [
            ("periods", self.periods),
            ("periods with wrong data", self.wrong_periods),
            ("messages", self.total.messages),
            ("bytes", self.total.bytes),
            ("lost", counts.lost),
            ("duplicated", counts.duplicated),
            ("reordered", counts.reordered),
            ("corrupted", counts.corrupted),
        ] {
            table.row(label, [count.to_string()]);
        }
        for (label, time) in [
            ("latency p50, worst period", self.worst_p50_us),
            ("latency p99, worst period", self.worst_p99_us),
            ("latency max", self.max_us),
        ] {
            let time = time.map_or_else(|| "-".to_owned(), |time| format!("{time:.1} µs"));
            table.row(label, [time]);
        }
        write!(formatter, "{table}")?;
        if self.clean {
            return Ok(());
        }
        writeln!(
            formatter,
            "data wrong; seed {seed}; repeat with: {}",
            self.repeat_with
        )
    }
}
