//! Axes: where values are, and which of them are named.

use super::drawing::Format;
use crate::distribution::Spacing;

/// A value that is named on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub at: f64,
    /// Its name.
    pub label: String,
}

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    spacing: Spacing,
    low: f64,
    high: f64,
    /// Where `low` is.
    from: f64,
    /// Where `high` is.
    to: f64,
}

/// How many ticks an axis may have at most, from the most on.
const MOST_TICKS: [f64; 7] = [10.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0];

/// Which numbers of each power of ten are named, on axes that grow by factors.
const IN_DECADE: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];

impl Axis {
    /// An axis that has `values` between the places `from` and `to`.
    #[must_use]
    pub const fn new(spacing: Spacing, values: (f64, f64), from: f64, to: f64) -> Self {
        let (low, high) = values;
        Self {
            spacing,
            low,
            high,
            from,
            to,
        }
    }

    /// Where `value` is.
    #[must_use]
    pub fn at(&self, value: f64) -> f64 {
        let place = self.spacing.place(value, self.low, self.high);
        self.from + place.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// As many ticks as have room when their labels stand below each other.
    #[must_use]
    pub fn ticks_down(&self, format: &Format) -> Vec<Tick> {
        self.fitting(|ticks| {
            let near = |two: &[Tick]| (two[0].at - two[1].at).abs() < format.line() * 1.2;
            !ticks.windows(2).any(near)
        })
    }

    /// As many ticks as have room when their labels stand side by side.
    #[must_use]
    pub fn ticks_across(&self, format: &Format) -> Vec<Tick> {
        self.fitting(|ticks| {
            let half = |tick: &Tick| format.text_width(&tick.label) / 2.0;
            let near =
                |two: &[Tick]| two[1].at - two[0].at < half(&two[0]) + half(&two[1]) + format.font;
            !ticks.windows(2).any(near)
        })
    }

    fn fitting(&self, fits: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
        let candidates = self.candidates();
        let fewest = candidates.last().cloned().unwrap_or_default();
        candidates
            .into_iter()
            .find(|ticks| fits(ticks))
            .unwrap_or(fewest)
    }

    fn candidates(&self) -> Vec<Vec<Tick>> {
        match self.spacing {
            Spacing::Even => MOST_TICKS.iter().map(|&most| self.even(most)).collect(),
            Spacing::Logarithmic => IN_DECADE.iter().map(|names| self.growing(names)).collect(),
        }
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn even(&self, most: f64) -> Vec<Tick> {
        let least_step = (self.high - self.low) / most;
        let power = 10_f64.powf(least_step.log10().floor());
        let factor = [1.0, 2.0, 5.0]
            .into_iter()
            .find(|factor| factor * power >= least_step * 0.999_999);
        let step = factor.unwrap_or(10.0) * power;
        let decimals = decimals(step);
        let mut ticks = Vec::new();
        let mut number = (self.low / step - 1e-6).ceil();
        while number * step <= self.high + step * 1e-6 {
            ticks.push(self.tick(number * step, decimals));
            number += 1.0;
        }
        ticks
    }

    /// `names` times each power of ten.
    fn growing(&self, names: &[f64]) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let mut power = 10_f64.powf(self.low.log10().floor());
        while power <= self.high {
            let values = names.iter().map(|name| name * power);
            let inside = values.filter(|value| (self.low..=self.high * 1.000_001).contains(value));
            ticks.extend(inside.map(|value| self.tick(value, decimals(power))));
            power *= 10.0;
        }
        ticks
    }

    fn tick(&self, value: f64, decimals: usize) -> Tick {
        // Adding 0 takes the sign from a negative one.
        let label = format!("{:.decimals$}", value + 0.0);
        Tick {
            at: self.at(value),
            label,
        }
    }
}

/// How many digits behind the point tell multiples of `step` apart.
fn decimals(step: f64) -> usize {
    (0..9)
        .find(|&digits| step * 10_f64.powi(digits) > 0.999)
        .and_then(|digits| usize::try_from(digits).ok())
        .unwrap_or(9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawing::NARROW;

    fn labels(spacing: Spacing, low: f64, high: f64, length: f64) -> Vec<String> {
        let axis = Axis::new(spacing, (low, high), 0.0, length);
        let ticks = axis.ticks_across(&NARROW);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_as_many_as_have_room() {
        let even = |low, high, length| labels(Spacing::Even, low, high, length);
        assert_eq!(even(0.0, 10.0, 180.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(
            even(980.6, 1108.5, 300.0),
            ["1000", "1020", "1040", "1060", "1080", "1100"]
        );
        assert_eq!(even(980.6, 1108.5, 150.0), ["1000", "1050", "1100"]);
        assert_eq!(
            even(0.0, 0.5, 300.0),
            ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
        let growing = |low, high, length| labels(Spacing::Logarithmic, low, high, length);
        assert_eq!(growing(0.98, 20.8, 300.0), ["1", "2", "5", "10", "20"]);
        assert_eq!(
            growing(0.7, 100_000.0, 300.0),
            ["1", "10", "100", "1000", "10000", "100000"]
        );
    }

    #[test]
    fn labels_do_not_touch() {
        for spacing in [Spacing::Even, Spacing::Logarithmic] {
            for high in [2.0, 37.0, 123.4, 9999.0, 1e6] {
                let axis = Axis::new(spacing, (0.9, high), 0.0, 250.0);
                let ticks = axis.ticks_across(&NARROW);
                let width: f64 = ticks
                    .iter()
                    .map(|tick| NARROW.text_width(&tick.label))
                    .sum();
                assert!(width < 290.0, "{spacing:?} to {high}: {ticks:?}");
                assert!(ticks.is_sorted_by(|a, b| a.at < b.at), "{ticks:?}");
            }
        }
    }
}
