//! The figures of two runs, and their ratios. (Bytes are compared in [`crate::compare`].)

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::environment::file_name;
use crate::failure::Failure;
use crate::table::Table;
use crate::visible;

/// The figures of two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratios {
    /// Which command's report it is.
    pub command: &'static str,
    /// The command whose runs are compared.
    pub of: String,
    /// The files' names, without their folders.
    pub files: [String; 2],
    /// The files as the user named them.
    #[serde(skip)]
    pub named: [String; 2],
    /// The figures.
    pub figures: Vec<Figure>,
}

/// A figure of two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// What it is counted in; empty for counts.
    pub unit: &'static str,
    /// In the first run; null if it was not measured.
    pub a: Option<f64>,
    /// In the second run.
    pub b: Option<f64>,
    /// The second in terms of the first; null where there is none.
    pub ratio: Option<f64>,
}

/// A figure of a report: its name, its unit, and where in the JSON it is.
type Place = (&'static str, &'static str, &'static str);

/// Those of `latency`.
const LATENCY: [Place; 16] = [
    ("messages", "", "/probes/sent"),
    ("received", "", "/probes/received"),
    ("lost", "", "/probes/lost"),
    ("duplicated", "", "/probes/duplicated"),
    ("reordered", "", "/probes/reordered"),
    ("load", "bytes", "/load/bytes"),
    ("min", "µs", "/latency/min_us"),
    ("mean", "µs", "/latency/mean_us"),
    ("median", "µs", "/latency/median_us"),
    ("p90", "µs", "/latency/p90_us"),
    ("p99", "µs", "/latency/p99_us"),
    ("p99.9", "µs", "/latency/p99_9_us"),
    ("max", "µs", "/latency/max_us"),
    (
        "jitter, standard deviation",
        "µs",
        "/latency/standard_deviation_us",
    ),
    (
        "jitter, farthest from median",
        "µs",
        "/latency/max_deviation_us",
    ),
    ("wire utilisation", "", "/wire/utilisation"),
];

/// Those of each direction of `stress`.
const DIRECTION: [Place; 11] = [
    ("bytes", "", "/bytes"),
    ("messages", "", "/messages"),
    ("lost", "", "/lost"),
    ("duplicated", "", "/duplicated"),
    ("reordered", "", "/reordered"),
    ("corrupted", "", "/corrupted"),
    ("latency p50", "µs", "/latency/p50_us"),
    ("latency p90", "µs", "/latency/p90_us"),
    ("latency p99", "µs", "/latency/p99_us"),
    ("latency p99.9", "µs", "/latency/p99_9_us"),
    ("latency max", "µs", "/latency/max_us"),
];

/// Those of `stress` as a whole.
const STRESS: [Place; 10] = [
    ("utilisation, saturated phase", "", "/saturated_utilisation"),
    ("writes", "", "/device/writes/calls"),
    ("partial writes", "", "/device/writes/partial"),
    ("zero writes", "", "/device/writes/zero"),
    ("failed writes", "", "/device/writes/error"),
    (
        "longest at raised IRQL",
        "ns",
        "/device/longest/raised_irql_ns",
    ),
    (
        "longest interrupt routine",
        "ns",
        "/device/longest/interrupt_ns",
    ),
    ("longest DPC", "ns", "/device/longest/dpc_ns"),
    ("longest Write", "ns", "/device/longest/write_ns"),
    ("longest spin lock", "ns", "/device/longest/spin_lock_ns"),
];

impl Figure {
    /// `value` with as many digits as people read, and the unit.
    fn text(&self, value: f64) -> String {
        match self.unit {
            "" if value.fract() > 0.0 => format!("{value:.4}"),
            "" => format!("{value:.0}"),
            "µs" => format!("{value:.1} µs"),
            unit => format!("{value:.0} {unit}"),
        }
    }
}

impl Ratios {
    /// Those of two reports, which were read from `files`.
    ///
    /// # Errors
    /// [`Failure::Usage`] for what is no report of `latency` or `stress`, and for one of each.
    pub fn of(files: [String; 2], reports: [&Value; 2]) -> Result<Self, Failure> {
        let [first, second] = [0, 1].map(|index| kind(&files[index], reports[index]));
        let (first, second) = (first?, second?);
        if first != second {
            let [a, b] = files;
            return Err(Failure::Usage(format!(
                "{a} is of {first}, {b} of {second}; accepted are two of the same command"
            )));
        }
        let figures = if first == "latency" {
            rows("", &LATENCY, reports)
        } else {
            stress(reports)
        };
        Ok(Self {
            command: "compare",
            of: first.to_owned(),
            named: files.clone(),
            files: files.map(|file| file_name(Path::new(&file))),
            figures,
        })
    }

    /// The table.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = Table::default();
        table.row("", ["A", "B", "B/A"].map(str::to_owned));
        for figure in &self.figures {
            let shown =
                |value: Option<f64>| value.map_or_else(|| "-".into(), |value| figure.text(value));
            let ratio = figure.ratio.map(|ratio| format!("{ratio:.3}"));
            let ratio = ratio.unwrap_or_else(|| "-".into());
            table.row(&figure.name, [shown(figure.a), shown(figure.b), ratio]);
        }
        let [a, b] = self.named.each_ref().map(|file| visible::line(file));
        format!("{}: A is {a}, B is {b}\n{table}", self.of)
    }
}

