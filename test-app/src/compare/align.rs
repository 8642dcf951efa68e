//! Finds where two streams that differ go on alike.

use std::collections::HashMap;

/// How many equal bytes in a row are taken for going on alike.
pub const ANCHOR: usize = 16;

/// How many bytes to pass over in `expected` and in `arrived` so that both go on alike; of all
/// such places the nearest, and the one that keeps in step where that is possible.
///
/// With `ends`, both streams end with these slices, and a shorter likeness at their ends counts
/// too: there is then always an answer.
#[must_use]
pub fn meeting_place(expected: &[u8], arrived: &[u8], ends: bool) -> Option<(usize, usize)> {
    let mut best = ends.then(|| {
        let alike = expected
            .iter()
            .rev()
            .zip(arrived.iter().rev())
            .take_while(|(expected, arrived)| expected == arrived)
            .count();
        (expected.len() - alike, arrived.len() - alike)
    });
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (place, anchor) in expected.windows(ANCHOR).enumerate() {
        places.entry(anchor).or_default().push(place);
    }
    for (surplus, anchor) in arrived.windows(ANCHOR).enumerate() {
        if best.is_some_and(|best| cost(best) <= surplus) {
            break;
        }
        let Some(places) = places.get(anchor) else {
            continue;
        };
        let after = places.partition_point(|&missing| missing < surplus);
        let neighbours = after.saturating_sub(1)..places.len().min(after + 1);
        for &missing in &places[neighbours] {
            let candidate = (missing, surplus);
            if best.is_none_or(|best| cost(candidate) < cost(best)) {
                best = Some(candidate);
            }
        }
    }
    best
}

/// Being out of step is the less likely explanation, so it weighs more.
const fn cost((missing, surplus): (usize, usize)) -> usize {
    let (more, less) = if missing > surplus {
        (missing, surplus)
    } else {
        (surplus, missing)
    };
    more + (more - less)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> Vec<u8> {
        (0..40).map(|number| number * 5).collect()
    }

    #[test]
    fn a_gap_is_passed_over_on_its_side() {
        let long = long();
        assert_eq!(meeting_place(&long, &long[3..], false), Some((3, 0)));
        assert_eq!(meeting_place(&long[3..], &long, false), Some((0, 3)));
    }

    #[test]
    fn an_exchange_keeps_in_step_though_the_stream_repeats() {
        let expected = [1, 2].repeat(30);
        let mut arrived = expected.clone();
        arrived.swap(0, 1);
        assert_eq!(meeting_place(&expected, &arrived, false), Some((2, 2)));
    }

    #[test]
    fn without_likeness_there_is_a_place_only_at_the_end() {
        assert_eq!(meeting_place(&[1; 40], &[2; 50], false), None);
        assert_eq!(meeting_place(&[1; 40], &[2; 50], true), Some((40, 50)));
    }

    #[test]
    fn the_last_bytes_may_be_fewer_than_an_anchor() {
        assert_eq!(meeting_place(&[1, 2, 3, 4], &[9, 3, 4], true), Some((2, 1)));
    }
}
