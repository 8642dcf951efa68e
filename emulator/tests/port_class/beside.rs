//! Requests beside each other: what Windows serialises, and what it does not.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use emulated_pc::beside::{explore, race};
use emulated_pc::clients::Client;
use emulated_pc::{BugCheck, Config, Hardware, boot};
use portcls::ks::{KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{
    STATUS_DEVICE_REMOVED, STATUS_INVALID_DEVICE_STATE, STATUS_OBJECT_NAME_NOT_FOUND,
};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::scenario::{Running, mpu401, run, start};
use crate::test_driver::{CAPTURE_PIN, RENDER_PIN, note, on, read_register, take_calls};
use crate::threads::{delay, words_of};

/// Has the driver sleep whenever it is called by that name, and note when it is done.
fn sleep_in(name: &'static str) {
    on(name, move || {
        delay(5);
        note(&format!("{name} is over"));
    });
}

/// The names of the driver's calls, without their IRQLs.
fn calls() -> Vec<String> {
    let calls = take_calls().into_iter();
    calls
        .map(|call| call.trim_end_matches(" @0").to_owned())
        .collect()
}

// --- a driver that looks at its state -----------------------------------------------------------

/// What a driver does about its removal when it wakes.
#[derive(Clone, Copy, PartialEq)]
enum Care {
    /// It looks at its state, sleeps, and does not look again.
    LooksOnce,
    /// It looks again, and goes on.
    LooksAgain,
    /// Its removal waits until the waking is over.
    KeepsRemovalOut,
}

/// Has the driver touch its hardware when it wakes, with more or less care.
fn wake_with(care: Care) {
    let gone = Rc::new(Cell::new(false));
    let inside = Rc::new(Cell::new(0));
    on("PowerChangeState 1", {
        let (gone, inside) = (Rc::clone(&gone), Rc::clone(&inside));
        move || {
            inside.set(inside.get() + 1);
            if !gone.get() {
                delay(1);
                if care == Care::LooksOnce || !gone.get() {
                    read_register(1);
                }
            }
            inside.set(inside.get() - 1);
        }
    });
    on("PnP 0x2", move || {
        gone.set(true);
        while care == Care::KeepsRemovalOut && inside.get() != 0 {
            delay(1);
        }
    });
}

/// Wakes the device beside its removal, at every point; returns how many there were.
fn wake_beside_removal(care: Care) -> u64 {
    explore(|point| {
        boot(Config::default(), |pc| {
            let running = start(pc, mpu401());
            assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
            wake_with(care);
            let reached = race(
                pc,
                point,
                ("power", || {
                    let status = running.function.set_power(POWER_DEVICE_D0);
                    assert!([0, STATUS_INVALID_DEVICE_STATE].contains(&status));
                }),
                ("removal", || assert_eq!(running.function.remove(), 0)),
            );
            running.take_down();
            reached
        })
    })
}

#[test]
fn a_driver_that_does_not_look_again_is_caught() {
    for care in [Care::LooksOnce, Care::LooksAgain] {
        let words = words_of(|| {
            wake_beside_removal(care);
        });
        assert!(words.contains("RegisterAccessAfterRemoval"), "{words}");
        assert!(words.starts_with("at point "), "{words}");
        assert!(words.contains("EMULATED_PC_POINT="), "{words}");
        assert!(words.contains("seed 1"), "{words}");
    }
}

#[test]
fn a_driver_whose_removal_waits_passes_every_point() {
    let points = wake_beside_removal(Care::KeepsRemovalOut);
    assert!(points > 20, "{points} points");
}

/// Changes power beside the removal, at every point; the registers are out of reach afterwards.
fn removal_stays_beside(before: i32, after: i32) {
    let points = explore(|point| {
        let was_reached = AtomicBool::new(false);
        let ended = boot(Config::default(), |pc| {
            let running = start(pc, mpu401());
            running.wait(5);
            assert_eq!(running.function.set_power(before), 0);
            let reached = race(
                pc,
                point,
                ("power", || {
                    let _ = running.function.set_power(after);
                }),
                ("removal", || assert_eq!(running.function.remove(), 0)),
            );
            // Ordering: the PC's thread is waited for.
            was_reached.store(reached, Ordering::Relaxed);
            read_register(1);
        });
        let stop = ended.expect_err("the machine is to stop");
        assert!(stop.reason.contains("RegisterAccessAfterRemoval"), "{stop}");
        // Ordering: as above.
        Ok(was_reached.load(Ordering::Relaxed))
    });
    assert!(points > 10, "{points} points");
}

#[test]
fn power_gives_nothing_back_that_removal_took() {
    removal_stays_beside(POWER_DEVICE_D3, POWER_DEVICE_D0);
    removal_stays_beside(POWER_DEVICE_D0, POWER_DEVICE_D3);
}

#[test]
fn a_device_that_is_removed_while_it_wakes_stays_removed() {
    let stop = boot(Config::default(), |pc| {
        let running = start(pc, mpu401());
        assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        sleep_in("PowerChangeState 1");
        pc.scope(|scope| {
            scope.spawn("power", || {
                assert_eq!(running.function.set_power(POWER_DEVICE_D0), 0);
            });
            running.wait(2);
            assert_eq!(running.function.remove(), 0);
        });
        assert_eq!(running.function.power_state(), POWER_DEVICE_D0);
        read_register(1);
    });
    let stop = stop.expect_err("the machine is to stop");
    assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
    assert!(stop.reason.contains("RegisterAccessAfterRemoval"), "{stop}");
}

// --- what is serialised -------------------------------------------------------------------------

fn power(running: &Running<'_>, first: i32, second: i32) -> Vec<String> {
    take_calls();
    running.pc.scope(|scope| {
        scope.spawn("first", || {
            let _ = running.function.set_power(first);
        });
        running.wait(1);
        scope.spawn("second", || {
            let _ = running.function.set_power(second);
        });
    });
    calls()
}

#[test]
fn power_requests_come_one_after_the_other() {
    let calls = run(|running| {
        sleep_in("PowerChangeState 4");
        sleep_in("PowerChangeState 1");
        let calls = power(&running, POWER_DEVICE_D3, POWER_DEVICE_D0);
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "PowerChangeNotify 4",
            "PowerChangeState 4",
            "PowerChangeState 4 is over",
            "PowerChangeState 1",
            "PowerChangeState 1 is over",
            "PowerChangeNotify 1",
        ]
    );
}

#[test]
fn a_driver_has_one_request_to_set_power_at_a_time() {
    let calls = run(|running| {
        on("IRP_MN_SET_POWER", || {
            note("IRP_MN_SET_POWER");
            delay(5);
        });
        let calls = power(&running, POWER_DEVICE_D3, POWER_DEVICE_D0);
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "IRP_MN_SET_POWER",
            "PowerChangeNotify 4",
            "PowerChangeState 4",
            "IRP_MN_SET_POWER",
            "PowerChangeState 1",
            "PowerChangeNotify 1",
        ]
    );
}

#[test]
fn a_stream_is_started_while_power_is_asked_for() {
    let calls = run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        sleep_in("IRP_MN_QUERY_POWER");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("power", || {
                assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
            });
            running.wait(1);
            assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        });
        let calls = calls();
        drop((pin, filter));
        running.take_down();
        calls
    });
    assert_eq!(
        calls[..5],
        [
            "SetState 1",
            "SetState 2",
            "SetState 3",
            "IRP_MN_QUERY_POWER is over",
            "SetState 2"
        ]
    );
}

