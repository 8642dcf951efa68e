//! Pages with pictures: one file each, without scripts, that needs nothing else.

use crate::latency_report::LatencyReport;

/// The page of a latency run.
#[must_use]
pub fn latency(report: &LatencyReport) -> String {
    report.to_text()
}
