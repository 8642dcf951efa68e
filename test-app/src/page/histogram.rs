//! How often which latency was measured.

use super::drawing::{Drawing, Format, Subject, figure};
use super::frame::{Frame, Range};
use super::marks::{self, Mark};
use super::unit::Unit;
use crate::distribution::{Distribution, Spacing};

/// From this ratio of the highest bar to the lowest on, heights grow with the logarithm.
const LOGARITHMIC_FROM: u64 = 50;

/// Where a logarithmic axis of counts begins, so that one is more than nothing.
const BELOW_ONE: f64 = 0.7;

/// A histogram of latencies in microseconds and how many there are of each.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<'h> {
    /// Names the picture within the page.
    pub id: &'h str,
    /// Its heading.
    pub title: &'h str,
    /// The latencies.
    pub latencies: &'h [(f64, u64)],
    /// The names and values of percentiles.
    pub percentiles: &'h [(&'static str, f64)],
}

impl Histogram<'_> {
    /// The picture; nothing without latencies.
    #[must_use]
    pub fn to_html(self) -> String {
        let bound =
            |pick: fn(f64, f64) -> f64| self.latencies.iter().map(|&(us, _)| us).reduce(pick);
        let (Some(lowest), Some(highest)) = (bound(f64::min), bound(f64::max)) else {
            return String::new();
        };
        let unit = Unit::up_to(highest);
        let total: u64 = self.latencies.iter().map(|&(_, count)| count).sum();
        let told: Vec<_> = self
            .percentiles
            .iter()
            .map(|&(name, us)| format!("{name} {}", unit.text(us)))
            .collect();
        let subject = Subject {
            id: self.id,
            title: self.title,
            explanation: "How many messages took how long. Lines mark percentiles.",
            description: &format!(
                "Histogram of {total} latencies from {} to {}; {}.",
                unit.text(lowest),
                unit.text(highest),
                told.join(", ")
            ),
        };
        figure(&subject, |format, drawing| self.draw(unit, format, drawing))
    }

    fn draw(self, unit: Unit, format: &Format, drawing: &mut Drawing) -> f64 {
        let values: Vec<_> = self
            .latencies
            .iter()
            .map(|&(us, count)| (unit.of(us), count))
            .collect();
        let Some(distribution) = Distribution::of(&values, format.bars) else {
            return 0.0;
        };
        let marks = self.marks(unit);
        let logarithmic = match distribution.spacing {
            Spacing::Even => "",
            Spacing::Logarithmic => " (logarithmic)",
        };
        let name = format!("latency in {}{logarithmic}", unit.sign);
        let across = Range {
            name: &name,
            spacing: distribution.spacing,
            values: (distribution.low, distribution.high),
        };
        let up = counts(&distribution);
        // How far the labels spread is known when it is known where the axis is.
        let sketch = Frame::draw(&mut Drawing::default(), format, across, up, 0.0);
        let room = marks::room(format, &sketch.across, &marks);
        let frame = Frame::draw(drawing, format, across, up, room);
        for (index, &count) in distribution.counts.iter().enumerate() {
            if count == 0 {
                continue;
            }
            let (from, to) = distribution.bounds(index);
            let (left, right) = (frame.across.at(from), frame.across.at(to));
            let top = frame.up.at(in_double(count));
            let size = ((right - left - 1.0).max(1.0), frame.bottom - top);
            drawing.rectangle("bar", (left, top), size);
        }
        marks::draw(drawing, format, &frame, &marks);
        frame.height
    }

    /// The percentiles, those of the same value as one.
    fn marks(self, unit: Unit) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        for &(name, us) in self.percentiles {
            let number = unit.number(us);
            let same = |last: &&mut Mark| last.label.ends_with(&format!(" {number}"));
            if let Some(last) = marks.last_mut().filter(same) {
                let names = last.label.trim_end_matches(&number).trim_end();
                last.label = format!("{names}, {name} {number}");
                continue;
            }
            marks.push(Mark {
                value: unit.of(us),
                label: format!("{name} {number}"),
            });
        }
        marks
    }
}

fn counts(distribution: &Distribution) -> Range<'static> {
    let highest = distribution.highest();
    let filled = distribution.counts.iter().filter(|&&count| count > 0);
    let lowest = filled.min().copied().unwrap_or(highest);
    if highest >= lowest.saturating_mul(LOGARITHMIC_FROM) {
        Range {
            name: "messages (logarithmic)",
            spacing: Spacing::Logarithmic,
            values: (BELOW_ONE, in_double(highest) * 1.1),
        }
    } else {
        Range {
            name: "messages",
            spacing: Spacing::Even,
            values: (0.0, in_double(highest) * 1.05),
        }
    }
}

fn in_double(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
