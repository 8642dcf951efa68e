//! The lock-free parts, and the device that is made of them, under every interleaving of their threads.
//!
//! The driver's own files are compiled here once more, with atomics whose every order of effects is tried, and the
//! device over the kernel of `device_alone`. loom's model is weaker than x64, and about as weak as ARM64; what it
//! does not do is to let a load see what is older than something its thread has seen already.
#![allow(
    dead_code,
    unused_imports,
    reason = "not all of what the driver's files have is used here"
)]

mod atomic {
    pub use loom::sync::atomic::{
        AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering,
    };
}
#[path = "../../src/bus.rs"]
mod bus;
#[path = "../../src/claim.rs"]
mod claim;
#[path = "../../src/counters.rs"]
mod counters;
#[path = "../../src/device/mod.rs"]
mod device;
mod devices;
#[path = "../../src/gate.rs"]
mod gate;
#[path = "../device_alone/kernel.rs"]
mod kernel;
#[path = "../device_alone/objects.rs"]
mod objects;
#[path = "../../src/parameters.rs"]
mod parameters;
#[path = "../../src/receiver.rs"]
mod receiver;
#[path = "../../src/ring.rs"]
mod ring;
#[path = "../../src/set_once.rs"]
mod set_once;
#[path = "../../src/tracing/mod.rs"]
mod tracing;
#[path = "../../src/transmitter.rs"]
mod transmitter;
#[path = "../../src/uart/mod.rs"]
mod uart;

mod platform {
    pub use loom::sync::Mutex;

    /// 50 ms, so that every wait ends soon.
    pub const TIME_OF_A_LOOK: u64 = 500_000;

    pub fn pause() {
        loom::thread::yield_now();
    }

    pub fn before_lock() {}
}

use std::sync::atomic::{AtomicUsize as Count, Ordering};

use atomic::AtomicU8;
use claim::Claim;
use gate::Gate;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use ring::Ring;
use set_once::SetOnce;

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

#[test]
fn what_was_done_before_a_vain_entry_is_seen_by_the_thread_that_opens_the_gate() {
    loom::model(|| {
        let gate = Arc::new(Gate::closed());
        let wish = Arc::new(AtomicU8::new(0));
        let user = {
            let (gate, wish) = (Arc::clone(&gate), Arc::clone(&wish));
            thread::spawn(move || {
                // Ordering: the gate's orders are what is tried.
                wish.store(1, Ordering::Relaxed);
                gate.enter().is_some()
            })
        };
        gate.open();
        let _inside = gate.enter().expect("it is open");
        // Ordering: as above.
        let seen = wish.load(Ordering::Relaxed) == 1;
        let entered = user.join().expect("the user ends");
        assert!(entered || seen, "the wish is lost");
    });
}

#[test]
fn a_claim_has_one_holder_and_shows_what_the_one_before_did() {
    loom::model(|| {
        let claim = Arc::new(Claim::new());
        let claimed = Arc::new(UnsafeCell::new(0_u32));
        let other = {
            let (claim, claimed) = (Arc::clone(&claim), Arc::clone(&claimed));
            thread::spawn(move || {
                let _held = claim.take(thread::yield_now);
                // SAFETY: that nobody else does this meanwhile is what the model checks.
                claimed.with_mut(|value| unsafe { *value += 1 });
            })
        };
        let tried = claim.try_take().is_some_and(|_held| {
            // SAFETY: as above.
            claimed.with_mut(|value| unsafe { *value += 1 });
            true
        });
        other.join().expect("the other thread ends");
        let _held = claim.try_take().expect("nobody holds it");
        // SAFETY: as above.
        let value = claimed.with(|value| unsafe { *value });
        assert_eq!(value, 1 + u32::from(tried));
    });
}

#[test]
fn a_value_that_is_set_once_is_seen_whole_and_set_by_one() {
    loom::model(|| {
        let once = Arc::new(SetOnce::new());
        let published = Arc::new([UnsafeCell::new(0_u32), UnsafeCell::new(0)]);
        let setters: Vec<_> = (0..2_u32)
            .map(|number| {
                let (once, published) = (Arc::clone(&once), Arc::clone(&published));
                thread::spawn(move || {
                    // SAFETY: that nobody reads this before it is published is what the model checks.
                    published[number as usize].with_mut(|value| unsafe { *value = 7 });
                    once.set(number).is_some()
                })
            })
            .collect();
        if let Some(number) = once.get() {
            // SAFETY: as above.
            let value = published[*number as usize].with(|value| unsafe { *value });
            assert_eq!(value, 7);
        }
        let won: Vec<bool> = setters
            .into_iter()
            .map(|setter| setter.join().expect("a setter ends"))
            .collect();
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        assert!(won[*once.get().expect("it is set") as usize]);
    });
}
