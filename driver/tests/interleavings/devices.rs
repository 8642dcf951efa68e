//! Two calls of a device beside each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom::thread;

use crate::device::Device;
use crate::kernel::registers::{ACCESSES, LINE_STATUS};
use crate::kernel::timer::{ARMED, TimerTarget};
use crate::parameters::Parameters;
use crate::tracing::Tracer;
use crate::uart::AnyUart;
use crate::uart::ns16550::{Ns16550, Settings};
use crate::uart::software::SoftwareUart;
use crate::{bus, objects};

/// Atomic operations of a run, at most.
const MOST_BRANCHES: usize = 20_000;

/// There is one set of registers and of timers.
static ALONE: Mutex<()> = Mutex::new(());

fn software() -> AnyUart<bus::Registers> {
    AnyUart::Software(SoftwareUart::new(false))
}

fn polled_chip() -> AnyUart<bus::Registers> {
    let settings = Settings {
        baud_clock: 24_000_000,
        baud_rate: 31_250,
        fifo_depth: 16,
        has_interrupt: false,
    };
    AnyUart::Ns16550(Ns16550::new(bus::Registers::Ports(0), settings))
}

fn started(uart: AnyUart<bus::Registers>) -> Arc<Device> {
    // Ordering: no other thread runs.
    LINE_STATUS.store(0x60, Ordering::Relaxed);
    let parameters = Parameters {
        transmit_ring_bytes: 4,
        receive_ring_bytes: 4,
        ..Parameters::default()
    };
    let device = Device::new(uart, None, &parameters, Tracer::default());
    let device = Arc::new(device.expect("memory"));
    // SAFETY: the device lies in its own memory, and is started once.
    unsafe { device.start(objects::port(), objects::group()) }.expect("it starts");
    device
}

/// Tries every order in which the two may run.
fn each_order(
    uart: impl Fn() -> AnyUart<bus::Registers> + Send + Sync + 'static,
    before: impl Fn(&Device) + Send + Sync + 'static,
    one: impl Fn(&Device) + Copy + Send + Sync + 'static,
    other: impl Fn(&Device) + Copy + Send + Sync + 'static,
    after: impl Fn(&Device) + Send + Sync + 'static,
) {
    let _alone: MutexGuard<'_, ()> = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut model = loom::model::Builder::new();
    model.max_branches = MOST_BRANCHES;
    model.check(move || {
        let device = started(uart());
        before(&device);
        let beside = {
            let device = Arc::clone(&device);
            thread::spawn(move || one(&device))
        };
        other(&device);
        beside.join().expect("the other thread ends");
        after(&device);
        device.take_away(true);
    });
}

fn take_armed() -> bool {
    // Ordering: no other thread runs.
    ARMED.swap(false, Ordering::Relaxed)
}

fn accesses() -> u64 {
    // Ordering: no other thread runs, or what it did is compared only if it is seen.
    ACCESSES.load(Ordering::Relaxed)
}

/// The device is gone, and stays so whatever is called.
fn is_gone_for_good(device: &Device) {
    let before = accesses();
    assert!(device.is_gone());
    assert!(
        device.write(&[1]).is_err(),
        "a device that is gone takes writes"
    );
    assert_eq!(device.wake(), Ok(()));
    assert!(device.write(&[1]).is_err());
    assert_eq!(accesses(), before);
}

#[test]
fn a_byte_that_is_written_while_the_timer_expires_is_sent_or_has_a_timer() {
    each_order(
        polled_chip,
        |device| {
            // The transmitter is full: what is written waits, with the timer set.
            // Ordering: no other thread runs.
            LINE_STATUS.store(0x00, Ordering::Relaxed);
            assert_eq!(device.write(&[1]), Ok(1));
            // Now it expires, and the transmitter is empty.
            take_armed();
            // Ordering: as above.
            LINE_STATUS.store(0x60, Ordering::Relaxed);
        },
        |device| assert_eq!(device.write(&[2]), Ok(1)),
        TimerTarget::tick,
        |device| {
            let sent = device.counters.bytes_sent.get();
            assert!(
                sent == 2 || take_armed(),
                "a byte waits, and no timer is set"
            );
        },
    );
}

