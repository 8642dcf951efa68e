//! The port's sequences of calls, as the contract lists them.

use emulated_pc::Config;
use emulated_pc::clients::midisrv;
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::guid::{KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER};
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::music::{assert_same, joined, notes, record, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Opens, Plan, UARTS, Uart, counter, ms, over, over_seeds, pairs, read,
    run_with, try_to_load_driver, wire_time, write,
};

const WAY_UP: [i32; 3] = [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN];
const WAY_DOWN: [i32; 3] = [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP];

#[test]
fn start_registers_the_filter_and_sends_nothing() {
    over(1, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let interfaces = stage.function.interfaces();
        for category in [KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE] {
            assert!(
                interfaces.contains(&(category, "UART".to_owned())),
                "{uart:?}: {interfaces:?}"
            );
        }
        stage.wait(100);
        assert_eq!(stage.wire(), [], "{uart:?}");
        stage.take_down();
    });
}

#[test]
fn enumeration_probe_lists_two_pins_and_sends_nothing() {
    over(10, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let endpoints = midisrv::enumerate(&filter).expect("the filter answers");
        let listed: Vec<_> = endpoints.iter().map(|end| (end.pin, end.input)).collect();
        assert_eq!(listed, [(RENDER_PIN, false), (CAPTURE_PIN, true)]);
        assert!(endpoints.iter().all(|end| end.name.is_some()));
        stage.wait(50);
        assert_eq!(stage.wire(), [], "{uart:?}");
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn open_render_through_all_states() {
    over(10, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        for state in WAY_UP {
            assert_eq!(pin.set_state(state), STATUS_SUCCESS);
        }
        let messages = notes(20);
        for message in &messages {
            assert_eq!(write(pc, &pin, message), (STATUS_SUCCESS, message.len()));
        }
        for state in WAY_DOWN {
            assert_eq!(pin.set_state(state), STATUS_SUCCESS);
        }
        drop(pin);
        stage.wait(100);
        assert_same(&stage.wire(), &joined(&messages), "the wire");
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn open_capture_through_all_states() {
    over(10, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        for state in WAY_UP {
            assert_eq!(pin.set_state(state), STATUS_SUCCESS);
        }
        let request = pin.submit_read(512);
        stage.device.far_end_send(&[0x90, 0x40, 0x7F]);
        stage.wait(5);
        let first = pin.poll(request).expect("the interrupt leads to a read");
        assert_eq!(first.status, STATUS_SUCCESS);
        let statistics = pin.statistics();
        assert_eq!((statistics.bytes_read, statistics.failed_reads), (3, 0));
        assert!(
            statistics.services > 0,
            "the group was notified: {statistics:?}"
        );
        assert!(
            statistics.reads > statistics.services,
            "each service reads until there is nothing left: {statistics:?}"
        );
        for state in WAY_DOWN {
            assert_eq!(pin.set_state(state), STATUS_SUCCESS);
        }
        assert_eq!(read(pc, &pin, 16), (STATUS_SUCCESS, vec![]));
        drop(pin);
        assert_eq!(stage.wire(), []);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn back_pressure_takes_multiples_of_four_and_goes_on_when_there_is_room() {
    over(10, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).number("TransmitRingBytes", 64).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let song = sysex(400);
        let (mut sent, mut partial, mut zero) = (0, 0, 0);
        while sent < song.len() {
            let (status, count) = write(pc, &pin, &song[sent..]);
            assert_eq!(status, STATUS_SUCCESS);
            if count < song.len() - sent {
                assert_eq!(count % 4, 0);
                partial += usize::from(count > 0);
                zero += usize::from(count == 0);
                stage.wait(1);
            }
            sent += count;
        }
        assert!(partial > 1 && zero > 1, "{partial} partial, {zero} zero");
        assert_eq!(counter(&filter, "deaths"), 0);
        stage.wait(100);
        assert_same(&stage.wire(), &song, "the wire");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn power_down_and_up_pauses_and_resumes_the_streams() {
    over(10, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        let input = Client::MidiSrv.input(&filter);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        let accesses = stage.device.register_accesses();
        stage.wait(1000);
        assert_eq!(stage.device.register_accesses(), accesses, "asleep");
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        assert_eq!(output.statistics().refused_states, 0);
        assert_eq!(input.pin().statistics().refused_states, 0);
        output.send(&[0x90, 1, 2]);
        stage.finish(&output);
        if uart == Uart::Software {
            assert_eq!(input.take(), [0x90, 1, 2]);
        } else {
            assert_eq!(stage.wire(), [0x90, 1, 2]);
            assert_eq!(stage.far_end_plays(&[0x80, 3, 4], &input), [0x80, 3, 4]);
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn surprise_removal_with_handles_that_are_closed_minutes_later() {
    over(10, pairs(UARTS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        output.send_all(&notes(200));
        stage.device.far_end_send(&joined(&notes(20)));
        stage.wait(10);
        assert_eq!(stage.function.surprise_remove(), STATUS_SUCCESS);
        let accesses = stage.device.register_accesses();
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        let (status, count) = write(pc, output.pin(), &[0x90, 1, 2]);
        assert_eq!((status, count), (STATUS_IO_DEVICE_ERROR, 0));
        assert_eq!(read(pc, input.pin(), 16).0, STATUS_SUCCESS);
        stage.wait(3 * 60 * 1000);
        output.close();
        input.close();
        drop(filter);
        assert_eq!(stage.device.register_accesses(), accesses);
        stage.unload();
    });
}

#[test]
fn a_failure_at_any_allocation_of_the_start_leaves_nothing_behind() {
    for uart in UARTS {
        let mut failures = 0;
        for failing in 0.. {
            let config = Config {
                failing_allocation: Some(failing),
                ..Config::default()
            };
            let failed = run_with(config, |pc| {
                let device = Plan::new(uart).plug(pc);
                let Ok(driver) = try_to_load_driver(pc) else {
                    assert_eq!(pc.pool_in_use(), (0, 0));
                    return true;
                };
                let loaded = pc.pool_in_use();
                let status = match driver.add_device(&device) {
                    Ok(function) => function.start(),
                    Err(status) => status,
                };
                let failed = status != STATUS_SUCCESS;
                if failed {
                    assert_eq!(
                        pc.pool_in_use(),
                        loaded,
                        "{uart:?}, allocation {failing} fails"
                    );
                    let again = driver.add_device(&device).expect("there is memory again");
                    assert_eq!(again.start(), STATUS_SUCCESS);
                    assert_eq!(again.remove(), STATUS_SUCCESS);
                    driver.unload();
                    assert_eq!(pc.pool_in_use(), (0, 0));
                }
                failed
            });
            if !failed {
                break;
            }
            failures += 1;
        }
        // Two rings, timer, device, group, and what the port class makes, at least.
        assert!(
            failures >= 6,
            "{uart:?}: only {failures} allocations can fail"
        );
    }
}

#[test]
fn a_failure_at_any_allocation_of_an_open_leaves_nothing_behind() {
    let allocations_of_start = run_with(Config::default(), |pc| {
        let stage = Plan::new(Uart::Ns16550).start(pc);
        let allocations = pc.pool_allocations();
        stage.take_down();
        allocations
    });
    let mut failures = 0;
    for failing in allocations_of_start.. {
        let config = Config {
            failing_allocation: Some(failing),
            ..Config::default()
        };
        let failed = run_with(config, |pc| {
            let stage = Plan::new(Uart::Ns16550).start(pc);
            let filter = stage.filter();
            let before = pc.pool_in_use();
            let mut failed = false;
            for pin in [RENDER_PIN, RENDER_PIN, CAPTURE_PIN, CAPTURE_PIN] {
                let fails = filter.open_pin(pin).is_err();
                assert!(!(fails && failed), "there is memory again");
                failed |= fails;
                assert_eq!(pc.pool_in_use(), before, "pin {pin}");
            }
            drop(filter);
            stage.take_down();
            failed
        });
        if !failed {
            break;
        }
        failures += 1;
    }
    assert!(failures >= 1, "{failures} allocations can fail");
}

#[test]
fn a_second_stream_of_a_pin_waits_until_the_first_is_closed() {
    over(1, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let (one, other) = (stage.filter(), stage.filter());
        for pin in [RENDER_PIN, CAPTURE_PIN] {
            let first = one.open_pin(pin).expect("the pin opens");
            assert!(one.open_pin(pin).is_err());
            assert!(other.open_pin(pin).is_err());
            drop(first);
            other.open_pin(pin).expect("the pin opens again");
        }
        drop((one, other));
        stage.take_down();
    });
}

#[test]
fn requests_of_raw_records_reach_the_wire_in_their_order() {
    over_seeds(10, |pc, _| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let messages = notes(30);
        let requests: Vec<_> = messages
            .iter()
            .map(|message| pin.submit_write(&record(message), ms(0)))
            .collect();
        pc.run_for(wire_time(90) + ms(20));
        for request in requests {
            let ended = pin.poll(request).expect("the request has ended");
            assert_eq!(ended.status, STATUS_SUCCESS);
        }
        assert_same(&stage.wire(), &joined(&messages), "the wire");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}
