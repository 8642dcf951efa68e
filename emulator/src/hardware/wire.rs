//! The MIDI cable: what a chip has sent, and what the far end sends to it.

use std::collections::VecDeque;
use std::time::Duration;

use super::chip::{LineFault, WireByte};
use crate::time::Instant;

/// How long one byte takes at MIDI's 31250 baud: start bit, eight data bits, stop bit.
pub const BYTE_TIME: Duration = Duration::from_micros(320);

/// How far a byte's length may be off before the far end misreads its last bits, in parts per
/// thousand.
const READABLE_DEVIATION_PER_MILLE: u32 = 30;

/// A pair of MIDI cables between a chip and the device at the far end.
#[derive(Clone, Debug, Default)]
pub struct MidiWire {
    sent: Vec<WireByte>,
    far_end: FarEnd,
}

impl MidiWire {
    /// Cables on which nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record to which [`Chip::advance`](super::chip::Chip::advance) appends.
    pub fn record(&mut self) -> &mut Vec<WireByte> {
        &mut self.sent
    }

    /// Everything that the chip has sent, oldest first.
    #[must_use]
    pub fn sent(&self) -> &[WireByte] {
        &self.sent
    }

    /// Takes the record away and begins a new one.
    #[must_use]
    pub fn take_sent(&mut self) -> Vec<WireByte> {
        std::mem::take(&mut self.sent)
    }

    /// The values of the bytes that the chip has sent, oldest first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.sent.iter().map(|byte| byte.value).collect()
    }

    /// How many bytes were sent at a speed that the far end cannot follow.
    #[must_use]
    pub fn unreadable(&self) -> usize {
        let slack = BYTE_TIME * READABLE_DEVIATION_PER_MILLE / 1000;
        self.sent
            .iter()
            .filter(|byte| (byte.end - byte.start).abs_diff(BYTE_TIME) > slack)
            .count()
    }

    /// Which part of the time between `from` and `to` the chip was sending: 0 to 1. An empty
    /// span of time counts as 0.
    #[must_use]
    pub fn utilisation(&self, from: Instant, to: Instant) -> f64 {
        let window = to - from;
        if window.is_zero() {
            return 0.0;
        }
        let first = self.sent.partition_point(|byte| byte.end <= from);
        let busy: Duration = self.sent[first..]
            .iter()
            .take_while(|byte| byte.start < to)
            .map(|byte| byte.end.min(to) - byte.start.max(from))
            .sum();
        busy.div_duration_f64(window)
    }

    /// The device that sends to the chip.
    #[must_use]
    pub const fn far_end(&self) -> &FarEnd {
        &self.far_end
    }

    /// The device that sends to the chip, to make it send.
    pub const fn far_end_mut(&mut self) -> &mut FarEnd {
        &mut self.far_end
    }

    /// When the next byte from the far end will have arrived whole.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        self.far_end.next_arrival()
    }

    /// The oldest byte that has arrived whole by `now`, with what is wrong with it.
    pub fn take_arrival(&mut self, now: Instant) -> Option<(u8, LineFault)> {
        self.far_end.take_arrival(now)
    }
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    value: u8,
    fault: LineFault,
}

/// The device at the far end of the cable: sends what it is told, one byte after the other.
#[derive(Clone, Debug)]
pub struct FarEnd {
    on_the_way: VecDeque<Arrival>,
    idle_from: Instant,
    byte_time: Duration,
}

impl Default for FarEnd {
    fn default() -> Self {
        Self {
            on_the_way: VecDeque::new(),
            idle_from: Instant::POWER_ON,
            byte_time: BYTE_TIME,
        }
    }
}

impl FarEnd {
    /// Makes the far end's clock run `parts_per_million` fast (or slow, if negative) for what it
    /// is told to send from now on. More than a million slow counts as a million less one.
    pub fn set_speed_deviation(&mut self, parts_per_million: i32) {
        let speed = (1_000_000 + i64::from(parts_per_million))
            .max(1)
            .cast_unsigned();
        let nanoseconds = u64::from(BYTE_TIME.subsec_nanos());
        self.byte_time = Duration::from_nanos((nanoseconds * 1_000_000 + speed / 2) / speed);
    }

    /// Sends `bytes` back to back, beginning at `at` or when everything before is out.
    pub fn send(&mut self, bytes: &[u8], at: Instant) {
        self.begin(at);
        for &value in bytes {
            self.push(value, LineFault::default());
        }
    }

    /// Sends damaged bytes like [`FarEnd::send`] sends good ones.
    pub fn send_damaged(&mut self, bytes: &[(u8, LineFault)], at: Instant) {
        self.begin(at);
        for &(value, fault) in bytes {
            self.push(value, fault);
        }
    }

