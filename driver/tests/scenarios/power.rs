//! Sleep, stop, restart and removal, with music under way.

use emulated_pc::hardware::mpu401::Mpu401Switches;
use midiuart::filter::RENDER_PIN;
use portcls::ks::KSSTATE_RUN;
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::music::{assert_same, joined, mixed, notes, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Opens, Plan, UARTS, Uart, counter, over, over_seeds, pairs, wire_time,
    write,
};

const SEEDS: u64 = 10;
/// `PowerDeviceD1`.
const POWER_DEVICE_D1: i32 = POWER_DEVICE_D0 + 1;

#[test]
fn what_was_accepted_goes_out_before_sleep() {
    let states = [POWER_DEVICE_D1, POWER_DEVICE_D3];
    over(SEEDS, pairs(CHIPS, states), |pc, (uart, state), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let song = sysex(1000);
        assert_eq!(write(pc, &pin, &song), (STATUS_SUCCESS, song.len()));
        assert_eq!(stage.function.set_power(state), STATUS_SUCCESS);
        assert_same(&stage.wire(), &song, "the wire when the device sleeps");
        assert_eq!(counter(&filter, "bytes_discarded"), 0);
        assert_eq!(
            write(pc, &pin, &[0xF8]),
            (STATUS_IO_DEVICE_ERROR, 0),
            "asleep"
        );
        assert_eq!(counter(&filter, "writes_without_device"), 1);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn streams_in_both_directions_live_through_sleep() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        let song = mixed(seed, 200);
        output.send_all(&song);
        stage.device.far_end_send(&joined(&notes(100)));
        stage.wait(20 + seed % 50);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        let accesses = stage.device.register_accesses();
        stage.wait(2000);
        assert_eq!(stage.device.register_accesses(), accesses);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        assert_same(&stage.wire(), &joined(&song), "the wire");
        let heard = input.take();
        assert!(
            joined(&notes(100)).starts_with(&heard) && !heard.is_empty(),
            "what came in before sleep is in order: {heard:02X?}"
        );
        let after = joined(&mixed(seed + 1, 50));
        assert_same(&stage.far_end_plays(&after, &input), &after, "after sleep");
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn sleeps_and_wakes_a_hundred_times_while_playing() {
    over(3, UARTS, |pc, uart, seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        let input = Client::Wdmaud.input(&filter);
        let song = notes(4000);
        output.send_all(&song);
        for round in 0..100 {
            stage.wait(round * (seed % 50) % 7);
            assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
            assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        }
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        if uart != Uart::Software {
            assert_same(&stage.wire(), &joined(&song), "the wire");
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn sleeps_without_streams_and_plays_when_a_stream_is_opened() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        stage.wait(100);
        let song = notes(50);
        assert_same(&stage.play(client, &song), &joined(&song), "the wire");
        assert_eq!(stage.function.power_state(), POWER_DEVICE_D0);
        stage.take_down();
    });
}

#[test]
fn a_chip_that_lost_its_state_asleep_is_set_up_again() {
    // In D3 the emulated chips lose everything: divisor, interrupt enables, UART mode.
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        let input = Client::MidiSrv.input(&filter);
        for _ in 0..3 {
            assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
            assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
            output.send_all(&notes(30));
            stage.finish(&output);
            assert_same(&stage.wire(), &joined(&notes(30)), "the wire");
            assert_eq!(stage.device.wire_unreadable(), 0, "31250 baud");
            let heard = joined(&notes(20));
            assert_same(&stage.far_end_plays(&heard, &input), &heard, "the input");
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn stale_bytes_after_sleep_are_none_of_the_music() {
    let switches = Mpu401Switches::default();
    assert!(switches.stale_bytes.is_empty(), "the quirk brings them");
    over_seeds(SEEDS, |pc, _| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["stale-bytes"]).start(pc);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.wait(50);
        assert_eq!(input.take(), []);
        assert_eq!(stage.far_end_plays(&[0x90, 1, 2], &input), [0x90, 1, 2]);
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn stop_while_playing_lets_out_what_was_accepted_and_a_start_follows() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let song = sysex(3000);
        output.send(&song);
        stage.wait(100 + seed % 50);
        assert_eq!(stage.function.stop(), STATUS_SUCCESS);
        let accepted = usize::try_from(output.statistics().bytes_written).expect("some bytes");
        assert!(accepted < song.len());
        assert_same(&stage.wire(), &song[..accepted], "what was accepted");
        stage.wait(50);
        output.close();
        drop(filter);
        assert_eq!(stage.function.start(), STATUS_SUCCESS);
        let song = notes(60);
        assert_same(
            &stage.play(client, &song),
            &joined(&song),
            "after a restart",
        );
        stage.take_down();
    });
}

#[test]
fn restarts_with_old_handles_open() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let old_filter = stage.filter();
        let old_output = client.output(&old_filter);
        let old_input = client.input(&old_filter);
        old_output.send_all(&notes(20));
        stage.wait(seed % 50);
        assert_eq!(stage.function.stop(), STATUS_SUCCESS);
        assert_eq!(stage.function.start(), STATUS_SUCCESS);
        stage.wait(100);
        stage.wire();
        assert_eq!(
            write(pc, old_output.pin(), &[0xF8]),
            (STATUS_IO_DEVICE_ERROR, 0),
            "the old stream belongs to what was taken away"
        );
        let song = notes(60);
        let played = stage.play(client, &song);
        if uart != Uart::Software {
            assert_same(&played, &joined(&song), "after a restart");
        }
        old_output.close();
        old_input.close();
        drop(old_filter);
        stage.take_down();
    });
}

