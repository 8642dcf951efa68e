//! What a set of latencies comes to.

use std::time::Duration;

use serde::Serialize;

/// What a set of latencies comes to, in microseconds.
///
/// A percentile is the smallest latency that so many of the others do not exceed: always one that was
/// measured (the nearest-rank method).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How many latencies there are.
    pub samples: u64,
    /// The shortest.
    pub min_us: f64,
    /// Their mean.
    pub mean_us: f64,
    /// Half of them are at most this.
    pub median_us: f64,
    /// Nine of ten are at most this.
    pub p90_us: f64,
    /// 99 of 100 are at most this.
    pub p99_us: f64,
    /// 999 of 1000 are at most this.
    pub p99_9_us: f64,
    /// The longest.
    pub max_us: f64,
    /// Jitter: the standard deviation.
    pub standard_deviation_us: f64,
    /// Jitter: how far one is from the median at most.
    pub max_deviation_us: f64,
}

impl Figures {
    /// Those of `latencies`, or nothing if there are none.
    #[must_use]
    pub fn of(latencies: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<u64> = latencies.into_iter().map(nanoseconds).collect();
        sorted.sort_unstable();
        let (&shortest, &longest) = (sorted.first()?, sorted.last()?);
        let median = percentile(&sorted, 500)?;
        let number = in_double(sorted.len() as u64);
        let mean = sorted.iter().map(|&ns| in_double(ns)).sum::<f64>() / number;
        let squares = sorted.iter().map(|&ns| (in_double(ns) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / number).sqrt();
        let farthest = median.abs_diff(shortest).max(median.abs_diff(longest));
        Some(Self {
            samples: sorted.len() as u64,
            min_us: in_double(shortest) / 1000.0,
            mean_us: rounded(mean / 1000.0),
            median_us: in_double(median) / 1000.0,
            p90_us: in_double(percentile(&sorted, 900)?) / 1000.0,
            p99_us: in_double(percentile(&sorted, 990)?) / 1000.0,
            p99_9_us: in_double(percentile(&sorted, 999)?) / 1000.0,
            max_us: in_double(longest) / 1000.0,
            standard_deviation_us: rounded(deviation / 1000.0),
            max_deviation_us: in_double(farthest) / 1000.0,
        })
    }

    /// The figures by their names for people, in the order of tables.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, f64); 9] {
        [
            ("min", self.min_us),
            ("mean", self.mean_us),
            ("median", self.median_us),
            ("p90", self.p90_us),
            ("p99", self.p99_us),
            ("p99.9", self.p99_9_us),
            ("max", self.max_us),
            ("jitter, standard deviation", self.standard_deviation_us),
            ("jitter, farthest from median", self.max_deviation_us),
        ]
    }
}

/// A duration in microseconds.
#[must_use]
pub fn microseconds(duration: Duration) -> f64 {
    in_double(nanoseconds(duration)) / 1000.0
}

/// The smallest of `sorted` that at least `permille` thousandths of them do not exceed.
fn percentile(sorted: &[u64], permille: usize) -> Option<u64> {
    let rank = (sorted.len() * permille).div_ceil(1000);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// To the nanosecond: what is computed has no more to tell than what is measured.
fn rounded(microseconds: f64) -> f64 {
    (microseconds * 1000.0).round() / 1000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, and times in nanoseconds, need less than the 53 bits of a double"
)]
const fn in_double(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thousand_latencies() {
        let figures = Figures::of((1..=1000).rev().map(Duration::from_micros)).expect("figures");
        let expected = [
            1.0, 500.5, 500.0, 900.0, 990.0, 999.0, 1000.0, 288.675, 500.0,
        ];
        for ((name, found), expected) in figures.rows().into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{name}: {found}");
        }
    }

    #[test]
    fn one_latency_is_every_figure_of_itself() {
        let figures = Figures::of([Duration::from_micros(7)]).expect("figures");
        for (name, found) in figures.rows() {
            let expected = if name.starts_with("jitter") { 0.0 } else { 7.0 };
            assert!((found - expected).abs() < 1e-9, "{name}: {found}");
        }
        assert_eq!(Figures::of([]), None);
    }

    proptest! {
        /// By the definition: enough are at most it, and of no smaller one that is true.
        #[test]
        fn percentiles_are_what_they_say(
            mut values in prop::collection::vec(0_u64..50, 1..300),
            permille in 1_usize..=1000,
        ) {
            values.sort_unstable();
            let enough = |value: u64| {
                let at_most = values.iter().filter(|&&other| other <= value).count();
                at_most * 1000 >= permille * values.len()
            };
            let found = percentile(&values, permille).expect("values");
            prop_assert!(values.contains(&found));
            prop_assert!(enough(found));
            let smaller = values.iter().filter(|&&value| value < found);
            for &value in smaller {
                prop_assert!(!enough(value));
            }
        }
    }
}
