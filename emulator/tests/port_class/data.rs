//! What the port does with the bytes of requests and streams.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use emulated_pc::{BugCheck, Config};
use portcls::ks::{KSSTATE_PAUSE, KSSTATE_RUN};
use portcls::status::{
    STATUS_CANCELLED, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE,
    STATUS_INVALID_PARAMETER, STATUS_IO_DEVICE_ERROR,
};

use crate::scenario::{Running, assert_stops, run, run_with};
use crate::test_driver::{CAPTURE_PIN, RENDER_PIN, answer_writes, receive, take_trace};

type Shared<T> = Rc<RefCell<T>>;

fn record(delta: u32, bytes: &[u8]) -> Vec<u8> {
    let mut record = delta.to_ne_bytes().to_vec();
    record.extend(u32::try_from(bytes.len()).expect("short").to_ne_bytes());
    record.extend(bytes);
    record.resize(record.len().next_multiple_of(4), 0);
    record
}

fn open(running: &Running<'_>, pin: u32) -> emulated_pc::Pin {
    let pin = running.filter().open_pin(pin).expect("the pin opens");
    assert_eq!(pin.set_state(KSSTATE_RUN), 0);
    pin
}

/// Has Write take what `room` says, and keeps what it took.
fn taking(room: impl Fn(usize) -> usize + 'static) -> Shared<Vec<u8>> {
    let taken: Shared<Vec<u8>> = Rc::default();
    let kept = Rc::clone(&taken);
    answer_writes(move |bytes| {
        let count = room(bytes.len());
        kept.borrow_mut().extend(&bytes[..count.min(bytes.len())]);
        Ok(count)
    });
    taken
}

#[test]
fn records_are_sent_at_their_times() {
    let times = run(|running| {
        let pin = open(&running, RENDER_PIN);
        let taken = taking(|length| length);
        take_trace();
        let mut records = record(0, &[0x90, 0x40, 0x7F]);
        records.extend(record(10, &[0x80, 0x40, 0]));
        records.extend(record(5, &[0xF8]));
        let write = pin.submit_write(&records, Duration::from_millis(20));
        running.wait(100);
        let ended = pin.poll(write).expect("the request ends");
        assert_eq!((ended.status, ended.information), (0, records.len()));
        assert_eq!(*taken.borrow(), [0x90, 0x40, 0x7F, 0x80, 0x40, 0, 0xF8]);
        drop(pin);
        let trace = take_trace();
        running.take_down();
        let writes = trace.into_iter().filter(|call| call.name == "Write");
        writes.map(|call| call.time / 10_000).collect::<Vec<_>>()
    });
    assert_eq!(times.len(), 3);
    let first = times[0];
    assert!((19..=22).contains(&first), "{times:?}");
    assert_eq!([times[1] - first, times[2] - first], [10, 15]);
}

#[test]
fn a_partial_write_goes_on_at_once_and_a_busy_stream_is_tried_again() {
    run(|running| {
        let pin = open(&running, RENDER_PIN);
        let calls = Rc::new(Cell::new(0));
        let count = Rc::clone(&calls);
        let taken = taking(move |length| {
            count.set(count.get() + 1);
            match count.get() {
                1 => 4,
                2..=6 => 0,
                _ => length,
            }
        });
        let bytes: Vec<u8> = (0..40).collect();
        let write = pin.submit_write(&record(0, &bytes), Duration::ZERO);
        running.wait(20);
        assert_eq!(pin.poll(write).map(|ended| ended.status), Some(0));
        assert_eq!(*taken.borrow(), bytes);
        let statistics = pin.statistics();
        assert_eq!(
            (
                statistics.writes,
                statistics.partial_writes,
                statistics.zero_writes
            ),
            (7, 1, 5)
        );
        let stuck = statistics.longest_without_progress;
        assert!((4..=8).contains(&stuck.as_millis()), "{stuck:?}");
        assert_eq!(statistics.stalls, 0);
        drop(pin);
        running.take_down();
    });
}

#[test]
fn a_stream_that_never_takes_a_byte_has_stalled() {
    run(|running| {
        let pin = open(&running, RENDER_PIN);
        taking(|_| 0);
        let write = pin.submit_write(&record(0, &[0xF8]), Duration::ZERO);
        running.wait(599);
        assert_eq!(pin.statistics().stalls, 0);
        running.wait(10);
        assert_eq!(pin.statistics().stalls, 1);
        assert!(pin.cancel(write));
        assert!(!pin.cancel(write));
        let ended = pin.poll(write).expect("the request ends");
        assert_eq!(ended.status, STATUS_CANCELLED);
        drop(pin);
        running.take_down();
    });
}

