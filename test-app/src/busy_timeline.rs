//! How busy a wire was in the course of a run.

use std::time::Duration;

use crate::midi::BYTE_TIME;

/// Intervals that are kept at most; beyond these, two become one.
const MOST_INTERVALS: usize = 256;

/// How long intervals are at first.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(5);

/// How busy a wire was, in equal intervals from the first byte on, in a space that does not grow with
/// the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyTimeline {
    origin: Option<Duration>,
    /// When the last byte ended, from there.
    end: Duration,
    interval: Duration,
    busy: Vec<Duration>,
}

impl Default for BusyTimeline {
    fn default() -> Self {
        Self {
            origin: None,
            end: Duration::ZERO,
            interval: SHORTEST_INTERVAL,
            busy: Vec::new(),
        }
    }
}

impl BusyTimeline {
    /// Counts a byte that began at `start`.
    pub fn add(&mut self, start: Duration) {
        let origin = *self.origin.get_or_insert(start);
        let mut from = start.saturating_sub(origin);
        let end = from + BYTE_TIME;
        self.end = self.end.max(end);
        while from < end {
            let number = self.number(from);
            let border = u32::try_from(number + 1).map_or(end, |next| self.interval * next);
            let until = end.min(border).max(from + Duration::from_nanos(1));
            if self.busy.len() <= number {
                self.busy.resize(number + 1, Duration::ZERO);
            }
            self.busy[number] += until.saturating_sub(from);
            from = until;
        }
    }

    /// The number of the interval that holds `at`; there are few enough after this.
    fn number(&mut self, at: Duration) -> usize {
        loop {
            let number = at.as_nanos() / self.interval.as_nanos();
            match usize::try_from(number) {
                Ok(number) if number < MOST_INTERVALS => return number,
                _ => self.halve(),
            }
        }
    }

    fn halve(&mut self) {
        self.interval *= 2;
        self.busy = self
            .busy
            .chunks(2)
            .map(|two| two.iter().sum::<Duration>())
            .collect();
    }

    /// How long an interval is.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// The share of each interval in which bytes were on the wire: 1 for all of it. It is more where
    /// bytes are counted that did not come over a MIDI wire.
    #[must_use]
    pub fn shares(&self) -> Vec<f64> {
        let interval = self.interval.as_secs_f64();
        let shares = self.busy.iter().map(|busy| busy.as_secs_f64() / interval);
        // Four digits: what follows is not seen.
        shares.map(|share| (share * 1e4).round() / 1e4).collect()
    }

    /// The share from the first byte to the last; nothing without bytes.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let busy: Duration = self.busy.iter().sum();
        (!busy.is_zero()).then(|| busy.as_secs_f64() / self.end.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_what_happened_where() {
        let mut timeline = BusyTimeline::default();
        let origin = Duration::from_secs(7);
        // A busy second, a silent one, a second that is half busy.
        for number in 0..3125 {
            timeline.add(origin + BYTE_TIME * number);
        }
        for number in 0..1562 {
            timeline.add(origin + Duration::from_secs(2) + BYTE_TIME * 2 * number);
        }
        let shares = timeline.shares();
        assert!(shares.len() <= MOST_INTERVALS);
        let interval = timeline.interval().as_secs_f64();
        for (number, share) in (0_u32..).zip(shares) {
            let expected = match f64::from(number) * interval {
                ..0.95 => 1.0,
                1.05..1.95 => 0.0,
                2.05..2.9 => 0.5,
                _ => continue,
            };
            assert!((share - expected).abs() < 0.1, "{number}: {share}");
        }
        let mean = timeline.mean().expect("bytes");
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }

    #[test]
    fn hours_take_no_more_space_and_lose_nothing() {
        let mut timeline = BusyTimeline::default();
        for number in 0..10_000 {
            timeline.add(Duration::from_secs(number * 3));
        }
        assert!(timeline.shares().len() <= MOST_INTERVALS);
        let busy: Duration = timeline.busy.iter().sum();
        assert_eq!(busy, BYTE_TIME * 10_000);
        assert_eq!(BusyTimeline::default().mean(), None);
    }
}