#[test]
fn a_device_that_begins_to_listen_while_it_wakes_is_looked_at() {
    each_order(
        polled_chip,
        |device| {
            device.sleep();
            take_armed();
        },
        |device| device.listen(true),
        |device| assert_eq!(device.wake(), Ok(())),
        |_| assert!(take_armed(), "nothing looks at the chip"),
    );
}

#[test]
fn a_device_that_wakes_while_it_is_taken_away_is_gone() {
    each_order(
        software,
        Device::sleep,
        |device| {
            let _ = device.wake();
        },
        |device| device.take_away(true),
        is_gone_for_good,
    );
}

#[test]
fn a_device_that_goes_to_sleep_while_it_is_taken_away_is_gone() {
    each_order(
        software,
        |_| {},
        Device::sleep,
        |device| device.take_away(true),
        is_gone_for_good,
    );
}

#[test]
fn a_write_beside_a_removal_is_refused_or_its_bytes_are_accounted_for() {
    each_order(
        software,
        |_| {},
        |device| {
            let taken = device.write(&[1, 2]).unwrap_or(0);
            // Refused writes are counted elsewhere; of these there is one.
            device.counters.partial_writes.add_usize(taken);
        },
        |device| device.take_away(true),
        |device| {
            let counters = &device.counters;
            let accounted = counters.bytes_sent.get() + counters.bytes_discarded.get();
            assert_eq!(counters.partial_writes.get(), accounted);
            is_gone_for_good(device);
        },
    );
}

#[test]
fn streams_that_get_ready_at_the_same_time_set_the_uart_up_once() {
    let get_ready = |device: &Device| assert_eq!(device.get_ready(), Ok(()));
    each_order(
        polled_chip,
        |device| {
            // Ordering: no other thread runs.
            LINE_STATUS.store(0x00, Ordering::Relaxed);
            assert_eq!(device.write(&[1]), Ok(1));
            while device.is_working() {
                device.tick();
            }
            // Ordering: as above.
            LINE_STATUS.store(0x60, Ordering::Relaxed);
        },
        get_ready,
        get_ready,
        |device| assert_eq!(device.counters.revivals.get(), 1),
    );
}

#[test]
fn what_came_in_before_a_stream_listens_is_not_read() {
    each_order(
        software,
        |device| {
            device.listen(true);
            assert_eq!(device.write(&[1, 2]), Ok(2));
            device.listen(false);
        },
        |device| {
            let mut bytes = [0; 4];
            let read = device.read(&mut bytes);
            assert_eq!(bytes[..read], []);
        },
        |device| device.listen(true),
        |device| assert_eq!(device.read(&mut [0; 4]), 0),
    );
}

#[test]
fn two_writers_at_once_lose_nothing() {
    static BOTH: AtomicBool = AtomicBool::new(false);
    each_order(
        software,
        |device| device.listen(true),
        |device| {
            let _ = device.write(&[1, 2]);
        },
        |device| {
            let _ = device.write(&[3, 4]);
        },
        |device| {
            let sent = device.counters.bytes_sent.get();
            let busy = device.counters.busy_writes.get();
            assert_eq!(sent + 2 * busy, 4, "each is taken, or busy");
            // Ordering: looked at when the model has ended.
            BOTH.fetch_or(busy == 0, Ordering::Relaxed);
            let mut bytes = [0; 4];
            let read = device.read(&mut bytes);
            assert!([&[1, 2][..], &[3, 4], &[1, 2, 3, 4], &[3, 4, 1, 2]].contains(&&bytes[..read]));
        },
    );
    // Ordering: as above.
    assert!(BOTH.load(Ordering::Relaxed));
}
