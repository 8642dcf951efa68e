//! The device over real threads that are preempted in front of each of its locks.
//!
//! The driver's own files are compiled here once more, over the kernel of `device_alone`. What the loom tests try
//! for pairs of calls with every order of effects, is tried here for many calls of all kinds, by chance: a failing
//! run prints its seed.
#![allow(
    dead_code,
    unused_imports,
    reason = "not all of what the driver's files have is used here"
)]

mod atomic {
    pub use core::sync::atomic::{
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
#[path = "../../src/tracing/mod.rs"]
mod tracing;
#[path = "../../src/transmitter.rs"]
mod transmitter;
#[path = "../../src/uart/mod.rs"]
mod uart;

mod platform {
    use std::cell::RefCell;
    use std::time::Duration;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    pub use std::sync::Mutex;

    /// A millisecond.
    pub const TIME_OF_A_LOOK: u64 = 10_000;
    /// The longest preemption in front of a lock, in microseconds.
    const LONGEST_PREEMPTION: u64 = 30;

    thread_local! {
        static RANDOM: RefCell<ChaCha8Rng> = RefCell::new(ChaCha8Rng::seed_from_u64(0));
    }

    /// Makes what this thread does by chance follow from `seed`.
    pub fn seed(seed: u64) {
        RANDOM.set(ChaCha8Rng::seed_from_u64(seed));
    }

    /// A random number below `bound`.
    pub fn below(bound: u64) -> u64 {
        RANDOM.with_borrow_mut(|random| random.next_u64() % bound)
    }

    pub fn pause() {
        std::thread::yield_now();
    }

    pub fn before_lock() {
        match below(4) {
            0 => std::thread::sleep(Duration::from_micros(below(LONGEST_PREEMPTION))),
            1 => std::thread::yield_now(),
            _ => {}
        }
    }
}

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::thread;

use device::Device;
use kernel::registers::{ACCESSES, LINE_STATUS};
use kernel::timer::TimerTarget;

const RUNS: u64 = 150;

/// There is one set of registers.
static ALONE: Mutex<()> = Mutex::new(());

/// Says how to repeat a run when it fails.
struct Run<'a> {
    seed: u64,
    _alone: &'a MutexGuard<'static, ()>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("seed {}", self.seed);
        }
    }
}

/// Makes so many runs, each with a device of its own that was started.
fn runs(run: impl Fn(&Arc<Device>, u64)) {
    let alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for seed in 0..RUNS {
        let _announce = Run {
            seed,
            _alone: &alone,
        };
        platform::seed(seed);
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x60, SeqCst);
        let settings = uart::ns16550::Settings {
            baud_clock: 24_000_000,
            baud_rate: 31_250,
            fifo_depth: 16,
            has_interrupt: false,
        };
        let uart = uart::ns16550::Ns16550::new(bus::Registers::Ports(0), settings);
        let device = Device::new(
            uart::AnyUart::Ns16550(uart),
            None,
            &parameters::Parameters::default(),
            tracing::Tracer::default(),
        );
        let device = Arc::new(device.expect("memory"));
        // SAFETY: the device lies in its own memory, and is started once.
        unsafe { device.start(objects::port(), objects::group()) }.expect("it starts");
        run(&device, seed);
    }
}

/// Does both at the same time, on two threads.
fn beside(
    device: &Arc<Device>,
    seed: u64,
    one: impl FnOnce(&Device) + Send,
    other: impl FnOnce(&Device) + Send,
) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            platform::seed(seed ^ 0x5555);
            barrier.wait();
            one(device);
        });
        barrier.wait();
        other(device);
    });
}

fn accesses() -> u64 {
    // Ordering: compared by the thread that has joined the others, or that finds a change in any case.
    ACCESSES.load(SeqCst)
}

/// Whatever is called on a device that is gone: it stays gone, and no register is touched.
fn is_gone_for_good(device: &Device) {
    let before = accesses();
    assert!(device.is_gone());
    assert!(
        device.write(&[0xF8]).is_err(),
        "a device that is gone takes writes"
    );
    device.sleep();
    assert_eq!(device.wake(), Ok(()));
    assert!(device.get_ready().is_err());
    device.listen(true);
    device.begin_writes();
    device.service();
    device.tick();
    assert!(device.write(&[0xF8]).is_err());
    assert!(device.is_gone());
    assert_eq!(
        accesses(),
        before,
        "registers are touched after the removal"
    );
}

