//! Surprise removals whose hardware is still there, with bytes that arrive at every moment.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use emulated_pc::{BugCheck, Config, Removal, Stop, boot};
use portcls::status::STATUS_UNSUCCESSFUL;

use crate::scenario::{Running, mpu401, start};
use crate::test_driver::{answer_interrupts, on, stay_connected, take_calls};

/// Interrupts come with the very call at which their cause does.
fn prompt() -> Config {
    Config {
        interrupt_latency: Duration::ZERO,
        ..Config::default()
    }
}

/// What came of a removal in whose `n`-th call a byte arrived.
struct Tried {
    /// The byte arrived before the removal was over.
    in_time: bool,
    interrupts: usize,
}

fn remove_with_byte_at(n: u64, prepare: fn(&Running<'_>)) -> Result<Tried, Stop> {
    boot(prompt(), |pc| {
        let running = start(pc, mpu401());
        running.wait(1);
        prepare(&running);
        take_calls();
        let arrived = Rc::new(Cell::new(false));
        let (device, note) = (running.device.clone(), Rc::clone(&arrived));
        pc.at_call(n, move || {
            device.receive_now(&[0xF8]);
            note.set(true);
        });
        assert_eq!(
            running
                .function
                .surprise_remove_as(Removal::HardwareStillThere),
            0
        );
        let in_time = arrived.get();
        let calls = take_calls().into_iter();
        let interrupts = calls.filter(|call| call == "interrupt @8").count();
        running.take_down();
        Tried {
            in_time,
            interrupts,
        }
    })
}

/// Tries every moment of the removal.
fn at_every_moment(prepare: fn(&Running<'_>)) -> Vec<Result<Tried, Stop>> {
    let mut all = Vec::new();
    for n in 1.. {
        let tried = remove_with_byte_at(n, prepare);
        if tried.as_ref().is_ok_and(|tried| !tried.in_time) {
            break;
        }
        all.push(tried);
    }
    all
}

#[test]
fn a_byte_may_interrupt_at_every_moment_until_disconnect() {
    let all = at_every_moment(|_| {});
    let interrupts: Vec<usize> = all
        .into_iter()
        .map(|tried| tried.unwrap_or_else(|stop| panic!("{stop}")).interrupts)
        .collect();
    let before = interrupts.iter().take_while(|count| **count == 1).count();
    assert!(before >= 2, "{interrupts:?}");
    assert!(before < interrupts.len(), "{interrupts:?}");
    assert!(
        interrupts[before..].iter().all(|count| *count == 0),
        "{interrupts:?}"
    );
}

#[test]
fn the_chip_answers_until_the_driver_gave_it_up() {
    boot(prompt(), |pc| {
        let running = start(pc, mpu401());
        let device = running.device.clone();
        on("PnP 0x17", move || {
            device.receive_now(&[0xFA]);
            assert_eq!(
                crate::test_driver::read_register(1) & 0x80,
                0x80,
                "it was served"
            );
        });
        let function = &running.function;
        assert_eq!(function.surprise_remove_as(Removal::HardwareStillThere), 0);
        assert!(take_calls().contains(&"interrupt @8".to_owned()));
        running.take_down();
    })
    .expect("it ends well");
}

/// "Not mine" is no answer while the routine is connected and the chip interrupts.
#[test]
fn a_routine_that_denies_before_it_is_disconnected_storms() {
    let all = at_every_moment(|_| {
        on("PnP 0x17", || answer_interrupts(Some(STATUS_UNSUCCESSFUL)));
    });
    let storms: Vec<&Stop> = all
        .iter()
        .filter_map(|tried| tried.as_ref().err())
        .collect();
    assert!(!storms.is_empty());
    for stop in storms {
        assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
        assert!(stop.reason.contains("no service routine claims"), "{stop}");
    }
}

#[test]
fn registers_that_still_answer_are_forbidden_after_removal() {
    let stop = boot(prompt(), |pc| {
        stay_connected();
        let running = start(pc, mpu401());
        let function = &running.function;
        assert_eq!(function.surprise_remove_as(Removal::HardwareStillThere), 0);
        running.device.receive_now(&[0xF8]);
        running.wait(1);
    })
    .expect_err("the routine reads a register");
    assert!(stop.reason.contains("RegisterAccessAfterRemoval"), "{stop}");
}

#[test]
fn a_device_that_was_pulled_out_does_not_interrupt() {
    boot(prompt(), |pc| {
        let running = start(pc, mpu401());
        stay_connected();
        take_calls();
        assert_eq!(running.function.surprise_remove(), 0);
        running.device.receive_now(&[0xF8]);
        running.wait(1);
        assert!(!take_calls().contains(&"interrupt @8".to_owned()));
        running.take_down();
    })
    .expect("it ends well");
}
