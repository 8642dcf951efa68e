//! Chips that die: the client is told in time, and music goes on when the chip is well again.

use std::time::Duration;

use emulated_pc::Pc;
use emulated_pc::hardware::chip::Condition;
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{
    STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS,
};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::music::{assert_same, joined, notes, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Opens, Output, Plan, Stage, Uart, counter, ms, over, pairs, run_with,
    seeded, wire_time,
};

/// A client is told of a chip's death within this time.
const LONGEST_SILENCE: Duration = ms(500);
const SEEDS: u64 = 10;

/// Waits until the output's client is told of an error, which has to be in time; returns how long
/// that took.
fn told(pc: &Pc, output: &Output) -> Duration {
    let died = pc.now();
    assert!(
        pc.run_while_not(LONGEST_SILENCE, || output.failures().0 > 0),
        "not told within {LONGEST_SILENCE:?}: {:?}",
        output.statistics()
    );
    assert_eq!(output.failures().1, Some(STATUS_IO_DEVICE_ERROR));
    assert!(output.statistics().longest_without_progress <= LONGEST_SILENCE);
    pc.now() - died
}

/// The chip is well again, and the client brings its pin to RUN once more: from then on every byte goes
/// out.
fn plays_again(stage: &Stage, output: &Output) {
    stage.device.set_condition(Condition::Healthy);
    // What lay in the chip's FIFO may still come.
    stage.wait(100);
    stage.wire();
    assert_eq!(output.pin().set_state(KSSTATE_STOP), STATUS_SUCCESS);
    assert_eq!(output.pin().set_state(KSSTATE_RUN), STATUS_SUCCESS);
    let failures = output.failures().0;
    let messages = [notes(100), vec![sysex(3000)]].concat();
    output.send_all(&messages);
    stage.finish(output);
    assert_eq!(output.failures().0, failures);
    assert_same(&stage.wire(), &joined(&messages), "after the revival");
}

