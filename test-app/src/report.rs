//! The outcome of a run, for `--json` and the closing table.

use serde::Serialize;

use crate::backend::{Client, DeviceReport, Setup, Uart};
use crate::compare::{Counts, Difference};
use crate::environment::Environment;
use crate::failure::{CLEAN, DATA_WRONG, Failure};
use crate::latency::Percentiles;
use crate::repetition::Repetition;
use crate::table::Table;
use crate::visible;
use crate::wire_report::WireReport;

/// The outcome of a stress run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StressReport {
    /// Which command's report it is.
    pub command: &'static str,
    /// Where it was made.
    pub environment: Environment,
    /// The port's name.
    pub port: String,
    /// The emulated PC, if it was one.
    #[serde(flatten)]
    pub emulated: Option<EmulatedMachine>,
    /// What everything was drawn from.
    pub seed: u64,
    /// The time on the wire that was asked for, in seconds.
    pub duration_s: f64,
    /// The machine's time that the run took, in seconds.
    pub elapsed_s: f64,
    /// Whether the user ended the run early.
    pub interrupted: bool,
    /// Whether every byte arrived as it should.
    pub clean: bool,
    /// The directions of the port.
    pub directions: Vec<DirectionReport>,
    /// The share of the saturated phase in which the wire was busy, from its first start bit to
    /// its last stop bit; null where the wire cannot be seen.
    pub saturated_utilisation: Option<f64>,
    /// How busy the wire was in the course of the run.
    pub wire: WireReport,
    /// What the backend tells of the device.
    pub device: DeviceReport,
    /// The command that repeats the run.
    pub repeat_with: Repetition,
}

/// Which emulated PC a run was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmulatedMachine {
    /// The kind of UART.
    pub uart: Uart,
    /// The hardware's variations.
    pub quirks: Vec<String>,
    /// Who used the port.
    pub client: Client,
}

impl EmulatedMachine {
    /// The one that `setup` asks for.
    #[must_use]
    pub fn of(setup: &Setup) -> Self {
        Self {
            uart: setup.uart,
            quirks: setup.quirks.clone(),
            client: setup.client,
        }
    }
}

/// What came of one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DirectionReport {
    /// `out`, from the client to the wire; `in`, from the wire to the client; or `round trip`,
    /// from the client to itself where the wire cannot be seen.
    pub direction: &'static str,
    /// Bytes sent.
    pub bytes: u64,
    /// Bytes that arrived.
    pub bytes_arrived: u64,
    /// Complete messages sent.
    pub messages: u64,
    /// What went wrong.
    #[serde(flatten)]
    pub counts: Counts,
    /// Where it went wrong first.
    pub first_difference: Option<Difference>,
    /// Out: from the hand-over of a record, or the end of the byte before it on the wire if that is
    /// later, to its first start bit. In: from the first stop bit to the client. Round trip: from
    /// the hand-over, or the arrival of the byte before, to the client.
    pub latency: Option<Percentiles>,
    /// All latencies, in microseconds, and how many there are of each; for pictures.
    #[serde(skip)]
    pub latencies: Vec<(f64, u64)>,
}

/// The exit code that the data asks for.
#[must_use]
pub fn exit_code(directions: &[DirectionReport]) -> u8 {
    if is_clean(directions) {
        CLEAN
    } else {
        DATA_WRONG
    }
}

/// Whether every byte arrived as it should.
#[must_use]
pub fn is_clean(directions: &[DirectionReport]) -> bool {
    directions
        .iter()
        .all(|direction| direction.counts.are_zero())
}

