//! What a report says of the wire in the course of a run.

use serde::Serialize;

use crate::busy_timeline::BusyTimeline;

/// How busy the wire was; 3125 bytes in a second are 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WireReport {
    /// `wire` if it was seen, `arrivals` if what arrived is counted instead.
    pub seen_by: &'static str,
    /// The share from the first byte to the last.
    pub utilisation: Option<f64>,
    /// How long the intervals of `shares` are, in seconds.
    pub interval_s: f64,
    /// The share of each interval.
    pub shares: Vec<f64>,
}

impl WireReport {
    /// What `timeline` shows.
    #[must_use]
    pub fn of(timeline: &BusyTimeline, wire_visible: bool) -> Self {
        Self {
            seen_by: if wire_visible { "wire" } else { "arrivals" },
            utilisation: timeline.mean(),
            interval_s: timeline.interval().as_secs_f64(),
            shares: timeline.shares(),
        }
    }
}
