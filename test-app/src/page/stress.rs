//! The page of a stress run.

use super::histogram::Histogram;
use super::html::{self, Verdict};
use super::unit::time;
use super::wire_timeline::wire_timeline;
use crate::backend::{LongestTimes, WriteCounts};
use crate::latency::Percentiles;
use crate::report::{DirectionReport, StressReport, differences};

/// Rows with a value for each direction.
type Rows = Vec<(String, Vec<String>)>;

/// The page of a stress run.
#[must_use]
pub fn stress(report: &StressReport) -> String {
    let title = format!("Stress of {}", report.port);
    let subtitle = format!(
        "A mix of everything for {:.1} s{}; every byte is compared.",
        report.elapsed_s,
        if report.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        }
    );
    let mut body = html::head(&title, &subtitle, &verdict(report));
    body += &html::key_figures(&key_figures(report));
    for direction in &report.directions {
        let Some(percentiles) = &direction.latency else {
            continue;
        };
        let name = direction.direction;
        body += &Histogram {
            id: &format!("histogram-{}", name.replace(' ', "-")),
            title: &format!("Latency, {name}"),
            latencies: &direction.latencies,
            percentiles: &[
                ("p50", percentiles.p50_us),
                ("p90", percentiles.p90_us),
                ("p99", percentiles.p99_us),
                ("p99.9", percentiles.p99_9_us),
                ("max", percentiles.max_us),
            ],
        }
        .to_html();
    }
    body += &wire_timeline(&report.wire);
    body += "<section class=\"tables\">\n";
    let names: Vec<_> = report
        .directions
        .iter()
        .map(|direction| direction.direction)
        .collect();
    body += &html::table("Latency", &names, &latencies(&report.directions));
    body += &html::table("Counts", &names, &counts(&report.directions));
    if let Some(longest) = &report.device.longest {
        body += &html::list("Longest times", longest_times(longest));
    }
    if let Some(writes) = &report.device.writes {
        body += &html::list("Writes", write_counts(writes));
    }
    let counters = report
        .device
        .counters
        .iter()
        .filter(|(_, value)| **value > 0);
    let counters: Vec<_> = counters
        .map(|(name, value)| (name.as_str(), value.to_string()))
        .collect();
    if !counters.is_empty() {
        body += &html::list("The driver's counters", counters);
    }
    body += &html::list("Environment", report.environment.rows());
    body += "</section>\n";
    body += &html::repetition(&report.repeat_with.for_reports(), report.seed);
    html::page(&title, &body)
}

fn verdict(report: &StressReport) -> Verdict {
    let text = if report.clean {
        "Every byte arrived once, unchanged and in order.".to_owned()
    } else {
        format!("Data wrong. {}", differences(&report.directions))
    };
    Verdict {
        is_good: report.clean,
        text,
    }
}

fn key_figures(report: &StressReport) -> Vec<(&'static str, String)> {
    let total = |count: fn(&DirectionReport) -> u64| {
        let total: u64 = report.directions.iter().map(count).sum();
        total.to_string()
    };
    let mut figures = vec![
        ("bytes", total(|direction| direction.bytes)),
        ("messages", total(|direction| direction.messages)),
        ("lost", total(|direction| direction.counts.lost)),
        ("corrupted", total(|direction| direction.counts.corrupted)),
    ];
    let utilisation = report.saturated_utilisation;
    figures.extend(utilisation.map(|share| ("wire, saturated", format!("{:.2} %", share * 100.0))));
    figures
}

fn latencies(directions: &[DirectionReport]) -> Rows {
    let row = |name: &str, pick: fn(&Percentiles) -> f64| {
        let cells = directions.iter().map(|direction| {
            let latency = direction.latency.as_ref().map(pick);
            latency.map_or_else(|| "-".into(), |us| format!("{us:.1} µs"))
        });
        (name.to_owned(), cells.collect())
    };
    vec![
        row("p50", |latency| latency.p50_us),
        row("p90", |latency| latency.p90_us),
        row("p99", |latency| latency.p99_us),
        row("p99.9", |latency| latency.p99_9_us),
        row("max", |latency| latency.max_us),
    ]
}

fn counts(directions: &[DirectionReport]) -> Rows {
    let row = |name: &str, pick: fn(&DirectionReport) -> u64| {
        let cells = directions
            .iter()
            .map(|direction| pick(direction).to_string());
        (name.to_owned(), cells.collect())
    };
    vec![
        row("bytes", |direction| direction.bytes),
        row("bytes that arrived", |direction| direction.bytes_arrived),
        row("messages", |direction| direction.messages),
        row("lost", |direction| direction.counts.lost),
        row("duplicated", |direction| direction.counts.duplicated),
        row("reordered", |direction| direction.counts.reordered),
        row("corrupted", |direction| direction.counts.corrupted),
    ]
}

fn longest_times(longest: &LongestTimes) -> [(&'static str, String); 5] {
    [
        ("at raised IRQL", longest.raised_irql_ns),
        ("interrupt routine", longest.interrupt_ns),
        ("DPC", longest.dpc_ns),
        ("Write", longest.write_ns),
        ("spin lock", longest.spin_lock_ns),
    ]
    .map(|(name, ns)| {
        let thousands = u32::try_from(ns).map_or(f64::MAX, f64::from);
        (name, time(thousands / 1000.0))
    })
}

fn write_counts(writes: &WriteCounts) -> [(&'static str, String); 4] {
    [
        ("all", writes.calls),
        ("partial", writes.partial),
        ("zero", writes.zero),
        ("failed", writes.error),
    ]
    .map(|(name, count)| (name, count.to_string()))
}
