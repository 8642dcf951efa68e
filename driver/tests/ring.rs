//! The ring by itself: capacity, counts, and a queue as its model.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU8;

use midiuart::ring::Ring;
use proptest::prelude::*;

fn ring(capacity: usize) -> Ring<Box<[AtomicU8]>> {
    Ring::new((0..capacity).map(|_| AtomicU8::new(0)).collect())
}

#[test]
fn a_ring_fills_up_to_its_capacity() {
    let ring = ring(5);
    assert_eq!(ring.capacity(), 5);
    assert_eq!(ring.put(b"abcdefg"), 5);
    assert_eq!((ring.len(), ring.room()), (5, 0));
    assert_eq!(ring.put(b"x"), 0);
    let mut out = [0; 8];
    assert_eq!(ring.take(&mut out), 5);
    assert_eq!(&out[..5], b"abcde");
    assert!(ring.is_empty());
    assert_eq!(ring.take_one(), None);
}

#[test]
fn clearing_counts_what_it_throws_away() {
    let ring = ring(8);
    ring.put(b"abc");
    assert_eq!(ring.clear(), 3);
    assert_eq!(ring.clear(), 0);
    ring.put(b"d");
    assert_eq!(ring.take_one(), Some(b'd'));
}

proptest! {
    #[test]
    fn a_ring_behaves_as_a_queue(
        capacity in 1_usize..70,
        steps in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..90)),
            1..60,
        ),
    ) {
        let ring = ring(capacity);
        let mut model = VecDeque::new();
        for (puts, bytes) in steps {
            if puts {
                let room = capacity - model.len();
                prop_assert_eq!(ring.put(&bytes), room.min(bytes.len()));
                model.extend(bytes.iter().take(room));
            } else {
                let mut out = vec![0; bytes.len()];
                let count = ring.take(&mut out);
                let expected: Vec<u8> = model.drain(..bytes.len().min(model.len())).collect();
                prop_assert_eq!(&out[..count], &expected[..]);
            }
            prop_assert_eq!(ring.len(), model.len());
            prop_assert_eq!(ring.room(), capacity - model.len());
        }
    }
}
