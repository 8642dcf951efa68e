//! The lock-free parts under every interleaving of their threads.
//!
//! They are compiled here once more, with atomics whose every order of effects is tried.

mod atomic {
    pub use loom::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
}

#[path = "../../src/gate.rs"]
mod gate;
#[expect(dead_code, reason = "not all of the ring is needed here")]
#[path = "../../src/ring.rs"]
mod ring;

use std::sync::atomic::{AtomicUsize as Count, Ordering};

use atomic::AtomicU8;
use gate::Gate;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use ring::Ring;

fn ring(capacity: usize) -> Arc<Ring<Box<[AtomicU8]>>> {
    Arc::new(Ring::new((0..capacity).map(|_| AtomicU8::new(0)).collect()))
}

#[test]
fn no_byte_is_lost_torn_or_reordered() {
    loom::model(|| {
        let ring = ring(2);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let bytes = [1, 2, 3];
                let first = ring.put(&bytes);
                first + ring.put(&bytes[first..])
            })
        };
        let mut taken = Vec::new();
        for _ in 0..2 {
            taken.extend(ring.take_one());
        }
        let put = producer.join().expect("the producer ends");
        while let Some(byte) = ring.take_one() {
            taken.push(byte);
        }
        assert_eq!(taken, [1, 2, 3][..put]);
    });
}

#[test]
fn bytes_stay_in_order_when_the_ring_wraps() {
    loom::model(|| {
        let ring = ring(2);
        // Both indices stand at the end of their run.
        for _ in 0..3 {
            ring.put(&[0]);
            ring.take_one();
        }
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let mut bytes = [0; 2];
                let count = ring.take(&mut bytes);
                bytes[..count].to_vec()
            })
        };
        let mut put = ring.put(&[1, 2]);
        put += ring.put(&[3]);
        let mut taken = consumer.join().expect("the consumer ends");
        while let Some(byte) = ring.take_one() {
            taken.push(byte);
        }
        assert_eq!(taken, [1, 2, 3][..put]);
    });
}

#[test]
fn clearing_while_putting_leaves_a_tail_of_what_was_put() {
    loom::model(|| {
        let ring = ring(3);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                assert_eq!(ring.put(&[1]), 1);
                assert_eq!(ring.put(&[2]), 1);
            })
        };
        let cleared = ring.clear();
        producer.join().expect("the producer ends");
        let mut rest = [0; 3];
        let left = ring.take(&mut rest);
        assert_eq!(cleared + left, 2);
        assert_eq!(rest[..left], [1, 2][cleared..]);
    });
}

#[test]
fn whoever_finds_a_closed_gate_empty_is_alone_with_the_hardware() {
    /// Runs in which the user got in: the test would show nothing without any.
    static GOT_IN: Count = Count::new(0);
    loom::model(|| {
        let gate = Arc::new(Gate::closed());
        let hardware = Arc::new(UnsafeCell::new(0_u32));
        gate.open();
        let user = {
            let (gate, hardware) = (Arc::clone(&gate), Arc::clone(&hardware));
            thread::spawn(move || {
                if let Some(_inside) = gate.enter() {
                    GOT_IN.fetch_add(1, Ordering::Relaxed);
                    // SAFETY: that nobody else does this meanwhile is what the model checks.
                    hardware.with_mut(|value| unsafe { *value += 1 });
                }
            })
        };
        gate.close();
        if gate.is_empty() {
            // SAFETY: as above.
            hardware.with_mut(|value| unsafe { *value += 1 });
        }
        user.join().expect("the user ends");
        assert!(gate.enter().is_none());
        assert!(gate.is_empty());
    });
    assert!(GOT_IN.load(Ordering::Relaxed) > 0);
}
