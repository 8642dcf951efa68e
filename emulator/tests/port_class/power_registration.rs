//! Registering for power management: what Driver Verifier's rule `PcRegisterAdapterPower` forbids.

use emulated_pc::{BugCheck, Config, Hardware, boot};
use portcls::status::STATUS_INSUFFICIENT_RESOURCES;
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::scenario::{Running, run, start, stop_of};
use crate::test_driver::{
    driver_entry, last_started, on, register_power, take_calls, unregister_power,
};

fn assert_violates(text: &str, scenario: impl FnOnce(Running<'_>) + Send) {
    let stop = stop_of(Hardware::software, scenario);
    assert_eq!(
        stop.bug_check,
        BugCheck::DriverVerifierDetectedViolation,
        "{stop}"
    );
    assert!(
        stop.reason.contains("PcRegisterAdapterPower (0x71006)"),
        "{stop}"
    );
    assert!(stop.reason.contains(text), "{stop}");
}

#[test]
fn a_second_registration() {
    assert_violates("called twice", |_running| {
        let _ = register_power(last_started());
    });
}

#[test]
fn taking_back_what_was_taken_back() {
    assert_violates("without a registration", |_running| {
        for _ in 0..2 {
            unregister_power(last_started());
        }
    });
}

/// The clean-up of a start that fails before it registers.
#[test]
fn taking_back_what_was_never_done() {
    let stop = boot(Config::default(), |pc| {
        on("StartDevice", || {
            unregister_power(last_started());
        });
        drop(start(pc, Hardware::software()));
    })
    .expect_err("nothing was registered");
    assert!(stop.reason.contains("without a registration"), "{stop}");
}

/// A registration that failed is none.
#[test]
fn taking_back_what_failed() {
    let before_start = boot(Config::default(), |pc| {
        let device = pc.plug(Hardware::software());
        let driver = pc.load(driver_entry).expect("the driver loads");
        let function = driver.add_device(&device).expect("the device is added");
        let allocations = pc.pool_allocations();
        assert_eq!(function.remove(), 0);
        driver.unload();
        allocations
    })
    .expect("it ends well");
    let config = Config {
        // After the resource list and the object that is registered.
        failing_allocation: Some(before_start + 2),
        ..Config::default()
    };
    let stop = boot(config, |pc| {
        on("StartDevice", || {
            let registered = register_power(last_started());
            assert_eq!(registered, Err(STATUS_INSUFFICIENT_RESOURCES));
            unregister_power(last_started());
        });
        drop(start(pc, Hardware::software()));
    })
    .expect_err("nothing was registered");
    assert!(stop.reason.contains("without a registration"), "{stop}");
}

#[test]
fn in_pairs_as_often_as_one_likes() {
    run(|running| {
        let device = last_started();
        for _ in 0..3 {
            assert_eq!(unregister_power(device), 0);
            assert_eq!(register_power(device), Ok(()));
        }
        take_calls();
        assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        assert_eq!(running.function.set_power(POWER_DEVICE_D0), 0);
        let calls = take_calls().into_iter();
        let changes = calls.filter(|call| call.starts_with("PowerChangeState"));
        assert_eq!(changes.count(), 2, "it is registered once");
        running.take_down();
    });
}

/// A removed device is registered no more: the port class has dropped the registration.
#[test]
fn taking_back_after_removal() {
    assert_violates("without a registration", |running| {
        let device = last_started();
        assert_eq!(running.function.remove(), 0);
        unregister_power(device);
    });
}
