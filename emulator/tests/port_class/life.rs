//! The order in which the system calls a driver.

use emulated_pc::Config;
use emulated_pc::clients::{Client, midisrv};
use emulated_pc::{Hardware, boot};
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{
    STATUS_DEVICE_BUSY, STATUS_DEVICE_REMOVED, STATUS_INVALID_PARAMETER,
    STATUS_OBJECT_NAME_NOT_FOUND, succeeded,
};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::scenario::{mpu401, run, run_mpu401, start};
use crate::test_driver::{CAPTURE_PIN, RENDER_PIN, driver_entry, receive, take_calls};

#[test]
fn start_and_removal() {
    let (up, down) = run(|running| {
        let up = take_calls();
        running.take_down();
        (up, take_calls())
    });
    assert_eq!(
        up,
        [
            "AddDevice @0",
            "StartDevice @0",
            "Init @0",
            "GetDescription @0"
        ]
    );
    assert_eq!(down, ["PnP 0x2 @0", "~Miniport @0", "DriverUnload @0"]);
}

#[test]
fn interfaces_are_those_of_the_categories() {
    run(|running| {
        let interfaces = running.function.interfaces();
        assert_eq!(interfaces.len(), 3);
        assert!(interfaces.iter().all(|(_, name)| name == "UART"));
        assert_eq!(
            running.function.open_filter("other").err(),
            Some(STATUS_OBJECT_NAME_NOT_FOUND)
        );
        running.take_down();
    });
}

#[test]
fn a_probe_opens_and_closes_without_a_change_of_state() {
    let (endpoints, calls) = run(|running| {
        take_calls();
        let filter = running.filter();
        let endpoints = midisrv::enumerate(&filter).expect("the filter answers");
        drop(filter);
        let calls = take_calls();
        running.take_down();
        (endpoints, calls)
    });
    let listed: Vec<_> = endpoints
        .iter()
        .map(|endpoint| (endpoint.pin, endpoint.input, endpoint.name.as_deref()))
        .collect();
    assert_eq!(
        listed,
        [
            (RENDER_PIN, false, Some("Out")),
            (CAPTURE_PIN, true, Some("In"))
        ]
    );
    let opened: Vec<_> = calls
        .iter()
        .filter(|call| !call.starts_with("KS"))
        .collect();
    assert_eq!(
        opened,
        [
            "NewStream 0 @0",
            "~Stream @0",
            "NewStream 1 @0",
            "~Stream @0"
        ]
    );
}

#[test]
fn rendering() {
    let calls = run(|running| {
        let filter = running.filter();
        take_calls();
        let output = Client::MidiSrv
            .open_output(&filter, RENDER_PIN)
            .expect("the pin opens");
        output.send(&[0x90, 0x40, 0x7F]);
        running.wait(5);
        assert!(output.is_idle());
        output.close();
        let calls = take_calls();
        drop(filter);
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "NewStream 0 @0",
            "SetState 1 @0",
            "SetState 2 @0",
            "SetState 3 @0",
            "Write @2",
            "SetState 2 @0",
            "SetState 1 @0",
            "SetState 0 @0",
            "~Stream @0",
        ]
    );
}

#[test]
fn capturing() {
    let calls = run(|running| {
        let filter = running.filter();
        let input = Client::MidiSrv
            .open_input(&filter, CAPTURE_PIN)
            .expect("the pin opens");
        running.wait(5);
        take_calls();
        receive(&[0xF8]);
        running.wait(5);
        let received = input.close();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].bytes, [0xF8]);
        let calls = take_calls();
        drop(filter);
        running.take_down();
        calls
    });
    assert_eq!(
        calls,
        [
            "Service @2",
            "Read @2",
            "Read @2",
            "SetState 2 @0",
            "SetState 1 @0",
            "SetState 0 @0",
            "~Stream @0",
        ]
    );
}

#[test]
fn an_interrupt_leads_to_service() {
    let (calls, received) = run_mpu401(3, |running| {
        let filter = running.filter();
        let input = Client::MidiSrv
            .open_input(&filter, CAPTURE_PIN)
            .expect("the pin opens");
        running.wait(5);
        take_calls();
        running.device.far_end_send(&[0xFA]);
        running.wait(5);
        let calls = take_calls();
        let received = input.close();
        drop(filter);
        running.take_down();
        (calls, received)
    });
    assert_eq!(
        calls[..4],
        ["interrupt @8", "Service @2", "Read @2", "Read @2"]
    );
    assert_eq!(received[0].bytes, [0xFA]);
}

