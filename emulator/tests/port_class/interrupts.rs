//! Interrupt lines: what is delivered when, and which chains of interrupts stop the machine.

use std::time::Duration;

use emulated_pc::hardware::mpu401::Mpu401Switches;
use emulated_pc::time::Instant;
use emulated_pc::{BugCheck, Config, Hardware, Stop, Trigger, boot};
use portcls::interfaces::INTERRUPT_SYNC_MODE_REPEAT;
use portcls::status::{STATUS_SUCCESS, STATUS_UNSUCCESSFUL};
use portcls::types::NTSTATUS;

use crate::scenario::{mpu401_with, start};
use crate::test_driver::{answer_interrupts, on, synchronize_as, take_calls};

/// An MPU-401 whose line is active from power-on.
fn asserting(trigger: Trigger) -> Hardware {
    let switches = Mpu401Switches {
        left_asserting: true,
        ..Mpu401Switches::default()
    };
    mpu401_with(switches, trigger)
}

fn quiet(trigger: Trigger) -> Hardware {
    mpu401_with(Mpu401Switches::default(), trigger)
}

/// What happens around the connect when such a device is started.
fn calls_at_connect(trigger: Trigger) -> Vec<String> {
    boot(Config::default(), |pc| {
        let running = start(pc, asserting(trigger));
        let calls = take_calls();
        running.take_down();
        around_connect(calls)
    })
    .expect("it ends well")
}

fn around_connect(calls: Vec<String>) -> Vec<String> {
    let connected = calls
        .iter()
        .position(|call| call.starts_with("connected"))
        .expect("it was connected");
    calls.into_iter().take(connected + 1).skip(1).collect()
}

#[test]
fn an_active_level_line_is_delivered_before_connect_returns() {
    assert_eq!(
        calls_at_connect(Trigger::Level),
        ["StartDevice @0", "Init @0", "interrupt @8", "connected @0"]
    );
}

#[test]
fn an_edge_before_connect_is_lost() {
    assert_eq!(
        calls_at_connect(Trigger::Edge),
        ["StartDevice @0", "Init @0", "connected @0"]
    );
}

/// Calls from the restart of a device on, whose line became active while it was stopped.
fn calls_at_reconnect(trigger: Trigger) -> Vec<String> {
    boot(Config::default(), |pc| {
        let running = start(pc, quiet(trigger));
        assert_eq!(running.function.stop(), 0);
        running.device.far_end_send(&[0xF8]);
        running.wait(1);
        take_calls();
        assert_eq!(running.function.start(), 0);
        let calls = take_calls();
        running.take_down();
        around_connect(calls)
    })
    .expect("it ends well")
}

#[test]
fn an_active_level_line_is_delivered_at_reconnect() {
    let calls = calls_at_reconnect(Trigger::Level);
    assert_eq!(calls, ["Init @0", "interrupt @8", "connected @0"]);
    let calls = calls_at_reconnect(Trigger::Edge);
    assert_eq!(calls, ["Init @0", "connected @0"]);
}

/// A byte arrives, and the service routine does nothing but return `status`; returns when the byte was
/// there, how the machine ended, and how many interrupts it has had by then.
fn serve_with(status: NTSTATUS, trigger: Trigger) -> Result<usize, Stop> {
    boot(Config::default(), |pc| {
        let running = start(pc, quiet(trigger));
        running.wait(1);
        answer_interrupts(Some(status));
        take_calls();
        running.device.far_end_send(&[0xF8]);
        running.wait(1000);
        let calls = take_calls();
        answer_interrupts(None);
        running.take_down();
        calls.len()
    })
}

fn assert_storm(stop: &Stop, text: &str) {
    assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
    assert!(stop.reason.contains("interrupt storm"), "{stop}");
    assert!(stop.reason.contains(text), "{stop}");
    // It began when the byte was there, a little over 1.32 ms after power-on.
    let lasted = stop.at.since(Instant::from_nanos(1_320_000));
    assert!(lasted > Duration::from_millis(100), "{stop}");
    assert!(lasted < Duration::from_millis(101), "{stop}");
}

#[test]
fn a_level_line_that_no_routine_claims_is_a_storm() {
    let stop = serve_with(STATUS_UNSUCCESSFUL, Trigger::Level).expect_err("it storms");
    assert_storm(&stop, "no service routine claims its interrupts");
}

#[test]
fn a_level_line_that_is_claimed_and_not_silenced_is_a_storm() {
    let stop = serve_with(STATUS_SUCCESS, Trigger::Level).expect_err("it storms");
    assert_storm(&stop, "claimed, and the line is still active");
}

#[test]
fn an_edge_that_is_not_served_is_no_storm() {
    for status in [STATUS_UNSUCCESSFUL, STATUS_SUCCESS] {
        assert_eq!(serve_with(status, Trigger::Edge), Ok(1), "one interrupt");
    }
}

/// Each service makes the next edge, as one does that switches the transmitter's interrupt off and on again.
#[test]
fn an_edge_from_every_service_is_a_storm() {
    let config = Config {
        interrupt_latency: Duration::ZERO,
        ..Config::default()
    };
    let stop = boot(config, |pc| {
        let running = start(pc, quiet(Trigger::Edge));
        running.wait(1);
        answer_interrupts(Some(STATUS_SUCCESS));
        let device = running.device.clone();
        on("interrupt", move || {
            device.with_chip(|chip| chip.read(0, Instant::POWER_ON));
            device.receive_now(&[0xF8]);
        });
        running.device.receive_now(&[0xF8]);
        running.wait(1000);
    })
    .expect_err("the processor does nothing else any more");
    assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
    assert!(stop.reason.contains("interrupt storm"), "{stop}");
}

#[test]
fn a_storm_at_connect_ends_too() {
    for (status, text) in [
        (STATUS_UNSUCCESSFUL, "no service routine claims"),
        (STATUS_SUCCESS, "claimed, and the line is still active"),
    ] {
        let stop = boot(Config::default(), |pc| {
            answer_interrupts(Some(status));
            start(pc, asserting(Trigger::Level)).take_down();
        })
        .expect_err("the connect never returns");
        assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
        assert!(stop.reason.contains(text), "{stop}");
    }
}

#[test]
fn how_long_a_storm_may_last_can_be_set() {
    let config = Config {
        interrupt_storm: Duration::from_millis(2),
        ..Config::default()
    };
    let stop = boot(config, |pc| {
        answer_interrupts(Some(STATUS_SUCCESS));
        start(pc, asserting(Trigger::Level)).take_down();
    })
    .expect_err("the connect never returns");
    assert!(stop.at.as_nanos() < 3_000_000, "{stop}");
}

#[test]
fn repeating_passes_are_bounded() {
    for trigger in [Trigger::Level, Trigger::Edge] {
        let stop = boot(Config::default(), |pc| {
            synchronize_as(INTERRUPT_SYNC_MODE_REPEAT);
            let running = start(pc, quiet(trigger));
            running.wait(1);
            answer_interrupts(Some(STATUS_SUCCESS));
            running.device.far_end_send(&[0xF8]);
            running.wait(1000);
        })
        .expect_err("the routine is called without end");
        assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
        assert!(stop.reason.contains("InterruptSyncModeRepeat"), "{stop}");
    }
}
