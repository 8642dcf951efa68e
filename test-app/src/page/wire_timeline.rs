//! How busy the wire was in the course of a run.

use std::fmt::Write;

use super::drawing::{Drawing, Format, Subject, figure};
use super::frame::{Frame, Range};
use crate::distribution::Spacing;
use crate::wire_report::WireReport;

/// The picture; nothing without bytes.
#[must_use]
pub fn wire_timeline(wire: &WireReport) -> String {
    let Some(mean) = wire.utilisation else {
        return String::new();
    };
    let highest = wire.shares.iter().copied().fold(0.0, f64::max);
    let explanation = if wire.seen_by == "wire" {
        "What the wire carried; 3125 bytes a second are 100 %."
    } else {
        "What arrived, since the wire cannot be seen; 3125 bytes a second are 100 %."
    };
    let subject = Subject {
        id: "wire-timeline",
        title: "Wire utilisation over time",
        explanation,
        description: &format!(
            "The wire was busy for {:.1} % of the time, and for {:.1} % of the busiest {:.3} seconds.",
            mean * 100.0,
            highest * 100.0,
            wire.interval_s
        ),
    };
    figure(&subject, |format, drawing| {
        draw(wire, highest, format, drawing)
    })
}

fn draw(wire: &WireReport, highest: f64, format: &Format, drawing: &mut Drawing) -> f64 {
    let count = u32::try_from(wire.shares.len()).map_or(0.0, f64::from);
    let frame = Frame::draw(
        drawing,
        format,
        Range {
            name: "seconds from the first byte",
            spacing: Spacing::Even,
            values: (0.0, count * wire.interval_s),
        },
        Range {
            name: "utilisation in %",
            spacing: Spacing::Even,
            values: (0.0, (highest * 100.0).max(100.0)),
        },
        0.0,
    );
    let mut path = format!("M{:.1} {:.1}", frame.left, frame.bottom);
    for (number, share) in (1_u32..).zip(&wire.shares) {
        let y = frame.up.at(share * 100.0);
        let x = frame.across.at(f64::from(number) * wire.interval_s);
        // Writing to a `String` can't fail.
        let _ = write!(path, "V{y:.1}H{x:.1}");
    }
    let _ = write!(path, "V{:.1}Z", frame.bottom);
    drawing.path("area", &path);
    frame.height
}