#[test]
fn power_goes_and_comes_back() {
    let (down, up) = run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        take_calls();
        assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        let down = take_calls();
        assert_eq!(running.function.set_power(POWER_DEVICE_D0), 0);
        let up = take_calls();
        drop(pin);
        drop(filter);
        running.take_down();
        (down, up)
    });
    assert_eq!(
        down,
        [
            "SetState 2 @0",
            "PowerChangeNotify 4 @0",
            "stream PowerChangeNotify 4 @0",
            "PowerChangeState 4 @0",
        ]
    );
    assert_eq!(
        up,
        [
            "PowerChangeState 1 @0",
            "PowerChangeNotify 1 @0",
            "stream PowerChangeNotify 1 @0",
            "SetState 3 @0",
        ]
    );
}

#[test]
fn opening_a_pin_wakes_the_device() {
    run(|running| {
        let filter = running.filter();
        assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        take_calls();
        drop(filter.open_pin(RENDER_PIN).expect("the pin opens"));
        assert_eq!(running.function.power_state(), POWER_DEVICE_D0);
        assert_eq!(take_calls()[0], "PowerChangeState 1 @0");
        drop(filter);
        running.take_down();
    });
}

#[test]
fn handles_outlive_a_device_that_is_pulled_out() {
    run_mpu401(1, |running| {
        let filter = running.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        let read = pin.submit_read(64);
        assert_eq!(running.function.surprise_remove(), 0);
        let ended = pin.poll(read).expect("the read ends");
        assert_eq!(ended.status, STATUS_DEVICE_REMOVED);
        assert_eq!(running.function.remove(), 0);
        take_calls();
        running.wait(60_000);
        assert_eq!(
            filter.open_pin(RENDER_PIN).err(),
            Some(STATUS_DEVICE_REMOVED)
        );
        assert_eq!(pin.set_state(KSSTATE_ACQUIRE), 0);
        drop(filter);
        drop(pin);
        assert_eq!(
            take_calls(),
            [
                "SetState 2 @0",
                "SetState 1 @0",
                "SetState 0 @0",
                "~Stream @0",
                "~Miniport @0",
            ]
        );
        running.take_down();
    });
}

#[test]
fn a_stopped_device_starts_again() {
    run_mpu401(1, |running| {
        let filter = running.filter();
        assert!(
            !succeeded(running.function.query_stop()),
            "a handle is open"
        );
        drop(filter);
        assert_eq!(running.function.query_stop(), 0);
        assert_eq!(running.function.stop(), 0);
        assert!(running.function.interfaces().is_empty());
        assert_eq!(running.function.start(), 0);
        drop(
            running
                .filter()
                .open_pin(RENDER_PIN)
                .expect("the pin opens"),
        );
        running.take_down();
    });
}

#[test]
fn instances_are_limited() {
    run(|running| {
        let filter = running.filter();
        let first = filter.open_pin(RENDER_PIN).expect("the pin opens");
        let other = running.filter();
        assert_eq!(other.open_pin(RENDER_PIN).err(), Some(STATUS_DEVICE_BUSY));
        drop(first);
        drop(other.open_pin(RENDER_PIN).expect("the pin opens"));
        for bridge in [2, 3, 4] {
            assert_eq!(other.open_pin(bridge).err(), Some(STATUS_INVALID_PARAMETER));
        }
        drop((filter, other));
        running.take_down();
    });
}

#[test]
fn states_are_walked_through_one_by_one() {
    run(|running| {
        let filter = running.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        take_calls();
        assert_eq!(pin.set_state(KSSTATE_RUN), 0);
        assert_eq!(pin.set_state(KSSTATE_STOP), 0);
        assert_eq!(take_calls().len(), 6);
        assert_eq!(pin.set_state(4), STATUS_INVALID_PARAMETER);
        drop((pin, filter));
        running.take_down();
    });
}

#[test]
fn every_allocation_may_fail() {
    let allocations = run(|running| {
        let allocations = running.pc.pool_allocations();
        running.take_down();
        allocations
    });
    assert!(allocations > 4, "{allocations} allocations");
    for (failing, hardware) in (0..allocations + 3).flat_map(|failing| {
        [
            (failing, Hardware::software as fn() -> _),
            (failing, mpu401),
        ]
    }) {
        let config = Config {
            failing_allocation: Some(failing),
            ..Config::default()
        };
        let ended = boot(config, |pc| {
            let device = pc.plug(hardware());
            let driver = pc.load(driver_entry).expect("the driver loads");
            if let Ok(function) = driver.add_device(&device) {
                if succeeded(function.start()) {
                    assert!(failing >= allocations, "allocation {failing} did not fail");
                }
                assert_eq!(function.remove(), 0);
            }
            driver.unload();
        });
        ended.unwrap_or_else(|stop| panic!("allocation {failing}: {stop}"));
    }
}

#[test]
fn a_device_can_be_started_by_hand() {
    boot(Config::default(), |pc| start(pc, mpu401()).take_down()).expect("it ends well");
}