/// Adds what came of `directions` to `table`, a column for each.
pub fn tabulate_directions(table: &mut Table, directions: &[DirectionReport]) {
    let row = |table: &mut Table, label: &str, cell: &dyn Fn(&DirectionReport) -> String| {
        table.row(label, directions.iter().map(cell));
    };
    row(table, "", &|direction| direction.direction.into());
    row(table, "bytes", &|direction| direction.bytes.to_string());
    row(table, "messages", &|direction| {
        direction.messages.to_string()
    });
    row(table, "lost", &|direction| {
        direction.counts.lost.to_string()
    });
    row(table, "duplicated", &|direction| {
        direction.counts.duplicated.to_string()
    });
    row(table, "reordered", &|direction| {
        direction.counts.reordered.to_string()
    });
    row(table, "corrupted", &|direction| {
        direction.counts.corrupted.to_string()
    });
    let mut latency = |label, percentile: fn(&Percentiles) -> f64| {
        row(table, label, &|direction| {
            let latency = direction.latency.as_ref().map(percentile);
            latency.map_or_else(not_visible, |latency| format!("{latency:.1} µs"))
        });
    };
    latency("latency p50", |latency| latency.p50_us);
    latency("latency p90", |latency| latency.p90_us);
    latency("latency p99", |latency| latency.p99_us);
    latency("latency p99.9", |latency| latency.p99_9_us);
    latency("latency max", |latency| latency.max_us);
}

/// The first differences of `directions`, a line each.
#[must_use]
pub fn differences(directions: &[DirectionReport]) -> String {
    directions
        .iter()
        .filter_map(|direction| {
            let difference = direction.first_difference.as_ref()?;
            let name = direction.direction;
            Some(format!("{name}: first difference {difference}\n"))
        })
        .collect()
}

impl StressReport {
    /// The closing table.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = Table::default();
        tabulate_directions(&mut table, &self.directions);
        let mut one = |label: &str, value: Option<String>| {
            table.row(label, [value.unwrap_or_else(not_visible)]);
        };
        one(
            "utilisation, saturated phase",
            self.saturated_utilisation
                .map(|share| format!("{:.3} %", share * 100.0)),
        );
        let writes = self.device.writes;
        let count = |pick: fn(&crate::backend::WriteCounts) -> u64| {
            writes.as_ref().map(|writes| pick(writes).to_string())
        };
        one("writes", count(|writes| writes.calls));
        one("partial writes", count(|writes| writes.partial));
        one("zero writes", count(|writes| writes.zero));
        one("failed writes", count(|writes| writes.error));
        let longest = self.device.longest;
        let time = |pick: fn(&crate::backend::LongestTimes) -> u64| {
            longest.as_ref().map(|longest| {
                let nanoseconds = pick(longest);
                format!("{}.{:03} µs", nanoseconds / 1000, nanoseconds % 1000)
            })
        };
        one("longest at raised IRQL", time(|time| time.raised_irql_ns));
        one("longest interrupt routine", time(|time| time.interrupt_ns));
        one("longest DPC", time(|time| time.dpc_ns));
        one("longest Write", time(|time| time.write_ns));
        one("longest spin lock", time(|time| time.spin_lock_ns));
        for (name, value) in &self.device.counters {
            if *value > 0 {
                table.row(&format!("driver: {name}"), [value.to_string()]);
            }
        }
        let ended = if self.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        };
        let verdict = if self.clean {
            String::new()
        } else {
            let Self {
                seed, repeat_with, ..
            } = self;
            format!("data wrong; seed {seed}; repeat with: {repeat_with}\n")
        };
        format!(
            "{}, seed {}, {:.1} s{ended}\n{table}{}{verdict}",
            visible::line(&self.port),
            self.seed,
            self.elapsed_s,
            differences(&self.directions),
        )
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// [`Failure::Device`] if it cannot be put into JSON, which no value of it causes.
    pub fn to_json(&self) -> Result<String, Failure> {
        json(self)
    }
}

/// `value` as JSON with a line end.
///
/// # Errors
/// [`Failure::Device`] if it cannot be put into JSON.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| visible::json(&text).into_owned() + "\n")
        .map_err(|error| Failure::Device(format!("cannot write JSON: {error}")))
}

fn not_visible() -> String {
    "-".into()
}
