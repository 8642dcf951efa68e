//! Values sorted into intervals, for pictures.

/// How an interval follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// By a sum: all are equally long.
    Even,
    /// By a factor: for values of several orders of magnitude.
    Logarithmic,
}

/// From this ratio of the longest to the shortest on, intervals grow.
const LOGARITHMIC_FROM: f64 = 20.0;

impl Spacing {
    /// What suits values from `low` to `high`.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        if low > 0.0 && high / low >= LOGARITHMIC_FROM {
            Self::Logarithmic
        } else {
            Self::Even
        }
    }

    /// Where `value` is between `low`, 0, and `high`, 1.
    #[must_use]
    pub fn place(self, value: f64, low: f64, high: f64) -> f64 {
        match self {
            Self::Even => (value - low) / (high - low),
            Self::Logarithmic => (value / low).ln() / (high / low).ln(),
        }
    }

    /// What is at `place`: the opposite of [`place`](Self::place).
    #[must_use]
    pub fn value(self, place: f64, low: f64, high: f64) -> f64 {
        match self {
            Self::Even => low + place * (high - low),
            Self::Logarithmic => low * (high / low).powf(place),
        }
    }
}

/// Values sorted into intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// How an interval follows the one before it.
    pub spacing: Spacing,
    /// Where the first begins.
    pub low: f64,
    /// Where the last ends.
    pub high: f64,
    /// How many values each holds.
    pub counts: Vec<u64>,
}

impl Distribution {
    /// `values`, and how many there are of each, in `number` intervals; nothing without values.
    #[must_use]
    pub fn of(values: &[(f64, u64)], number: usize) -> Option<Self> {
        let bound = |pick: fn(f64, f64) -> f64| values.iter().map(|&(value, _)| value).reduce(pick);
        let (low, high) = apart(bound(f64::min)?, bound(f64::max)?);
        let mut distribution = Self {
            spacing: Spacing::between(low, high),
            low,
            high,
            counts: vec![0; number.max(1)],
        };
        for &(value, count) in values {
            let index = distribution.index(value);
            distribution.counts[index] += count;
        }
        Some(distribution)
    }

    fn index(&self, value: f64) -> usize {
        // The last that begins at or before it: as many as there are, less those after it.
        let number = self.counts.len();
        let place = self.spacing.place(value, self.low, self.high);
        let after = (1..number).filter(|&index| fraction(index, number) > place);
        number - 1 - after.count()
    }

    /// Where the interval `index` begins and ends.
    #[must_use]
    pub fn bounds(&self, index: usize) -> (f64, f64) {
        let at = |index| {
            let place = fraction(index, self.counts.len());
            self.spacing.value(place, self.low, self.high)
        };
        (at(index), at(index + 1))
    }

    /// The most that an interval holds.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

/// The same bounds, but never the same value twice.
#[must_use]
pub fn apart(low: f64, high: f64) -> (f64, f64) {
    if high - low > f64::EPSILON * high.abs() {
        return (low, high);
    }
    let margin = (low.abs() * 0.01).max(0.5);
    (low - margin, high + margin)
}

fn fraction(index: usize, number: usize) -> f64 {
    let double = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    double(index) / double(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_interval_that_holds_it() {
        for factor in [1.0, 100.0] {
            let values: Vec<_> = (1..=1000)
                .map(|value| (10.0 + f64::from(value) * factor, 1))
                .collect();
            let distribution = Distribution::of(&values, 7).expect("values");
            assert_eq!(distribution.counts.iter().sum::<u64>(), 1000);
            for (index, &count) in distribution.counts.iter().enumerate() {
                let (from, to) = distribution.bounds(index);
                let inside = |&&(value, _): &&(f64, u64)| value >= from && value < to;
                let expected = values.iter().filter(inside).count() as u64;
                assert!(count.abs_diff(expected) <= 1, "{index}: {count} {expected}");
            }
        }
    }

    #[test]
    fn orders_of_magnitude_get_growing_intervals() {
        let spacing = |high| {
            Distribution::of(&[(10.0, 1), (high, 1)], 4)
                .expect("two")
                .spacing
        };
        assert_eq!(spacing(100.0), Spacing::Even);
        assert_eq!(spacing(1000.0), Spacing::Logarithmic);
    }

    #[test]
    fn equal_values_have_an_interval_around_them() {
        let distribution = Distribution::of(&[(960.0, 5)], 3).expect("values");
        assert_eq!(distribution.counts, [0, 5, 0]);
        assert!(distribution.low < 960.0 && distribution.high > 960.0);
        assert_eq!(Distribution::of(&[], 3), None);
    }
}