#[test]
fn a_pin_is_opened_when_another_is_closed() {
    let calls = run(|running| {
        let filter = running.filter();
        let render = filter.open_pin(RENDER_PIN).expect("the pin opens");
        sleep_in("~Stream");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("close", move || drop(render));
            running.wait(1);
            drop(filter.open_pin(CAPTURE_PIN).expect("the pin opens"));
        });
        let calls = calls();
        drop(filter);
        running.take_down();
        calls
    });
    assert_eq!(calls[..3], ["~Stream", "~Stream is over", "NewStream 1"]);
}

#[test]
fn plug_and_play_requests_come_one_after_the_other() {
    let calls = run(|running| {
        sleep_in("PnP 0x4");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("stop", || assert_eq!(running.function.stop(), 0));
            running.wait(1);
            scope.spawn("removal", || assert_eq!(running.function.remove(), 0));
        });
        let calls = calls();
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        ["PnP 0x4", "PnP 0x4 is over", "~Miniport", "PnP 0x2"]
    );
}

#[test]
fn removal_does_not_wait_for_power() {
    let calls = run(|running| {
        sleep_in("PowerChangeState 4");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("power", || {
                assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
            });
            running.wait(1);
            assert_eq!(running.function.remove(), 0);
        });
        let calls = calls();
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "PowerChangeNotify 4",
            "PowerChangeState 4",
            "PnP 0x2",
            "~Miniport",
            "PowerChangeState 4 is over",
        ]
    );
}

#[test]
fn a_pin_is_closed_when_the_state_of_another_has_changed() {
    let calls = run(|running| {
        let filter = running.filter();
        let render = filter.open_pin(RENDER_PIN).expect("the pin opens");
        let capture = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        sleep_in("SetState 1");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("state", || assert_eq!(render.set_state(KSSTATE_RUN), 0));
            running.wait(1);
            scope.spawn("close", move || drop(capture));
        });
        let calls = calls();
        drop((render, filter));
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "SetState 1",
            "SetState 1 is over",
            "SetState 2",
            "SetState 3",
            "~Stream"
        ]
    );
}