    /// When the next byte will have arrived whole.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.front().map(|arrival| arrival.at)
    }

    /// The oldest byte that has arrived whole by `now`, with what is wrong with it.
    pub fn take_arrival(&mut self, now: Instant) -> Option<(u8, LineFault)> {
        if self.next_arrival()? > now {
            return None;
        }
        self.on_the_way
            .pop_front()
            .map(|arrival| (arrival.value, arrival.fault))
    }

    /// How many bytes have not arrived yet.
    #[must_use]
    pub fn bytes_on_the_way(&self) -> usize {
        self.on_the_way.len()
    }

    fn begin(&mut self, at: Instant) {
        self.idle_from = self.idle_from.max(at);
    }

    fn push(&mut self, value: u8, fault: LineFault) {
        self.idle_from += self.byte_time;
        self.on_the_way.push_back(Arrival {
            at: self.idle_from,
            value,
            fault,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(microseconds: u64) -> Instant {
        Instant::from_nanos(microseconds * 1_000)
    }

    fn sent(value: u8, start: u64, end: u64) -> WireByte {
        WireByte {
            start: at(start),
            end: at(end),
            value,
        }
    }

    #[test]
    fn bytes_arrive_whole_and_back_to_back() {
        let mut wire = MidiWire::new();
        wire.far_end_mut().send(&[0x90, 0x40], at(100));
        wire.far_end_mut().send(&[0x7F], at(200));
        wire.far_end_mut().send(&[0xF8], at(5_000));
        let mut arrivals = Vec::new();
        while let Some(next) = wire.next_arrival() {
            let before = Instant::from_nanos(next.as_nanos() - 1);
            assert_eq!(wire.take_arrival(before), None);
            let (value, fault) = wire.take_arrival(next).expect("it has just been announced");
            assert_eq!(fault, LineFault::default());
            arrivals.push((value, next));
        }
        assert_eq!(
            arrivals,
            [
                (0x90, at(420)),
                (0x40, at(740)),
                (0x7F, at(1_060)),
                (0xF8, at(5_320))
            ]
        );
    }

    #[test]
    fn damage_travels_with_its_byte() {
        let framing = LineFault {
            framing: true,
            ..LineFault::default()
        };
        let mut far_end = FarEnd::default();
        far_end.send_damaged(&[(1, LineFault::default()), (2, framing)], at(0));
        assert_eq!(
            far_end.take_arrival(at(640)),
            Some((1, LineFault::default()))
        );
        assert_eq!(far_end.take_arrival(at(640)), Some((2, framing)));
        assert_eq!(far_end.bytes_on_the_way(), 0);
    }

    #[test]
    fn a_fast_clock_shortens_its_bytes() {
        let mut far_end = FarEnd::default();
        far_end.set_speed_deviation(10_000);
        far_end.send(&[0], at(0));
        assert_eq!(far_end.next_arrival(), Some(Instant::from_nanos(316_832)));
        far_end.set_speed_deviation(-2_000_000);
        far_end.send(&[0], at(0));
        assert_eq!(far_end.bytes_on_the_way(), 2);
    }

    #[test]
    fn utilisation_counts_the_time_under_way() {
        let mut wire = MidiWire::new();
        wire.record()
            .extend([sent(1, 0, 320), sent(2, 320, 640), sent(3, 1_280, 1_600)]);
        let close = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(close(wire.utilisation(at(0), at(640)), 1.0));
        assert!(close(wire.utilisation(at(0), at(1_280)), 0.5));
        assert!(close(wire.utilisation(at(480), at(1_440)), 320.0 / 960.0));
        assert!(close(wire.utilisation(at(700), at(700)), 0.0));
        assert!(close(wire.utilisation(at(2_000), at(3_000)), 0.0));
        assert_eq!(wire.bytes(), [1, 2, 3]);
    }

    #[test]
    fn wrong_speed_is_unreadable() {
        let mut wire = MidiWire::new();
        wire.record()
            .extend([sent(1, 0, 320), sent(2, 320, 649), sent(3, 649, 979)]);
        assert_eq!(wire.unreadable(), 1, "only the one that took 330 µs");
        assert_eq!(wire.take_sent().len(), 3);
        assert!(wire.sent().is_empty());
    }

    proptest! {
        #[test]
        fn arrivals_keep_order_and_distance(
            sendings in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..8), 0_u64..20_000),
                0..12,
            ),
            deviation in -20_000_i32..20_000,
        ) {
            let mut far_end = FarEnd::default();
            far_end.set_speed_deviation(deviation);
            let mut expected = Vec::new();
            for (bytes, when) in &sendings {
                far_end.send(bytes, at(*when));
                expected.extend_from_slice(bytes);
            }
            let mut arrived = Vec::new();
            let mut previous = None;
            while let Some(next) = far_end.next_arrival() {
                if let Some(previous) = previous {
                    prop_assert!(next - previous >= far_end.byte_time);
                }
                previous = Some(next);
                arrived.push(far_end.take_arrival(next).expect("announced").0);
            }
            prop_assert_eq!(arrived, expected);
        }
    }
}