#[test]
fn dies_in_the_middle_of_a_system_exclusive_message() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        output.send(&sysex(20_000));
        stage.wait(700 + seed % 50);
        stage.device.set_condition(Condition::Dead);
        told(pc, &output);
        assert_eq!(counter(&filter, "deaths"), 1);
        // The ring was full.
        let discarded = counter(&filter, "bytes_discarded");
        assert!((900..=1024).contains(&discarded), "{discarded}");
        plays_again(&stage, &output);
        assert!(counter(&filter, "revivals") >= 1);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn dies_between_short_messages() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        for message in notes(50) {
            output.send(&message);
            stage.wait(5);
        }
        pc.run_for(Duration::from_micros(seed % 50 * 137));
        stage.device.set_condition(Condition::Dead);
        let died = pc.now();
        let mut messages = notes(1000).into_iter().cycle();
        while output.failures().0 == 0 {
            output.send(&messages.next().expect("a cycle"));
            stage.wait(5);
            assert!(
                pc.now() - died <= LONGEST_SILENCE,
                "{:?}",
                output.statistics()
            );
        }
        assert_eq!(output.failures().1, Some(STATUS_IO_DEVICE_ERROR));
        assert_eq!(counter(&filter, "deaths"), 1);
        let discarded = counter(&filter, "bytes_discarded");
        assert!((200..=300).contains(&discarded), "{discarded}");
        plays_again(&stage, &output);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn stays_dead_and_every_half_second_the_client_is_told() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        stage.device.set_condition(Condition::Dead);
        for round in 1..=5 {
            for _ in 0..8 {
                output.send(&sysex(1024));
            }
            assert!(
                pc.run_while_not(LONGEST_SILENCE, || output.failures().0 >= round),
                "round {round}: {:?}",
                output.statistics()
            );
        }
        assert!(output.statistics().longest_without_progress <= LONGEST_SILENCE);
        assert!(counter(&filter, "deaths") >= 5);
        // Whatever is under way ends, too.
        pc.run_while_not(ms(30_000), || output.is_idle());
        plays_again(&stage, &output);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn revives_before_the_limit_and_nothing_is_lost() {
    let spans = [1, 20, 60, 90];
    over(SEEDS, pairs(CHIPS, spans), |pc, (uart, span), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        let song = sysex(4000);
        output.send(&song);
        stage.wait(300 + seed % 50);
        stage.device.set_condition(Condition::Dead);
        stage.wait(span);
        stage.device.set_condition(Condition::Healthy);
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        assert_eq!(counter(&filter, "deaths"), 0);
        assert_same(&stage.wire(), &song, "the wire");
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn short_messages_survive_a_pause_of_400_milliseconds() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        stage.device.set_condition(Condition::Dead);
        let messages = notes(40);
        for message in &messages {
            output.send(message);
            stage.wait(10);
        }
        stage.device.set_condition(Condition::Healthy);
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        assert_eq!(counter(&filter, "deaths"), 0);
        assert_same(&stage.wire(), &joined(&messages), "the wire");
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn missing_at_the_start_the_start_fails() {
    for (uart, status) in [
        (Uart::Mpu401, STATUS_IO_DEVICE_ERROR),
        (Uart::Ns16550, STATUS_NO_SUCH_DEVICE),
    ] {
        run_with(seeded(1), |pc| {
            let stage = Plan::new(uart).add(pc);
            stage.device.set_condition(Condition::Gone);
            let added = pc.pool_in_use();
            assert_eq!(stage.function.start(), status, "{uart:?}");
            assert_eq!(pc.pool_in_use(), added);
            // It is plugged in properly, and found again.
            stage.device.set_condition(Condition::Healthy);
            let again = stage.driver.add_device(&stage.device).expect("it is added");
            assert_eq!(again.start(), STATUS_SUCCESS);
            assert_eq!(again.remove(), STATUS_SUCCESS);
            stage.driver.unload();
        });
    }
}

#[test]
fn missing_when_power_comes_back() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        stage.device.set_condition(Condition::Gone);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        assert_eq!(output.statistics().refused_states, 1, "RUN is refused");
        assert_eq!(
            output.pin().set_state(KSSTATE_RUN),
            STATUS_INVALID_DEVICE_STATE
        );
        assert!(counter(&filter, "failed_setups") >= 1);
        stage.device.set_condition(Condition::Healthy);
        assert_eq!(output.pin().set_state(KSSTATE_RUN), STATUS_SUCCESS);
        assert_eq!(input.pin().set_state(KSSTATE_RUN), STATUS_SUCCESS);
        plays_again(&stage, &output);
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn dies_while_nobody_writes() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        stage.device.set_condition(Condition::Dead);
        stage.wait(5000);
        assert_eq!(output.failures(), (0, None), "there is nothing to tell");
        assert_eq!(counter(&filter, "deaths"), 0);
        output.send(&sysex(5000));
        told(pc, &output);
        plays_again(&stage, &output);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn vanishes_in_the_middle_and_is_removed_later() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        stage.device.far_end_send(&joined(&notes(1000)));
        output.send(&sysex(20_000));
        stage.wait(400 + seed % 50);
        stage.device.set_condition(Condition::Gone);
        told(pc, &output);
        let heard = input.received_total();
        stage.wait(500);
        assert_eq!(
            input.received_total(),
            heard,
            "nothing comes from a missing chip"
        );
        assert_eq!(stage.function.surprise_remove(), STATUS_SUCCESS);
        stage.wait(100);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        output.close();
        input.close();
        drop(filter);
        stage.unload();
    });
}

#[test]
fn told_also_after_a_close_and_another_open() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        output.send(&sysex(5000));
        stage.wait(100);
        stage.device.set_condition(Condition::Dead);
        stage.wait(20);
        output.close();
        stage.wait(20);
        // A dead chip may refuse to be set up, or take that and no bytes; either is an error.
        if let Ok(output) = client.try_output(&filter) {
            output.send(&sysex(5000));
            told(pc, &output);
            plays_again(&stage, &output);
            output.close();
        } else {
            stage.device.set_condition(Condition::Healthy);
            stage.wait(100);
            stage.wire();
            assert_same(
                &stage.play(client, &notes(100)),
                &joined(&notes(100)),
                "afterwards",
            );
        }
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn dead_for_the_output_and_well_for_the_input() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        let input = Client::Wdmaud.input(&filter);
        output.send(&sysex(5000));
        stage.wait(100);
        stage.device.set_condition(Condition::Dead);
        let heard = joined(&notes(300));
        stage.device.far_end_send(&heard);
        told(pc, &output);
        pc.run_for(wire_time(heard.len()) + ms(50));
        assert_same(&input.take(), &heard, "what came in meanwhile");
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}