#[test]
fn streams_are_paused_for_power_when_their_state_has_changed() {
    let calls = run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        sleep_in("SetState 3");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("state", || assert_eq!(pin.set_state(KSSTATE_RUN), 0));
            running.wait(1);
            assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        });
        let calls = calls();
        drop((pin, filter));
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "SetState 1",
            "SetState 2",
            "SetState 3",
            "SetState 3 is over",
            "SetState 2",
            "PowerChangeNotify 4",
            "stream PowerChangeNotify 4",
            "PowerChangeState 4",
        ]
    );
}

#[test]
fn a_stream_runs_when_power_has_come_back() {
    let calls = run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_PAUSE), 0);
        sleep_in("PowerChangeState 4");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("power", || {
                assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
            });
            running.wait(1);
            assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        });
        let calls = calls();
        drop((pin, filter));
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "PowerChangeNotify 4",
            "stream PowerChangeNotify 4",
            "PowerChangeState 4",
            "PowerChangeState 4 is over",
            "PowerChangeState 1",
            "PowerChangeNotify 1",
            "stream PowerChangeNotify 1",
            "SetState 3",
        ]
    );
}

#[test]
fn a_stream_is_stopped_beside_power() {
    let calls = run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        sleep_in("PowerChangeState 4");
        take_calls();
        running.pc.scope(|scope| {
            scope.spawn("power", || {
                assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
            });
            running.wait(1);
            assert_eq!(pin.set_state(KSSTATE_STOP), 0);
        });
        let calls = calls();
        drop((pin, filter));
        running.take_down();
        calls
    });
    assert_eq!(
        calls[3..],
        [
            "PowerChangeState 4",
            "SetState 1",
            "SetState 0",
            "PowerChangeState 4 is over",
        ]
    );
}

#[test]
fn a_pin_that_opens_while_the_device_goes_is_of_no_use() {
    run(|running| {
        let filter = running.filter();
        sleep_in("NewStream 0");
        running.pc.scope(|scope| {
            scope.spawn("open", || {
                let pin = filter.open_pin(RENDER_PIN).expect("it was under way");
                assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_DEVICE_REMOVED);
                let error = filter.open_pin(CAPTURE_PIN).err();
                assert_eq!(error, Some(STATUS_DEVICE_REMOVED));
            });
            running.wait(1);
            assert_eq!(running.function.remove(), 0);
        });
        drop(filter);
        running.take_down();
    });
}

// --- at every point -----------------------------------------------------------------------------

/// A client opens the filter and both pins, and closes them again, as far as the device lets it.
fn use_pins(running: &Running<'_>) {
    let filter = match running.function.open_filter("uart") {
        Ok(filter) => filter,
        Err(status) => {
            let known = [STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_DEVICE_STATE];
            return assert!(known.contains(&status), "{status:#x}");
        }
    };
    let input = Client::MidiSrv.open_input(&filter, CAPTURE_PIN);
    if let Ok(output) = Client::Wdmaud.open_output(&filter, RENDER_PIN) {
        output.send(&[0x90, 0x40, 0x7F]);
        running.wait(1);
        output.close();
    }
    if let Ok(input) = input {
        let _ = input.close();
    }
}

/// Does `second` beside a client, at every point; the emulated PC's own rules hold, and the driver is
/// audited.
fn client_beside(hardware: fn() -> Hardware, second: fn(&Running<'_>)) {
    let points = explore(|point| {
        boot(Config::default(), |pc| {
            let running = start(pc, hardware());
            let reached = race(
                pc,
                point,
                ("client", || use_pins(&running)),
                ("other", || second(&running)),
            );
            running.take_down();
            reached
        })
    });
    assert!(points > 100, "{points} points");
}

#[test]
fn a_client_beside_removal() {
    client_beside(mpu401, |running| {
        assert_eq!(running.function.remove(), 0);
    });
}

#[test]
fn a_client_beside_surprise_removal() {
    client_beside(mpu401, |running| {
        assert_eq!(running.function.surprise_remove(), 0);
    });
}

#[test]
fn a_client_beside_power() {
    // The test driver's interrupt routine does not look whether its device sleeps.
    client_beside(Hardware::software, |running| {
        for state in [POWER_DEVICE_D3, POWER_DEVICE_D0, POWER_DEVICE_D3] {
            assert_eq!(running.function.set_power(state), 0);
            running.wait(1);
        }
    });
}

#[test]
fn a_client_beside_another() {
    client_beside(mpu401, use_pins);
}

#[test]
fn the_same_seed_repeats_threads() {
    let trace = || {
        run(|running| {
            running.pc.scope(|scope| {
                scope.spawn("client", || use_pins(&running));
                scope.spawn("another", || use_pins(&running));
                scope.spawn("power", || {
                    assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
                });
            });
            running.take_down();
            take_calls()
        })
    };
    assert_eq!(trace(), trace());
}
