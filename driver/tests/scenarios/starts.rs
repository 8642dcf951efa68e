//! Starting and waking: what fails leaves nothing behind, and nothing takes longer than it must.

use std::time::Duration;

use emulated_pc::Config;
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::ks::{KSSTATE_PAUSE, KSSTATE_RUN};
use portcls::status::{STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::stage::{CHIPS, Client, Opens, Plan, UARTS, Uart, counter, ms, over, run_with, seeded};

#[test]
fn a_port_that_fails_after_the_miniport_was_initialised_leaves_nothing_behind() {
    for uart in UARTS {
        let config = Config {
            port_init_fails_after_miniport: true,
            ..seeded(1)
        };
        run_with(config, |pc| {
            let stage = Plan::new(uart).add(pc);
            let added = pc.pool_in_use();
            let status = stage.function.start();
            assert_eq!(status, STATUS_INSUFFICIENT_RESOURCES, "{uart:?}");
            assert_eq!(pc.pool_in_use(), added, "{uart:?}");
            assert_eq!(pc.next_event(), None, "{uart:?}: a timer is left");
            // The chip is there still, and nothing is there that would serve its interrupt.
            stage.device.receive_now(&[0x90, 0x40, 0x7F]);
            let interrupts = stage.device.with_chip(|chip| chip.interrupt_line());
            assert_ne!(interrupts, Some(true), "{uart:?}: the chip interrupts");
            stage.unload();
        });
    }
}

#[test]
fn whatever_fails_of_a_start_the_power_management_that_was_registered_is_unregistered() {
    // The emulated PC stops on a registration that is left, made twice, or taken back though it was never made.
    for uart in UARTS {
        let mut failures = 0;
        for failing in 0.. {
            let config = Config {
                failing_allocation: Some(failing),
                ..seeded(1)
            };
            let started = run_with(config, |pc| {
                let device = Plan::new(uart).plug(pc);
                let Ok(driver) = crate::stage::try_to_load_driver(pc) else {
                    return false;
                };
                let started = driver.add_device(&device).is_ok_and(|function| {
                    let started = function.start() == STATUS_SUCCESS;
                    assert_eq!(function.remove(), STATUS_SUCCESS);
                    started
                });
                driver.unload();
                started
            });
            if started {
                break;
            }
            failures += 1;
        }
        assert!(failures > 10, "{uart:?}: {failures} allocations only");
    }
}

#[test]
fn a_start_is_bound_by_time_however_coarse_the_clock_ticks() {
    for tick in [Duration::from_millis(1), Duration::from_micros(15_625)] {
        for quirks in [&[][..], &["slow-reset"], &["stale-bytes", "ack-behind"]] {
            let config = Config {
                clock_tick: tick,
                ..seeded(1)
            };
            run_with(config, |pc| {
                let stage = Plan::with_quirks(Uart::Mpu401, quirks).add(pc);
                let before = pc.now();
                assert_eq!(stage.function.start(), STATUS_SUCCESS, "{quirks:?}");
                let took = pc.now() - before;
                assert!(took <= ms(100), "{quirks:?}, {tick:?}: {took:?}");
                stage.take_down();
            });
        }
    }
}

#[test]
fn waking_waits_for_no_chip_and_a_stream_that_runs_does() {
    over(3, CHIPS, |pc, uart, _| {
        let quirks: &[&str] = match uart {
            Uart::Mpu401 => &["slow-reset"],
            _ => &[],
        };
        let stage = Plan::with_quirks(uart, quirks).start(pc);
        let filter = stage.filter();
        let output = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(output.set_state(KSSTATE_PAUSE), STATUS_SUCCESS);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        stage.wait(100);
        let before = pc.now();
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        let took = pc.now() - before;
        assert!(took <= ms(1), "{uart:?}: waking took {took:?}");
        assert_eq!(output.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        drop(output);
        let output = Client::Wdmaud.output(&filter);
        output.send(&[0x90, 0x40, 0x7F]);
        stage.finish(&output);
        assert_eq!(stage.wire(), [0x90, 0x40, 0x7F]);
        assert_eq!(counter(&filter, "revivals"), 0, "it was never given up");
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn registers_are_unmapped_when_the_device_stops_though_a_handle_is_open() {
    over(1, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).in_memory().start(pc);
        assert_eq!(pc.mapped_registers(), 1);
        let filter = stage.filter();
        let input = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(stage.function.stop(), STATUS_SUCCESS);
        assert_eq!(pc.mapped_registers(), 0, "{uart:?}: after STOP");
        assert_eq!(stage.function.start(), STATUS_SUCCESS);
        assert_eq!(pc.mapped_registers(), 1);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        assert_eq!(pc.mapped_registers(), 0, "{uart:?}: after REMOVE");
        drop((input, filter));
        stage.unload();
    });
}

#[test]
fn a_burst_that_comes_in_at_any_moment_of_the_change_to_run_reaches_the_client_whole() {
    for uart in CHIPS {
        let mut reached = true;
        let mut call = 0;
        while reached {
            call += 1;
            reached = run_with(seeded(call), |pc| {
                let stage = Plan::new(uart).start(pc);
                let filter = stage.filter();
                let device = stage.device.clone();
                let before = pc.calls();
                pc.at_call(call, move || device.receive_now(&[0x90, 0x40, 0x7F]));
                let input = Client::Wdmaud.input(&filter);
                let reached = pc.calls() - before >= call;
                // Nothing comes in any more that would be a reason to notify the port once more.
                stage.wait(100);
                let received = counter(&filter, "bytes_received");
                let unheard = counter(&filter, "bytes_unheard");
                let heard = input.take().len();
                if reached {
                    assert_eq!(received, 3, "{uart:?}, call {call}");
                    assert_eq!(
                        heard,
                        (received - unheard) as usize,
                        "{uart:?}, call {call}"
                    );
                }
                input.close();
                drop(filter);
                stage.take_down();
                reached
            });
        }
        assert!(call > 10, "{uart:?}: {call} moments only");
    }
}
