//! Properties of the comparison: whatever happens to a byte is noticed, and named.

use midiuart_test::compare::{Comparison, Counts};
use proptest::prelude::*;

/// Compares, with `lead` bytes expected before the first arrives.
fn compare(expected: &[u8], arrived: &[u8], lead: usize) -> Comparison {
    let mut comparison = Comparison::default();
    let (before, after) = expected.split_at(lead.min(expected.len()));
    comparison.expect(before);
    let mut after = after.iter();
    for &byte in arrived {
        if let Some(&byte) = after.next() {
            comparison.expect(&[byte]);
        }
        comparison.arrive(byte);
    }
    comparison.expect(after.as_slice());
    comparison.finish();
    comparison
}

/// Bytes that repeat little, or a lot.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 2..4000),
        prop::collection::vec(0_u8..3, 2..4000),
        prop::collection::vec(Just(7_u8), 2..100),
        (prop::collection::vec(any::<u8>(), 1..20), 2_usize..200)
            .prop_map(|(pattern, times)| pattern.repeat(times)),
    ]
}

/// Bytes of which any few in a row tell where in the stream they are.
fn distinct_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 2..4000)
}

/// A place at which two bytes that differ meet; nothing if all are equal.
fn boundary(bytes: &[u8], place: prop::sample::Index) -> Option<usize> {
    let last = bytes.len() - 1;
    let place = place.index(last);
    (place..last)
        .chain(0..place)
        .find(|&place| bytes[place] != bytes[place + 1])
}

proptest! {
    #[test]
    fn identical_streams_differ_in_nothing(bytes in bytes(), lead in 1_usize..3000) {
        let comparison = compare(&bytes, &bytes, lead);
        prop_assert!(comparison.counts().are_zero());
        prop_assert_eq!(comparison.first_difference(), None);
    }

    #[test]
    fn a_deleted_byte_is_lost(
        bytes in bytes(), place in any::<prop::sample::Index>(), lead in 1_usize..3000,
    ) {
        let mut arrived = bytes.clone();
        arrived.remove(place.index(bytes.len()));
        let counts = compare(&bytes, &arrived, lead).counts();
        prop_assert!(counts.lost >= 1, "{:?}", counts);
    }

    #[test]
    fn a_repeated_byte_is_duplicated(
        bytes in bytes(), place in any::<prop::sample::Index>(), lead in 1_usize..3000,
    ) {
        let place = place.index(bytes.len());
        let mut arrived = bytes.clone();
        arrived.insert(place, bytes[place]);
        let counts = compare(&bytes, &arrived, lead).counts();
        prop_assert!(counts.duplicated >= 1, "{:?}", counts);
    }

    #[test]
    fn exchanged_bytes_are_noticed(
        bytes in bytes(), place in any::<prop::sample::Index>(), lead in 1_usize..3000,
    ) {
        let Some(place) = boundary(&bytes, place) else {
            return Ok(());
        };
        let mut arrived = bytes.clone();
        arrived.swap(place, place + 1);
        let counts = compare(&bytes, &arrived, lead).counts();
        prop_assert!(!counts.are_zero());
    }

    #[test]
    fn a_changed_byte_is_noticed(
        bytes in bytes(), place in any::<prop::sample::Index>(), mask in 1_u8.., lead in 1_usize..3000,
    ) {
        let place = place.index(bytes.len());
        let mut arrived = bytes.clone();
        arrived[place] ^= mask;
        let comparison = compare(&bytes, &arrived, lead);
        prop_assert!(!comparison.counts().are_zero());
        let first = comparison.first_difference().expect("a difference");
        prop_assert_eq!(first.offset, place as u64);
    }

    #[test]
    fn where_bytes_tell_their_place_each_fault_has_its_name(
        bytes in distinct_bytes(), place in any::<prop::sample::Index>(), lead in 1_usize..3000,
    ) {
        let Some(place) = boundary(&bytes, place) else {
            return Ok(());
        };
        let none = Counts::default();

        let mut deleted = bytes.clone();
        deleted.remove(place);
        prop_assert_eq!(compare(&bytes, &deleted, lead).counts(), Counts { lost: 1, ..none });

        let mut repeated = bytes.clone();
        repeated.insert(place, bytes[place]);
        prop_assert_eq!(compare(&bytes, &repeated, lead).counts(), Counts { duplicated: 1, ..none });

        let mut exchanged = bytes.clone();
        exchanged.swap(place, place + 1);
        prop_assert_eq!(compare(&bytes, &exchanged, lead).counts(), Counts { reordered: 1, ..none });

        let mut changed = bytes.clone();
        changed[place] ^= 0x55;
        prop_assert_eq!(compare(&bytes, &changed, lead).counts(), Counts { corrupted: 1, ..none });
    }

    /// Whatever arrives: what is lost less what came in addition is what the lengths say.
    #[test]
    fn counts_add_up(expected in bytes(), arrived in bytes()) {
        let counts = compare(&expected, &arrived, expected.len()).counts();
        prop_assert_eq!(counts.are_zero(), expected == arrived);
        let too_few = expected.len().saturating_sub(arrived.len()) as u64;
        prop_assert!(counts.lost >= too_few, "{:?}", counts);
        let too_many = arrived.len().saturating_sub(expected.len()) as u64;
        prop_assert!(counts.duplicated + counts.corrupted >= too_many, "{:?}", counts);
    }
}

#[test]
fn the_first_difference_shows_both_streams() {
    let expected: Vec<u8> = (0..100).collect();
    let mut arrived = expected.clone();
    arrived.remove(20);
    let comparison = compare(&expected, &arrived, 100);
    let first = comparison.first_difference().expect("a difference");
    assert_eq!(first.offset, 20);
    assert!(first.before.ends_with("12 13"), "{}", first.before);
    assert!(first.expected.starts_with("14 15"), "{}", first.expected);
    assert!(first.arrived.starts_with("15 16"), "{}", first.arrived);
}
