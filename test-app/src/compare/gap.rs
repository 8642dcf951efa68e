//! Says what happened between two places at which streams agree.

use super::Counts;

/// Above this many pairs of bytes the order inside a gap is judged place by place.
const MAX_PAIRS: usize = 1 << 22;

/// What happened to the `expected` bytes if the `arrived` ones came in their place, after those
/// of `history`.
#[must_use]
pub fn count(expected: &[u8], arrived: &[u8], history: impl Iterator<Item = u8>) -> Counts {
    let wanted = tally(expected.iter().copied());
    let came = tally(arrived.iter().copied());
    let known = tally(history);
    let mut in_both = 0;
    let mut missing = 0;
    let mut surplus = 0;
    let mut surplus_known = 0;
    for value in 0..=usize::from(u8::MAX) {
        let both = wanted[value].min(came[value]);
        in_both += both;
        missing += wanted[value] - both;
        surplus += came[value] - both;
        if known[value] > 0 || wanted[value] > 0 {
            surplus_known += came[value] - both;
        }
    }
    let in_order = u64::try_from(common_in_order(expected, arrived)).unwrap_or(u64::MAX);
    let replaced = missing.min(surplus);
    let added = surplus - replaced;
    let duplicated = added.min(surplus_known);
    Counts {
        lost: missing - replaced,
        duplicated,
        reordered: in_both.saturating_sub(in_order),
        corrupted: replaced + (added - duplicated),
    }
}

fn tally(bytes: impl Iterator<Item = u8>) -> [u64; 256] {
    let mut tally = [0; 256];
    for byte in bytes {
        tally[usize::from(byte)] += 1;
    }
    tally
}

/// The length of the longest sequence that both contain in the same order.
fn common_in_order(expected: &[u8], arrived: &[u8]) -> usize {
    if expected.len().saturating_mul(arrived.len()) > MAX_PAIRS {
        let pairs = expected.iter().zip(arrived);
        return pairs
            .filter(|(expected, arrived)| expected == arrived)
            .count();
    }
    // Entry n: the length for the expected bytes so far and the first n that arrived.
    let mut lengths = vec![0; arrived.len() + 1];
    for wanted in expected {
        let mut diagonal = 0;
        for (place, came) in arrived.iter().enumerate() {
            let above = lengths[place + 1];
            lengths[place + 1] = if wanted == came {
                diagonal + 1
            } else {
                above.max(lengths[place])
            };
            diagonal = above;
        }
    }
    lengths[arrived.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lost: u64, duplicated: u64, reordered: u64, corrupted: u64) -> Counts {
        Counts {
            lost,
            duplicated,
            reordered,
            corrupted,
        }
    }

    #[test]
    fn each_kind_is_told_apart() {
        let after_7 = || [7].into_iter();
        assert_eq!(count(&[1, 2], &[], after_7()), counts(2, 0, 0, 0));
        assert_eq!(count(&[], &[7], after_7()), counts(0, 1, 0, 0));
        assert_eq!(count(&[], &[8], after_7()), counts(0, 0, 0, 1));
        assert_eq!(count(&[1, 2], &[2, 1], after_7()), counts(0, 0, 1, 0));
        assert_eq!(count(&[1], &[9], after_7()), counts(0, 0, 0, 1));
        assert_eq!(count(&[1, 2, 3], &[3, 9], after_7()), counts(1, 0, 0, 1));
    }

    #[test]
    fn long_gaps_are_judged_too() {
        let expected = vec![1; 3000];
        let arrived = vec![2; 3000];
        assert_eq!(
            count(&expected, &arrived, [].into_iter()),
            counts(0, 0, 0, 3000)
        );
    }
}
