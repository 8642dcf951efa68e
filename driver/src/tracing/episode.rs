//! Trouble that comes in rows is told once a row.

use crate::kernel::clock::{InterruptTime, MILLISECOND};

/// Trouble that comes again within this time is still the same.
const QUIET: InterruptTime = 1000 * MILLISECOND;

/// Rows of trouble of one kind.
#[derive(Debug, Default)]
pub(crate) struct Episode {
    seen: u32,
    last: Option<InterruptTime>,
}

impl Episode {
    /// Whether a row begins, when `count` is how much trouble there has been in all.
    pub(crate) fn begins(&mut self, count: u32, now: InterruptTime) -> bool {
        if count == self.seen {
            return false;
        }
        self.seen = count;
        let last = self.last.replace(now);
        last.is_none_or(|last| now.saturating_sub(last) >= QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_once_however_long() {
        let mut episode = Episode::default();
        assert!(!episode.begins(0, 0));
        assert!(episode.begins(1, 5));
        for count in 2..100 {
            let now = 5 + InterruptTime::from(count - 1) * (QUIET - 1);
            assert!(!episode.begins(count, now), "{count}");
        }
    }

    #[test]
    fn after_a_quiet_second_another_row_begins() {
        let mut episode = Episode::default();
        assert!(episode.begins(3, 0));
        assert!(!episode.begins(3, 10 * QUIET), "no more trouble");
        assert!(episode.begins(4, 10 * QUIET));
        assert!(!episode.begins(5, 11 * QUIET - 1));
    }
}
