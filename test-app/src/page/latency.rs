//! The page of a latency run.

use super::histogram::Histogram;
use super::html::{self, Verdict};
use super::latency_timeline::latency_timeline;
use super::unit::time;
use super::wire_timeline::wire_timeline;
use crate::latency_report::LatencyReport;

/// The page of a latency run.
#[must_use]
pub fn latency(report: &LatencyReport) -> String {
    let output = report.environment.output.as_ref();
    let name = output.map_or("", |port| &port.name);
    let title = format!("Latency of {name}");
    let subtitle = format!(
        "{} messages, {} a second{}, from the hand-over to the output until the last byte has reached the \
         client; {:.1} s{}.",
        report.probes.sent,
        report.rate,
        report
            .load
            .as_ref()
            .map_or_else(String::new, |load| format!(
                ", beside {:.0} bytes a second of System Exclusive messages",
                load.bytes_per_second
            )),
        report.elapsed_s,
        if report.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        }
    );
    let mut body = html::head(&title, &subtitle, &verdict(report));
    if let Some(figures) = &report.latency {
        body += &html::key_figures(&[
            ("median", time(figures.median_us)),
            ("p99", time(figures.p99_us)),
            ("max", time(figures.max_us)),
            ("jitter (σ)", time(figures.standard_deviation_us)),
            ("lost", report.probes.lost.to_string()),
        ]);
        body += &Histogram {
            id: "histogram",
            title: "Histogram",
            latencies: &report.latencies(),
            percentiles: &[
                ("median", figures.median_us),
                ("p90", figures.p90_us),
                ("p99", figures.p99_us),
                ("p99.9", figures.p99_9_us),
                ("max", figures.max_us),
            ],
        }
        .to_html();
    }
    body += &latency_timeline(&report.samples);
    body += &wire_timeline(&report.wire);
    body += "<section class=\"tables\">\n";
    if let Some(figures) = &report.latency {
        let rows = figures.rows();
        let rows = rows.map(|(name, us)| (name, format!("{us:.1} µs")));
        body += &html::list("Latency", rows);
    }
    let counts = report.counts().into_iter();
    body += &html::list(
        "Counts",
        counts.map(|(name, count)| (name, count.to_string())),
    );
    body += &html::list("Environment", report.environment.rows());
    body += "</section>\n";
    body += &html::repetition(&report.repeat_with.for_reports(), report.seed);
    html::page(&title, &body)
}

fn verdict(report: &LatencyReport) -> Verdict {
    let text = if report.clean {
        "Every message came back once and in order.".to_owned()
    } else {
        let wrong = report.counts().into_iter().filter(|&(name, count)| {
            let faults = ["lost", "duplicated", "reordered"];
            count > 0 && faults.iter().any(|fault| name.ends_with(fault))
        });
        let wrong: Vec<_> = wrong
            .map(|(name, count)| format!("{name}: {count}"))
            .collect();
        format!("Data wrong: {}.", wrong.join("; "))
    };
    Verdict {
        is_good: report.clean,
        text,
    }
}
