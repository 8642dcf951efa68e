//! How long messages took in the course of a run.

use std::fmt::Write;

use super::drawing::{Drawing, Format, Subject, figure};
use super::frame::{Frame, Range};
use super::unit::Unit;
use crate::distribution::{Spacing, apart};
use crate::latency_report::Sample;

/// More messages than this are drawn as the range of each column of dots.
const MOST_DOTS: usize = 4000;

/// The picture of `samples`; nothing if none of them came.
#[must_use]
pub fn latency_timeline(samples: &[Sample]) -> String {
    let came: Vec<_> = samples
        .iter()
        .filter_map(|sample| Some((sample.sent_s, sample.latency_us?)))
        .collect();
    let bound = |pick: fn(f64, f64) -> f64| came.iter().map(|&(_, us)| us).reduce(pick);
    let (Some(lowest), Some(highest)) = (bound(f64::min), bound(f64::max)) else {
        return String::new();
    };
    let unit = Unit::up_to(highest);
    let lost = samples.len() - came.len();
    let mut explanation = if came.len() > MOST_DOTS {
        "At each moment from the shortest to the longest latency of messages sent then.".to_owned()
    } else {
        "Each message at the moment it was sent.".to_owned()
    };
    if lost > 0 {
        explanation += " Strokes at the upper edge are lost messages.";
    }
    let subject = Subject {
        id: "latency-timeline",
        title: "Latency over time",
        explanation: &explanation,
        description: &format!(
            "{} latencies between {} and {} in the course of {:.1} seconds; {lost} lost messages.",
            came.len(),
            unit.text(lowest),
            unit.text(highest),
            samples.last().map_or(0.0, |sample| sample.sent_s)
        ),
    };
    figure(&subject, |format, drawing| {
        draw(samples, &came, unit, (lowest, highest), format, drawing)
    })
}

fn draw(
    samples: &[Sample],
    came: &[(f64, f64)],
    unit: Unit,
    bounds: (f64, f64),
    format: &Format,
    drawing: &mut Drawing,
) -> f64 {
    let (low, high) = apart(unit.of(bounds.0), unit.of(bounds.1));
    let spacing = Spacing::between(low, high);
    let logarithmic = match spacing {
        Spacing::Even => "",
        Spacing::Logarithmic => " (logarithmic)",
    };
    // No dot stands on the edge.
    let margin = (high - low) * 0.05;
    let values = match spacing {
        Spacing::Even => ((low - margin).max(0.0), high + margin),
        Spacing::Logarithmic => (low * 0.9, high * 1.2),
    };
    let last = samples.last().map_or(0.0, |sample| sample.sent_s);
    let frame = Frame::draw(
        drawing,
        format,
        Range {
            name: "seconds",
            spacing: Spacing::Even,
            values: apart(0.0, last),
        },
        Range {
            name: &format!("latency in {}{logarithmic}", unit.sign),
            spacing,
            values,
        },
        0.0,
    );
    let dots = came.iter().map(|&(second, us)| {
        let (x, y) = (frame.across.at(second), frame.up.at(unit.of(us)));
        (x, y)
    });
    if came.len() <= MOST_DOTS {
        let mut path = String::new();
        for (x, y) in dots {
            // Writing to a `String` can't fail.
            let _ = write!(path, "M{x:.1} {y:.1}h0");
        }
        drawing.path("dots", &path);
    } else {
        drawing.path("ranges", &ranges(dots));
    }
    let mut strokes = String::new();
    for sample in samples.iter().filter(|sample| sample.latency_us.is_none()) {
        let x = frame.across.at(sample.sent_s);
        let _ = write!(strokes, "M{x:.1} {:.1}v{:.1}", frame.top, format.font);
    }
    if !strokes.is_empty() {
        drawing.path("lost", &strokes);
    }
    frame.height
}

/// A stroke from the lowest to the highest of each column.
fn ranges(dots: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut column: Option<(f64, f64, f64)> = None;
    let stroke = |(x, top, bottom): (f64, f64, f64), path: &mut String| {
        // Writing to a `String` can't fail.
        let _ = write!(path, "M{x:.0} {:.1}V{:.1}", top - 0.5, bottom + 0.5);
    };
    for (x, y) in dots {
        match &mut column {
            Some((at, top, bottom)) if (x - *at).abs() < 1.0 => {
                *top = top.min(y);
                *bottom = bottom.max(y);
            }
            _ => {
                if let Some(done) = column.replace((x.floor(), y, y)) {
                    stroke(done, &mut path);
                }
            }
        }
    }
    if let Some(done) = column {
        stroke(done, &mut path);
    }
    path
}
