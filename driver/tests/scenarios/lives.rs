//! Chips that fail, recover, sleep and are set up again, in every order: whose bytes are lost, who hears of it, and
//! what is left running.

use emulated_pc::hardware::chip::Condition;
use midiuart::filter::RENDER_PIN;
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::music::{assert_same, joined, notes, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Opens, Output, Plan, Stage, Uart, counter, ms, over, pairs, write,
};

const SEEDS: u64 = 3;

/// Plays into a chip that has died until the client hears of it.
fn play_until_dead(stage: &Stage, output: &Output) {
    stage.device.set_condition(Condition::Dead);
    output.send(&sysex(5000));
    assert!(stage.pc.run_while_not(ms(1000), || output.failures().0 > 0));
    assert_eq!(output.failures().1, Some(STATUS_IO_DEVICE_ERROR));
}

/// The client brings its pin to RUN once more, which fails as the chip can't be set up.
fn fail_to_revive(output: &Output) {
    assert_eq!(output.pin().set_state(KSSTATE_STOP), STATUS_SUCCESS);
    assert_eq!(
        output.pin().set_state(KSSTATE_RUN),
        STATUS_INVALID_DEVICE_STATE
    );
}

#[test]
fn an_mpu401_that_could_not_be_set_up_and_receives_raises_no_storm() {
    over(SEEDS, [false, true], |pc, edge, _| {
        let plan = Plan::new(Uart::Mpu401);
        let plan = if edge { plan.edge_triggered() } else { plan };
        let stage = plan.start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        play_until_dead(&stage, &output);
        fail_to_revive(&output);
        let unheard = counter(&filter, "bytes_unheard");
        // More than the stale bytes for which setting it up has patience.
        for count in 1..=200 {
            let accesses = stage.device.register_accesses();
            stage.device.far_end_send(&[0x40]);
            stage.wait(2);
            let accesses = stage.device.register_accesses() - accesses;
            assert!(accesses <= 10, "byte {count}: {accesses} accesses");
        }
        assert_eq!(counter(&filter, "bytes_unheard") - unheard, 200);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_death_without_witness_is_not_reported_to_the_next_client() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        stage.device.set_condition(Condition::Dead);
        let output = client.output(&filter);
        output.send_all(&notes(10));
        stage.wait(20);
        output.close();
        stage.wait(60_000);
        assert_eq!(counter(&filter, "deaths"), 1);
        stage.device.set_condition(Condition::Healthy);
        stage.wait(100);
        stage.wire();
        let output = client.output(&filter);
        output.send_all(&notes(10));
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        assert_same(&stage.wire(), &joined(&notes(10)), "the wire");
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_death_is_reported_to_the_client_whose_bytes_were_lost_though_an_input_revived_the_chip() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.set_condition(Condition::Dead);
        assert_eq!(write(pc, &pin, &[0x90; 40]), (STATUS_SUCCESS, 40));
        stage.wait(600);
        assert_eq!(counter(&filter, "deaths"), 1);
        stage.device.set_condition(Condition::Healthy);
        let input = Client::Wdmaud.input(&filter);
        assert_eq!(counter(&filter, "revivals"), 1);
        assert_eq!(write(pc, &pin, &[0xF8]), (STATUS_IO_DEVICE_ERROR, 0));
        assert_eq!(write(pc, &pin, &[0xF8]), (STATUS_SUCCESS, 1));
        input.close();
        drop((pin, filter));
        stage.take_down();
    });
}

#[test]
fn nothing_waits_and_nothing_runs_after_a_revival_that_failed() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(1000);
        assert_eq!(pc.next_event(), None, "an idle output has no timer");
        stage.device.set_condition(Condition::Dead);
        write(pc, &pin, &[0x90; 40]);
        stage.wait(600);
        assert_eq!(write(pc, &pin, &[0xF8]).0, STATUS_IO_DEVICE_ERROR);
        let discarded = counter(&filter, "bytes_discarded");
        assert_eq!(write(pc, &pin, &[0x91, 1, 2]), (STATUS_SUCCESS, 3));
        stage.device.set_condition(Condition::Gone);
        assert_eq!(pin.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_INVALID_DEVICE_STATE);
        assert_eq!(counter(&filter, "bytes_discarded") - discarded, 3);
        stage.wait(1000);
        assert_eq!(pc.next_event(), None, "what failed has no timer");
        stage.device.set_condition(Condition::Healthy);
        stage.wait(100);
        stage.wire();
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(100);
        assert_eq!(stage.wire(), [], "nothing old goes out");
        drop((pin, filter));
        stage.take_down();
    });
}

/// An output whose chip has stalled until it was given up, and has gone on by itself ten seconds later.
fn recovered(stage: &Stage) -> Output {
    let output = Client::Wdmaud.output(&stage.filter());
    play_until_dead(stage, &output);
    stage.device.set_condition(Condition::Healthy);
    stage.wait(10_000);
    output.send_all(&notes(300));
    stage.finish(&output);
    stage.wire();
    output
}

