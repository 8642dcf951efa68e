//! Latency percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Decimal digits that the histogram keeps of each value.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Latencies above this are told apart by their maximum only.
const HIGHEST: Duration = Duration::from_hours(1);

/// A distribution of latencies, in a space that does not grow with their number.
#[derive(Clone, Debug)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let highest = u64::try_from(HIGHEST.as_nanos()).expect("an hour is 42 bits");
        Self(
            Histogram::new_with_max(highest, SIGNIFICANT_DIGITS)
                .expect("the precision and the range are possible"),
        )
    }
}

impl Latency {
    /// Adds one latency.
    pub fn record(&mut self, latency: Duration) {
        self.0
            .saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The percentiles, or nothing if nothing was recorded.
    #[must_use]
    pub fn percentiles(&self) -> Option<Percentiles> {
        if self.0.is_empty() {
            return None;
        }
        let at = |quantile| microseconds(self.0.value_at_quantile(quantile));
        Some(Percentiles {
            samples: self.0.len(),
            p50_us: at(0.50),
            p90_us: at(0.90),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: microseconds(self.0.max()),
        })
    }

    /// The latencies in microseconds, to three digits, and how many there are of each.
    #[must_use]
    pub fn values(&self) -> Vec<(f64, u64)> {
        self.0
            .iter_recorded()
            .map(|step| {
                (
                    microseconds(step.value_iterated_to()),
                    step.count_since_last_iteration(),
                )
            })
            .collect()
    }
}

/// Percentiles of a latency, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many latencies were measured.
    pub samples: u64,
    /// Half of them are at most this.
    pub p50_us: f64,
    /// Nine of ten are at most this.
    pub p90_us: f64,
    /// 99 of 100 are at most this.
    pub p99_us: f64,
    /// 999 of 1000 are at most this.
    pub p99_9_us: f64,
    /// All of them are at most this.
    pub max_us: f64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the histogram keeps three digits; a double has fifteen"
)]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_microseconds_and_ordered() {
        let mut latency = Latency::default();
        for microseconds in 1..=1000 {
            latency.record(Duration::from_micros(microseconds));
        }
        let found = latency.percentiles().expect("1000 samples");
        assert_eq!(found.samples, 1000);
        assert!((found.p50_us - 500.0).abs() < 2.0, "{found:?}");
        assert!((found.p99_us - 990.0).abs() < 3.0, "{found:?}");
        assert!((found.max_us - 1000.0).abs() < 2.0, "{found:?}");
        assert!(found.p90_us < found.p99_9_us);
    }

    #[test]
    fn values_are_counted() {
        let mut latency = Latency::default();
        for microseconds in [5, 900, 900] {
            latency.record(Duration::from_micros(microseconds));
        }
        let values = latency.values();
        let counts: Vec<_> = values.iter().map(|&(_, count)| count).collect();
        assert_eq!(counts, [1, 2]);
        assert!((values[1].0 - 900.0).abs() < 1.0, "{values:?}");
    }

    #[test]
    fn without_samples_there_are_no_percentiles() {
        assert_eq!(Latency::default().percentiles(), None);
    }
}
