//! Lines with labels at single values of a plot.

use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Format};
use super::frame::Frame;

/// Between a label and its line.
const GAP: f64 = 4.0;

/// A value and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The value.
    pub value: f64,
    /// What it is called.
    pub label: String,
}

/// How much room the labels of `marks` need above a plot with the axis `across`.
#[must_use]
pub fn room(format: &Format, across: &Axis, marks: &[Mark]) -> f64 {
    let lines = place(format, across, marks).into_iter();
    let highest = lines.map(|place| place.line).max();
    highest.map_or(0.0, |highest| f64::from(highest + 1) * format.line())
}

/// Draws a line at each mark, with its label above the plot.
pub fn draw(drawing: &mut Drawing, format: &Format, frame: &Frame, marks: &[Mark]) {
    let places = place(format, &frame.across, marks);
    let y = |place: &Place| frame.top - format.font * 0.5 - f64::from(place.line) * format.line();
    for place in &places {
        let above = y(place) - format.font * 0.8;
        drawing.line("mark", (place.x, above), (place.x, frame.bottom));
    }
    // After all lines: letters have an edge in the colour of the page.
    for (mark, place) in marks.iter().zip(&places) {
        let (x, anchor) = if place.is_left {
            (place.x - GAP, Anchor::End)
        } else {
            (place.x + GAP, Anchor::Start)
        };
        drawing.text("marked", (x, y(place)), anchor, &mark.label);
    }
}

/// Where the label of a mark is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Where the mark's line is.
    x: f64,
    /// Whether the label is on the left of that.
    is_left: bool,
    /// Where the label begins and ends.
    extent: (f64, f64),
    /// In which line of labels, from below.
    line: u32,
}

/// Finds a place for each label: on the left of its line if there is room, and so high that it neither
/// touches the labels before it nor crosses their lines. `marks` are in the order of their values.
fn place(format: &Format, across: &Axis, marks: &[Mark]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for mark in marks {
        let x = across.at(mark.value);
        let width = format.text_width(&mark.label) + GAP;
        let is_left = x >= width;
        let extent = if is_left {
            (x - width, x)
        } else {
            (x, x + width)
        };
        let touches = |other: &&Place| {
            let (from, to) = other.extent;
            extent.0 < to + GAP && from < extent.1 + GAP
        };
        let below = places.iter().filter(touches);
        let line = below.map(|other| other.line + 1).max().unwrap_or(0);
        places.push(Place {
            x,
            is_left,
            extent,
            line,
        });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Spacing;
    use crate::page::drawing::NARROW;

    fn lines(values: [f64; 4]) -> Vec<u32> {
        let across = Axis::new(Spacing::Even, (0.0, 100.0), 30.0, 340.0);
        let marks = values.map(|value| Mark {
            value,
            label: format!("p99 {value}"),
        });
        let places = place(&NARROW, &across, &marks);
        places.into_iter().map(|place| place.line).collect()
    }

    #[test]
    fn labels_share_a_line_if_they_do_not_touch() {
        assert_eq!(lines([10.0, 40.0, 70.0, 100.0]), [0, 0, 0, 0]);
        assert_eq!(lines([10.0, 70.0, 72.0, 74.0]), [0, 0, 1, 2]);
        assert_eq!(lines([40.0, 40.5, 70.0, 100.0]), [0, 1, 0, 0]);
    }
}