#[test]
fn a_chip_that_went_on_by_itself_is_not_set_up_again_in_the_middle_of_the_music() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = recovered(&stage);
        let song = sysex(900);
        output.send(&song);
        stage.wait(100);
        let input = Client::Wdmaud.input(&filter);
        stage.finish(&output);
        assert_eq!(counter(&filter, "revivals"), 0);
        assert_same(&stage.wire(), &song, "the wire");
        input.close();
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_chip_that_went_on_by_itself_is_drained_before_sleep_and_removal() {
    for stalled in [false, true] {
        over(
            SEEDS,
            pairs(CHIPS, [false, true]),
            |pc, (uart, sleeps), _| {
                let stage = Plan::new(uart).start(pc);
                let output = if stalled {
                    recovered(&stage)
                } else {
                    Client::Wdmaud.output(&stage.filter())
                };
                let song = sysex(900);
                output.send(&song);
                stage.wait(20);
                let status = if sleeps {
                    stage.function.set_power(POWER_DEVICE_D3)
                } else {
                    stage.function.remove()
                };
                assert_eq!(status, STATUS_SUCCESS);
                assert_same(&stage.wire(), &song, "the wire");
                output.close();
                stage.take_down();
            },
        );
    }
}

#[test]
fn the_time_for_which_bytes_waited_ends_with_sleep() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.set_condition(Condition::Dead);
        write(pc, &pin, &[0x90; 40]);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        let deaths = counter(&filter, "deaths");
        stage.device.set_condition(Condition::Healthy);
        stage.wait(10_000);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.wire();
        stage.device.set_condition(Condition::Dead);
        assert_eq!(write(pc, &pin, &[0x90, 1, 2]), (STATUS_SUCCESS, 3));
        stage.wait(2);
        stage.device.set_condition(Condition::Healthy);
        assert_eq!(write(pc, &pin, &[0x90, 1, 3]), (STATUS_SUCCESS, 3));
        stage.wait(20);
        assert_eq!(counter(&filter, "deaths"), deaths);
        assert_same(&stage.wire(), &[0x90, 1, 2, 0x90, 1, 3], "the wire");
        drop((pin, filter));
        stage.take_down();
    });
}

#[test]
fn a_healthy_uart_that_is_slow_and_deep_is_not_taken_for_dead() {
    let cases = [(4800, 64), (9600, 64), (1200, 16), (1200, 64), (31_250, 64)];
    over(SEEDS, cases, |pc, (baud, depth), _| {
        let quirks: &[&str] = if depth == 64 { &["fifo-64"] } else { &[] };
        let stage = Plan::with_quirks(Uart::Ns16550, quirks)
            .number("BaudRate", baud)
            .number("FifoDepth", depth)
            .start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        output.send(&sysex(3000));
        stage.wait(30_000);
        assert_eq!(counter(&filter, "deaths"), 0);
        assert_eq!(counter(&filter, "bytes_discarded"), 0);
        assert_eq!(output.failures(), (0, None));
        let sent = u64::from(baud) * 30 / 10;
        assert!(u64::from(counter(&filter, "bytes_sent")) >= sent.min(3000) * 9 / 10);
        output.abandon();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_slow_uart_that_is_dead_is_found_dead_all_the_same() {
    over(SEEDS, [(4800, 64), (1200, 16)], |pc, (baud, depth), _| {
        let quirks: &[&str] = if depth == 64 { &["fifo-64"] } else { &[] };
        let stage = Plan::with_quirks(Uart::Ns16550, quirks)
            .number("BaudRate", baud)
            .number("FifoDepth", depth)
            .start(pc);
        let output = Client::Wdmaud.output(&stage.filter());
        play_until_dead(&stage, &output);
        output.abandon();
        stage.take_down();
    });
}

#[test]
fn what_comes_in_after_a_revival_that_failed_is_counted() {
    over(SEEDS, [()], |pc, (), _| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        let input = Client::Wdmaud.input(&filter);
        play_until_dead(&stage, &output);
        let heard = [0x90, 1, 2];
        assert_eq!(stage.far_end_plays(&heard, &input), heard);
        fail_to_revive(&output);
        let unheard = counter(&filter, "bytes_unheard");
        // It may be what a chip that is half set up makes of it; it is no music.
        assert_eq!(stage.far_end_plays(&heard, &input), []);
        assert_eq!(counter(&filter, "bytes_unheard") - unheard, 3);
        // A chip that is well again is heard again.
        stage.device.set_condition(Condition::Healthy);
        assert_eq!(output.pin().set_state(KSSTATE_RUN), STATUS_SUCCESS);
        assert_eq!(stage.far_end_plays(&heard, &input), heard);
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}