#[test]
fn a_device_that_is_taken_away_while_it_goes_to_sleep_stays_away() {
    runs(|device, seed| {
        // The chip stands still, so that what was accepted waits and is waited for.
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x00, SeqCst);
        assert_eq!(device.write(&[0x90; 40]), Ok(40));
        beside(device, seed, Device::sleep, |device| {
            for _ in 0..platform::below(20) {
                thread::yield_now();
            }
            device.take_away(true);
            let gone = accesses();
            thread::yield_now();
            assert_eq!(accesses(), gone, "registers are touched after the removal");
        });
        is_gone_for_good(device);
    });
}

#[test]
fn a_device_that_sleeps_is_not_touched_by_a_removal() {
    runs(|device, seed| {
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x00, SeqCst);
        assert_eq!(device.write(&[0x90; 40]), Ok(40));
        beside(
            device,
            seed,
            |device| {
                for _ in 0..platform::below(20) {
                    thread::yield_now();
                }
                device.take_away(true);
            },
            |device| {
                device.sleep();
                // Asleep, or gone: in either case without power.
                let asleep = accesses();
                thread::yield_now();
                assert_eq!(accesses(), asleep, "registers are touched without power");
            },
        );
        is_gone_for_good(device);
    });
}

#[test]
fn a_device_that_wakes_while_it_is_taken_away_is_gone() {
    runs(|device, seed| {
        device.sleep();
        let wake = |device: &Device| {
            let _ = device.wake();
        };
        beside(device, seed, wake, |device| device.take_away(true));
        is_gone_for_good(device);
    });
}

#[test]
fn streams_that_get_ready_at_the_same_time_set_the_uart_up_once() {
    runs(|device, seed| {
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x00, SeqCst);
        assert_eq!(device.write(&[0x90; 40]), Ok(40));
        // The kernel's time goes on by the looks.
        while device.is_working() {
            device.tick();
        }
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x60, SeqCst);
        let get_ready = |device: &Device| assert_eq!(device.get_ready(), Ok(()));
        beside(device, seed, get_ready, get_ready);
        assert_eq!(device.counters.revivals.get(), 1);
        device.take_away(true);
    });
}

/// One of the calls that may come at any time.
fn call(device: &Device, accepted: &mut u32) {
    match platform::below(12) {
        0..=3 => {
            let length = usize::try_from(1 + platform::below(40)).expect("a small number");
            let taken = device.write(&[0x90; 40][..length]).unwrap_or(0);
            *accepted += u32::try_from(taken).expect("a small number");
        }
        4 => device.listen(platform::below(2) == 0),
        5 => {
            let _ = device.read(&mut [0; 16]);
        }
        6 => device.service(),
        7 => device.tick(),
        8 => {
            let _ = device.get_ready();
        }
        9 => device.begin_writes(),
        10 => device.sleep(),
        _ => {
            let _ = device.wake();
        }
    }
}

#[test]
fn whatever_is_called_beside_whatever_no_byte_vanishes_and_a_device_that_is_gone_stays_so() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 60;
    runs(|device, seed| {
        let accepted = std::sync::atomic::AtomicU32::new(0);
        thread::scope(|scope| {
            for number in 0..THREADS {
                let accepted = &accepted;
                scope.spawn(move || {
                    platform::seed(seed * THREADS + number);
                    let mut taken = 0;
                    for _ in 0..CALLS {
                        call(device, &mut taken);
                    }
                    // Ordering: looked at when the threads are joined.
                    accepted.fetch_add(taken, SeqCst);
                });
            }
            for _ in 0..platform::below(400) {
                thread::yield_now();
            }
            device.take_away(seed % 2 == 0);
            let gone = accesses();
            thread::yield_now();
            assert_eq!(accesses(), gone, "registers are touched after the removal");
        });
        is_gone_for_good(device);
        let counters = &device.counters;
        let accounted = counters.bytes_sent.get() + counters.bytes_discarded.get();
        assert_eq!(
            accepted.into_inner(),
            accounted,
            "accepted, and sent or thrown away"
        );
    });
}

#[test]
fn what_was_received_and_never_read_is_counted() {
    runs(|device, _| {
        device.listen(true);
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x61, SeqCst);
        device.service();
        // Ordering: no other thread runs.
        LINE_STATUS.store(0x60, SeqCst);
        assert!(device.counters.bytes_received.get() > 0);
        device.listen(false);
        device.listen(true);
        assert_eq!(device.read(&mut [0; 64]), 0);
        let counters = &device.counters;
        let accounted = counters.bytes_unheard.get() + counters.receive_overflows.get();
        assert_eq!(
            counters.bytes_received.get(),
            accounted,
            "received, and read or counted as lost"
        );
        device.take_away(true);
    });
}
