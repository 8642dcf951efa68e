//! One direction of a port: what was handed over against what arrived.

use std::collections::VecDeque;
use std::time::Duration;

use crate::compare::Comparison;
use crate::latency::Latency;
use crate::midi::message::MessageCount;
use crate::report::DirectionReport;

/// From when on a byte's latency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatencyFrom {
    /// From when it was ready.
    Ready,
    /// From when it was ready and those before it had arrived: waiting for them is not counted.
    FreeWire,
}

/// One direction of a port: what was handed over against what arrived.
#[derive(Clone, Debug)]
pub struct Direction {
    latency_from: LatencyFrom,
    comparison: Comparison,
    messages: MessageCount,
    latency: Latency,
    sent: u64,
    arrived: u64,
    /// The numbers of bytes whose latency is measured, and when they were ready.
    measured: VecDeque<(u64, Duration)>,
    busy_until: Duration,
}

impl Direction {
    /// A direction without traffic yet.
    #[must_use]
    pub fn new(latency_from: LatencyFrom) -> Self {
        Self {
            latency_from,
            comparison: Comparison::default(),
            messages: MessageCount::default(),
            latency: Latency::default(),
            sent: 0,
            arrived: 0,
            measured: VecDeque::new(),
            busy_until: Duration::ZERO,
        }
    }

    /// Expects `bytes`; the latency of the first is measured from `ready`.
    pub fn expect(&mut self, bytes: &[u8], ready: Duration) {
        if self.comparison.is_clean_so_far() {
            self.measured.push_back((self.sent, ready));
        }
        self.sent += bytes.len() as u64;
        self.messages.push(bytes);
        self.comparison.expect(bytes);
    }

    /// Takes a byte that arrived at `at`; none can arrive before `busy_until`.
    pub fn arrive(&mut self, byte: u8, at: Duration, busy_until: Duration) {
        self.comparison.arrive(byte);
        if self.comparison.is_clean_so_far() {
            let front = self.measured.front().copied();
            if let Some((_, ready)) = front.filter(|&(number, _)| number == self.arrived) {
                self.measured.pop_front();
                let from = match self.latency_from {
                    LatencyFrom::Ready => ready,
                    LatencyFrom::FreeWire => ready.max(self.busy_until),
                };
                self.latency.record(at.saturating_sub(from));
            }
        } else {
            // Which byte is which is no longer known.
            self.measured.clear();
        }
        self.arrived += 1;
        self.busy_until = busy_until;
    }

    /// How many bytes were expected.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes arrived.
    #[must_use]
    pub const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// The outcome, when nothing more will arrive.
    #[must_use]
    pub fn finish(mut self, name: &'static str) -> DirectionReport {
        self.comparison.finish();
        DirectionReport {
            direction: name,
            bytes: self.sent,
            bytes_arrived: self.arrived,
            messages: self.messages.messages(),
            counts: self.comparison.counts(),
            first_difference: self.comparison.first_difference().cloned(),
            latency: self.latency.percentiles(),
            latencies: self.latency.values(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::BYTE_TIME;

    #[test]
    fn waiting_behind_other_bytes_is_no_latency_of_the_wire() {
        for (from, expected_us) in [(LatencyFrom::FreeWire, 0.0), (LatencyFrom::Ready, 960.0)] {
            let mut direction = Direction::new(from);
            direction.expect(&[0x90, 1, 2], Duration::ZERO);
            direction.expect(&[0xFE], Duration::ZERO);
            for (number, byte) in [0x90, 1, 2, 0xFE].into_iter().enumerate() {
                let start = crate::midi::wire_time(number);
                direction.arrive(byte, start, start + BYTE_TIME);
            }
            let report = direction.finish("out");
            let latency = report.latency.expect("two messages");
            assert_eq!(latency.samples, 2);
            assert!((latency.max_us - expected_us).abs() < 1.0, "{latency:?}");
            assert!(report.counts.are_zero());
        }
    }

    #[test]
    fn latency_is_not_measured_after_a_difference() {
        let mut direction = Direction::new(LatencyFrom::Ready);
        for number in 0..50 {
            direction.expect(&[number], Duration::ZERO);
        }
        for number in (0..50).filter(|&number| number != 10) {
            direction.arrive(number, BYTE_TIME, BYTE_TIME);
        }
        let report = direction.finish("in");
        assert_eq!(report.counts.lost, 1);
        assert_eq!(report.latency.expect("ten before").samples, 10);
    }
}
