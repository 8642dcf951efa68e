//! What every plot has around it: axes with their names, and lines at the values that are named.

use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Format};
use crate::distribution::Spacing;

/// Between an axis and its labels.
const GAP: f64 = 6.0;

/// The values of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<'n> {
    /// What they are and what they are counted in.
    pub name: &'n str,
    /// How they follow each other.
    pub spacing: Spacing,
    /// From the lowest to the highest.
    pub values: (f64, f64),
}

/// A plot with its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// From left to right.
    pub across: Axis,
    /// From below to above.
    pub up: Axis,
    /// Where the plot ends on the left.
    pub left: f64,
    /// Where it ends on the right.
    pub right: f64,
    /// Where it ends above.
    pub top: f64,
    /// Where it ends below.
    pub bottom: f64,
    /// How high the whole picture is.
    pub height: f64,
}

impl Frame {
    /// Draws the axes; `room` is left between the name of the axis that goes up and the plot.
    #[must_use]
    pub fn draw(
        drawing: &mut Drawing,
        format: &Format,
        across: Range<'_>,
        up: Range<'_>,
        room: f64,
    ) -> Self {
        let top = format.line() + room + format.font;
        let bottom = top + format.plot_height;
        let up_axis = Axis::new(up.spacing, up.values, bottom, top);
        let ticks = up_axis.ticks_down(format);
        let widths = ticks.iter().map(|tick| format.text_width(&tick.label));
        let left = widths.fold(0.0, f64::max) + GAP;
        // Half a label may stand out on the right.
        let right = format.width - format.text_width("0000") / 2.0;
        for tick in &ticks {
            drawing.line("grid", (left, tick.at), (right, tick.at));
            let at = (left - GAP, tick.at + format.font * 0.35);
            drawing.text("tick", at, Anchor::End, &tick.label);
        }
        drawing.text("name", (0.0, format.font), Anchor::Start, up.name);

        let across_axis = Axis::new(across.spacing, across.values, left, right);
        for tick in across_axis.ticks_across(format) {
            drawing.line("axis", (tick.at, bottom), (tick.at, bottom + GAP));
            let half = format.text_width(&tick.label) / 2.0;
            let x = tick.at.clamp(half, format.width - half);
            let at = (x, bottom + GAP + format.font);
            drawing.text("tick", at, Anchor::Middle, &tick.label);
        }
        let below = bottom + GAP + format.font + format.line();
        drawing.text("name", (right, below), Anchor::End, across.name);
        drawing.line("axis", (left, bottom), (right, bottom));
        Self {
            across: across_axis,
            up: up_axis,
            left,
            right,
            top,
            bottom,
            height: below + format.font * 0.5,
        }
    }
}
