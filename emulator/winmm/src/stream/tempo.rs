//! How long a tick is.

use std::time::Duration;

/// 120 quarter notes a minute, in microseconds for each.
const DEFAULT_TEMPO: u32 = 500_000;
/// Ticks of a quarter note if the program does not say.
const DEFAULT_DIVISION: u32 = 96;

const SECOND: u128 = 1_000_000_000;
/// The time division counts ticks of SMPTE frames.
const SMPTE: u32 = 0x8000;

/// Tempo and time division, as `midiStreamProperty` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tempo {
    /// Microseconds of a quarter note.
    pub(crate) microseconds: u32,
    /// Ticks of a quarter note, or with bit 15, frames a second (negated) and ticks of a frame.
    pub(crate) division: u32,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            microseconds: DEFAULT_TEMPO,
            division: DEFAULT_DIVISION,
        }
    }
}

impl Tempo {
    /// A tick is `numerator / denominator` nanoseconds long.
    fn tick(self) -> (u128, u128) {
        if self.division & SMPTE == 0 {
            let ticks = u128::from(self.division.max(1));
            return (u128::from(self.microseconds) * 1000, ticks);
        }
        let [ticks, frames, ..] = self.division.to_le_bytes();
        let frames = frames.cast_signed().unsigned_abs();
        let ticks = u128::from(ticks.max(1));
        match frames {
            // 30 drop: 30000 frames in 1001 seconds.
            29 => (1001 * SECOND, 30_000 * ticks),
            frames => (SECOND, u128::from(frames.max(1)) * ticks),
        }
    }

    /// Whether a program may set this time division.
    pub(crate) const fn is_division(division: u32) -> bool {
        division != 0 && division <= 0xFFFF
    }

    /// How long so many ticks are.
    pub(crate) fn duration(self, ticks: u64) -> Duration {
        let (numerator, denominator) = self.tick();
        let nanoseconds = u128::from(ticks) * numerator / denominator;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// How many whole ticks there are in a time.
    pub(crate) fn ticks(self, time: Duration) -> u64 {
        let (numerator, denominator) = self.tick();
        let ticks = time.as_nanos() * denominator / numerator.max(1);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_as_long_as_music_says() {
        let tempo = Tempo::default();
        assert_eq!(tempo.duration(96), Duration::from_millis(500));
        assert_eq!(tempo.ticks(Duration::from_millis(499)), 95);
        let smpte = Tempo {
            division: 0xE728,
            ..tempo
        };
        assert_eq!(smpte.duration(40 * 25), Duration::from_secs(1));
        let drop = Tempo {
            division: 0xE350,
            ..tempo
        };
        assert_eq!(drop.duration(80 * 30_000), Duration::from_secs(1001));
    }

    #[test]
    fn what_is_no_division_is_told() {
        for (division, good) in [(0, false), (1, true), (0xE728, true), (0x1_0000, false)] {
            assert_eq!(Tempo::is_division(division), good);
        }
    }
}
