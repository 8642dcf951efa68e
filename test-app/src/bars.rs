//! Histograms of text, for terminals.

use std::fmt::Write;

use crate::distribution::Distribution;

/// Lines of a histogram.
const LINES: usize = 12;

/// Characters of the longest bar: with the bounds before it and the count behind it, a line has less
/// than 80.
const LONGEST_BAR: u64 = 40;

/// Parts of a character, from one eighth to all of it.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The histogram of `values` in microseconds, and how many there are of each; empty without values.
#[must_use]
pub fn histogram(values: &[(f64, u64)]) -> String {
    let Some(distribution) = Distribution::of(values, LINES) else {
        return String::new();
    };
    let highest = distribution.highest().max(1);
    let mut text = String::new();
    for (index, &count) in distribution.counts.iter().enumerate() {
        let (from, to) = distribution.bounds(index);
        let bar = bar(count, highest);
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{from:>9.1} - {to:>9.1} µs {bar} {count}");
    }
    text
}

/// A bar as long as `count` is of `highest`; at least a trace of one unless it is 0.
fn bar(count: u64, highest: u64) -> String {
    let eighths = u128::from(count) * u128::from(LONGEST_BAR) * 8;
    let eighths = eighths.div_ceil(u128::from(highest));
    let eighths = usize::try_from(eighths).unwrap_or_default();
    let mut bar = "█".repeat(eighths / 8);
    if let Some(rest) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[rest]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_counts() {
        assert_eq!(bar(0, 100), "");
        assert_eq!(bar(1, 1_000_000), "▏");
        assert_eq!(bar(50, 100), "█".repeat(20));
        assert_eq!(bar(100, 100), "█".repeat(40));
    }

    #[test]
    fn lines_have_room_on_a_terminal() {
        for high in [970.0, 9_000_000.0] {
            let text = histogram(&[(960.0, 999_999), (high, 1)]);
            assert_eq!(text.lines().count(), LINES);
            for line in text.lines() {
                assert!(line.chars().count() < 80, "{line}");
            }
            let counts = text.lines().filter_map(|line| line.rsplit(' ').next());
            let sum: u64 = counts.filter_map(|count| count.parse::<u64>().ok()).sum();
            assert_eq!(sum, 1_000_000);
        }
        assert_eq!(histogram(&[]), "");
    }
}