#[test]
fn remove_with_handles_open() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        output.send(&sysex(2000));
        stage.device.far_end_send(&joined(&notes(100)));
        stage.wait(seed % 50 * 3);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        let accesses = stage.device.register_accesses();
        stage.wait(1000);
        assert_eq!(stage.device.register_accesses(), accesses);
        output.abandon();
        input.close();
        drop(filter);
        stage.unload();
    });
}

#[test]
fn surprise_removal_at_every_millisecond() {
    over(3, pairs(UARTS, 0..50_u64), |pc, (uart, moment), seed| {
        let client = CLIENTS[usize::from(moment % 2 == 0)];
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        output.send_all(&mixed(seed, 60));
        stage.device.far_end_send(&joined(&mixed(seed + 1, 60)));
        stage.wait(moment);
        assert_eq!(stage.function.surprise_remove(), STATUS_SUCCESS);
        stage.wait(moment % 5);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        if moment % 3 == 0 {
            output.abandon();
            input.abandon();
        } else {
            output.close();
            input.close();
        }
        drop(filter);
        stage.unload();
    });
}

#[test]
fn surprise_removal_asleep() {
    over(SEEDS, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        assert_eq!(stage.function.surprise_remove(), STATUS_SUCCESS);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        output.close();
        drop(filter);
        stage.unload();
    });
}

#[test]
fn a_stop_that_is_called_off_disturbs_nothing() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        let song = sysex(500);
        output.send(&song);
        stage.wait(20);
        assert_eq!(stage.function.query_remove(), STATUS_SUCCESS);
        assert_eq!(stage.function.cancel_remove(), STATUS_SUCCESS);
        // The port class refuses a stop while handles are open.
        assert_ne!(stage.function.query_stop(), STATUS_SUCCESS);
        assert_eq!(stage.function.cancel_stop(), STATUS_SUCCESS);
        stage.finish(&output);
        assert_same(&stage.wire(), &song, "the wire");
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn stop_does_not_wait_for_a_dead_chip() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        output.send(&sysex(1000));
        stage.wait(50);
        stage
            .device
            .set_condition(emulated_pc::hardware::chip::Condition::Dead);
        let before = pc.now();
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        assert!(pc.now() - before <= wire_time(1000) * 2 + wire_time(100));
        output.close();
        drop(filter);
        stage.unload();
    });
}
