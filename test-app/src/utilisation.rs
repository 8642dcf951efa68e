//! How busy the wire was.

use std::time::Duration;

use crate::midi::BYTE_TIME;

/// The share of time in which the wire carried bits, over the bytes shown to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utilisation {
    span: Option<(Duration, Duration)>,
    busy: Duration,
}

impl Utilisation {
    /// Counts a byte whose start bit began at `start`.
    pub fn add(&mut self, start: Duration) {
        let begin = self.span.map_or(start, |(begin, _)| begin);
        self.span = Some((begin, start + BYTE_TIME));
        self.busy += BYTE_TIME;
    }

    /// The share, 1 for a wire without a gap between its first and last byte; nothing without
    /// bytes.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let (begin, end) = self.span?;
        Some(self.busy.as_secs_f64() / end.saturating_sub(begin).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_back_to_back_use_the_whole_wire() {
        let mut utilisation = Utilisation::default();
        for number in 0..100 {
            utilisation.add(BYTE_TIME * number);
        }
        let share = utilisation.share().expect("100 bytes");
        assert!((share - 1.0).abs() < 1e-9, "{share}");
    }

    #[test]
    fn every_second_byte_time_idle_is_half() {
        let mut utilisation = Utilisation::default();
        for number in 0..10_000 {
            utilisation.add(BYTE_TIME * 2 * number);
        }
        let share = utilisation.share().expect("bytes");
        assert!((share - 0.5).abs() < 1e-4, "{share}");
    }

    #[test]
    fn no_bytes_no_share() {
        assert_eq!(Utilisation::default().share(), None);
    }
}
