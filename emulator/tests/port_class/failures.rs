//! Functions of the port class that fail.

use emulated_pc::{BugCheck, Config, Stop, boot};
use portcls::status::STATUS_INSUFFICIENT_RESOURCES;

use crate::scenario::mpu401;
use crate::test_driver::{driver_entry, leak_interrupts, take_calls};

/// Prepares the driver, starts the MPU-401 on a port whose initialisation fails late, removes it and unloads the driver;
/// returns what the driver was called for.
fn fail_late(prepare: fn()) -> Result<Vec<String>, Stop> {
    let config = Config {
        port_init_fails_after_miniport: true,
        ..Config::default()
    };
    boot(config, |pc| {
        prepare();
        let device = pc.plug(mpu401());
        let driver = pc.load(driver_entry).expect("the driver loads");
        let function = driver.add_device(&device).expect("the device is added");
        take_calls();
        assert_eq!(function.start(), STATUS_INSUFFICIENT_RESOURCES);
        let calls = take_calls();
        driver.unload();
        calls
    })
}

#[test]
fn port_init_may_fail_after_the_miniport_was_initialised() {
    let calls = fail_late(|| {}).unwrap_or_else(|stop| panic!("{stop}"));
    assert_eq!(
        calls,
        [
            "StartDevice @0",
            "Init @0",
            "connected @0",
            "GetDescription @0",
            "~Miniport @0",
            "PnP 0x2 @0",
        ]
    );
}

#[test]
fn an_interrupt_that_is_left_behind_then_is_found() {
    let stop = fail_late(leak_interrupts).expect_err("the interrupt is still connected");
    assert_eq!(stop.bug_check, BugCheck::DriverUnloadedWithoutCancelling);
    assert!(stop.reason.contains("an interrupt connected"), "{stop}");
}