/// Which command's report it is.
fn kind<'v>(file: &str, report: &'v Value) -> Result<&'v str, Failure> {
    report["command"]
        .as_str()
        .filter(|command| ["latency", "stress"].contains(command))
        .ok_or_else(|| {
            Failure::Usage(format!(
                "{file}: accepted is what latency --json or stress --json printed"
            ))
        })
}

fn stress(reports: [&Value; 2]) -> Vec<Figure> {
    let directions = reports.map(|report| report["directions"].as_array());
    let find = |report: usize, name: &str| {
        let mut all = directions[report].into_iter().flatten();
        all.find(|direction| direction["direction"] == name)
    };
    let mut names: Vec<&str> = Vec::new();
    for direction in directions.into_iter().flatten().flatten() {
        let name = direction["direction"].as_str().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut figures = Vec::new();
    for name in names {
        let both = [0, 1].map(|report| find(report, name).unwrap_or(&Value::Null));
        figures.extend(rows(&format!("{name}: "), &DIRECTION, both));
    }
    figures.extend(rows("", &STRESS, reports));
    figures
}

fn rows(prefix: &str, places: &[Place], reports: [&Value; 2]) -> Vec<Figure> {
    let figures = places.iter().map(|&(name, unit, place)| {
        let [a, b] = reports.map(|report| report.pointer(place).and_then(Value::as_f64));
        Figure {
            name: format!("{prefix}{name}"),
            unit,
            a,
            b,
            ratio: a.zip(b).filter(|&(a, _)| a > 0.0).map(|(a, b)| b / a),
        }
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(a: &Value, b: &Value) -> Result<Ratios, Failure> {
        Ratios::of(["a.json".into(), "b.json".into()], [a, b])
    }

    #[test]
    fn ratios_are_of_the_second_to_the_first() {
        let report = |median, lost| {
            json!({
                "command": "latency",
                "probes": {"sent": 1000, "lost": lost},
                "latency": {"median_us": median}
            })
        };
        let ratios = of(&report(1000.0, 0), &report(1500.0, 2)).expect("two of a kind");
        let figure = |name: &str| {
            let mut figures = ratios.figures.iter();
            figures
                .find(|figure| figure.name == name)
                .expect("a figure")
        };
        assert_eq!(figure("median").ratio, Some(1.5));
        assert_eq!(figure("messages").ratio, Some(1.0));
        // Nothing is no measure for something.
        assert_eq!((figure("lost").b, figure("lost").ratio), (Some(2.0), None));
        assert_eq!(figure("p99").a, None);
        let text = ratios.to_text();
        assert!(text.contains("1.500"), "{text}");
    }

    #[test]
    fn directions_that_one_run_lacks_have_its_place_empty() {
        let report =
            |name| json!({"command": "stress", "directions": [{"direction": name, "bytes": 5}]});
        let ratios = of(&report("out"), &report("round trip")).expect("two of a kind");
        let bytes: Vec<_> = ratios
            .figures
            .iter()
            .filter(|figure| figure.name.ends_with(": bytes"))
            .map(|figure| (figure.a, figure.b))
            .collect();
        assert_eq!(bytes, [(Some(5.0), None), (None, Some(5.0))]);
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let latency = json!({"command": "latency"});
        for other in [
            json!({"command": "stress"}),
            json!({"command": "list"}),
            json!([]),
        ] {
            let refused = of(&latency, &other)
                .expect_err("nothing to compare")
                .to_string();
            assert!(
                refused.contains("b.json") && refused.contains("accepted"),
                "{refused}"
            );
        }
    }
}