#[test]
fn an_error_drops_its_event_only() {
    run(|running| {
        let pin = open(&running, RENDER_PIN);
        let taken: Shared<Vec<u8>> = Rc::default();
        let kept = Rc::clone(&taken);
        answer_writes(move |bytes| {
            if bytes[0] == 0x90 {
                return Err(STATUS_IO_DEVICE_ERROR);
            }
            kept.borrow_mut().extend(bytes);
            Ok(bytes.len())
        });
        let mut records = record(0, &[0x90, 0x40, 0x7F]);
        records.extend(record(0, &[0xF8]));
        let first = pin.submit_write(&records, Duration::ZERO);
        let second = pin.submit_write(&record(0, &[0xFA]), Duration::ZERO);
        running.wait(5);
        let status = |request| pin.poll(request).map(|ended| ended.status);
        assert_eq!(status(first), Some(STATUS_IO_DEVICE_ERROR));
        assert_eq!(status(second), Some(0));
        assert_eq!(*taken.borrow(), [0xF8, 0xFA]);
        assert_eq!(pin.statistics().failed_writes, 1);
        drop(pin);
        running.take_down();
    });
}

#[test]
fn the_count_rule_is_enforced() {
    let breaking: [fn(usize) -> usize; 3] = [|_| 3, |_| 41, |length| length - 1];
    for room in breaking {
        assert_stops(
            BugCheck::DriverVerifierDetectedViolation,
            "the count rule",
            move |running| {
                let pin = open(&running, RENDER_PIN);
                taking(room);
                pin.submit_write(&record(0, &[0x40; 40]), Duration::ZERO);
                running.wait(5);
            },
        );
    }
}

#[test]
fn system_exclusive_arrives_whole_whatever_the_chunks() {
    let message: Vec<u8> = std::iter::once(0xF0)
        .chain((0..0x80).cycle().take(500))
        .chain([0xF7])
        .collect();
    let mut writes = Vec::new();
    for seed in 0..8 {
        let message = &message;
        let config = Config {
            seed,
            ..Config::default()
        };
        writes.push(run_with(config, |running| {
            let pin = open(&running, RENDER_PIN);
            let taken = taking(|length| length);
            for _ in 0..4 {
                pin.submit_write(&record(0, message), Duration::ZERO);
            }
            running.wait(20);
            assert_eq!(*taken.borrow(), message.repeat(4));
            let writes = pin.statistics().writes;
            drop(pin);
            running.take_down();
            writes
        }));
    }
    assert!(writes.contains(&4), "whole: {writes:?}");
    assert!(
        writes.iter().any(|count| *count > 4),
        "in chunks: {writes:?}"
    );
}

#[test]
fn captured_bytes_bear_the_time_since_run() {
    run(|running| {
        let pin = open(&running, CAPTURE_PIN);
        running.wait(1_000);
        receive(&[0x90, 0x40]);
        running.wait(10);
        receive(&[0x7F]);
        running.wait(10);
        let first = pin.submit_read(64);
        let second = pin.submit_read(64);
        let third = pin.submit_read(64);
        let first = pin.poll(first).expect("bytes are waiting");
        assert_eq!(first.information, 12);
        assert_eq!(first.data[4..], [2, 0, 0, 0, 0x90, 0x40, 0, 0]);
        assert_eq!(first.data[..4], 1_000_u32.to_ne_bytes());
        let second = pin.poll(second).expect("bytes are waiting");
        assert_eq!(second.data[8], 0x7F);
        assert_eq!(pin.poll(third), None);
        assert_eq!(pin.set_state(KSSTATE_PAUSE), 0);
        let third = pin.poll(third).expect("leaving RUN ends it");
        assert_eq!(third.status, STATUS_CANCELLED);
        drop(pin);
        running.take_down();
    });
}

#[test]
fn a_long_burst_is_split_over_small_buffers() {
    run(|running| {
        let pin = open(&running, CAPTURE_PIN);
        let reads: Vec<_> = (0..50).map(|_| pin.submit_read(32)).collect();
        let bytes: Vec<u8> = (0..100).collect();
        receive(&bytes);
        running.wait(5);
        let ended = reads.into_iter().filter_map(|read| pin.poll(read));
        let back: Vec<u8> = ended
            .flat_map(|ended| {
                let count = usize::from(ended.data[4]);
                ended.data[8..8 + count].to_vec()
            })
            .collect();
        assert_eq!(back, bytes);
        drop(pin);
        running.take_down();
    });
}

#[test]
fn requests_are_refused_in_the_wrong_place() {
    run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        let status = |request| pin.poll(request).map(|ended| ended.status);
        let early = pin.submit_write(&record(0, &[0xF8]), Duration::ZERO);
        assert_eq!(status(early), Some(STATUS_INVALID_DEVICE_STATE));
        let read = pin.submit_read(64);
        assert_eq!(status(read), Some(STATUS_INVALID_DEVICE_REQUEST));
        assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        let mut cut = record(0, &[0xF8; 8]);
        cut.truncate(12);
        let cut = pin.submit_write(&cut, Duration::ZERO);
        running.wait(5);
        assert_eq!(status(cut), Some(STATUS_INVALID_PARAMETER));
        drop((pin, filter));
        running.take_down();
    });
}
