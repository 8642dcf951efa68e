//! What has crashed, hung or corrupted Windows under MIDI drivers before, by its root cause.

use std::time::Duration;

use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::STATUS_SUCCESS;

use crate::music::{assert_same, joined, mixed, notes, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Opens, Plan, UARTS, Uart, counter, load_driver, ms, over, over_seeds,
    pairs, read, wire_time, write,
};

const SEEDS: u64 = 10;

/// Microsoft MIDI #1001, #1005.
#[test]
fn device_sends_while_it_is_being_connected() {
    over(40, CHIPS, |pc, uart, seed| {
        let stage = Plan::new(uart).add(pc);
        stage.device.far_end_send(&joined(&notes(400)));
        pc.run_for(Duration::from_micros(seed % 50 * 97));
        assert_eq!(stage.function.start(), STATUS_SUCCESS);
        let filter = stage.filter();
        let input = Client::MidiSrv.input(&filter);
        stage.wait(500);
        let heard = input.take();
        let all = joined(&notes(400));
        assert!(
            all.ends_with(&heard) && heard.len() > 100,
            "the input begins in the middle and misses nothing from there: {} bytes",
            heard.len()
        );
        input.close();
        drop(filter);
        stage.take_down();
    });
}

/// Microsoft MIDI #1001, #1005.
#[test]
fn device_sends_while_streams_open_and_close() {
    over(SEEDS, CHIPS, |pc, uart, seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let all = joined(&mixed(seed, 400));
        stage.device.far_end_send(&all);
        for round in 0..40 {
            let input = CLIENTS[round % 2].input(&filter);
            pc.run_for(Duration::from_micros(300 * (seed % 50) + 100));
            let heard = input.close();
            assert!(
                heard.is_empty() || all.windows(heard.len()).any(|part| part == heard),
                "a piece of what was sent: {heard:02X?}"
            );
        }
        drop(filter);
        stage.take_down();
    });
}

/// Microsoft MIDI #307.
#[test]
fn heavy_sending_without_a_reader() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        stage.device.far_end_send(&joined(&notes(2000)));
        let song = notes(2000);
        output.send_all(&song);
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        if uart != Uart::Software {
            assert_same(&stage.wire(), &joined(&song), "the wire");
            assert_eq!(counter(&filter, "bytes_unheard"), 6000);
        }
        output.close();
        drop(filter);
        stage.take_down();
    });
}

/// Microsoft MIDI #307, with a pin that is open and never read.
#[test]
fn heavy_receiving_with_a_pin_that_nobody_reads() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.far_end_send(&sysex(20_000));
        pc.run_for(wire_time(20_000) + ms(20));
        assert_eq!(counter(&filter, "overruns"), 0);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// ravemidi: the state was freed when the last stream was closed, a filter handle still being held.
#[test]
fn state_outlives_the_last_stream_and_the_device_until_the_filter_is_closed() {
    over(SEEDS, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        Client::MidiSrv.output(&filter).close();
        stage.wait(10);
        assert!(counter(&filter, "interrupts") < 100, "the state answers");
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        stage.wait(60_000);
        // Late questions find the state, or are refused; both without touching freed memory.
        assert!(filter.open_pin(RENDER_PIN).is_err());
        let _ = filter.pin_name(RENDER_PIN);
        let _ = filter.pins();
        drop(filter);
        stage.unload();
    });
}

/// ravemidi: a reader's frame was smaller than what had piled up.
#[test]
fn reads_smaller_than_what_has_piled_up() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        let stream = pin.stream();
        // The port is left out, so that nobody reads meanwhile.
        // SAFETY: the stream is live, and this is `PASSIVE_LEVEL`.
        let running = unsafe {
            portcls::interfaces::IMiniportMidiStream::SetState(stream.as_ptr(), KSSTATE_RUN)
        };
        assert_eq!(running, STATUS_SUCCESS);
        let sent = sysex(3000);
        stage.device.far_end_send(&sent);
        pc.run_for(wire_time(3000) + ms(20));
        let mut heard = Vec::new();
        for capacity in [0, 1, 2, 3, 4, 5, 7, 16, 1000, 500, 1024, 4096, 1] {
            let (status, bytes) = read(pc, &pin, capacity);
            assert_eq!(status, STATUS_SUCCESS);
            assert_eq!(bytes.len(), capacity.min(3000 - heard.len()));
            heard.extend(bytes);
        }
        assert_same(&heard, &sent, "what was read");
        drop(stream);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// ravemidi: the Plug and Play thread waited, under the port class's lock, for clients and workers.
#[test]
fn stop_and_remove_do_not_wait_for_clients() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        output.send_all(&notes(5000));
        stage.wait(100 + seed % 50);
        let before = pc.now();
        let status = if seed % 2 == 0 {
            stage.function.stop()
        } else {
            stage.function.surprise_remove()
        };
        assert_eq!(status, STATUS_SUCCESS);
        // What was accepted goes out meanwhile: one ring and a FIFO.
        assert!(
            pc.now() - before < ms(450),
            "it took {:?}",
            pc.now() - before
        );
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        assert!(pc.now() - before < ms(460));
        stage.wait(1000);
        output.close();
        input.close();
        drop(filter);
        stage.driver.unload();
    });
}

/// ravemidi: mutexes and events were initialised once more at the second start.
#[test]
fn second_start_does_not_disturb_what_waits_from_the_first() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let mut old = Vec::new();
        for round in 0..5 {
            let filter = stage.filter();
            let output = client.output(&filter);
            let input = client.input(&filter);
            output.send_all(&notes(50));
            stage.device.far_end_send(&joined(&notes(10)));
            stage.wait(seed % 50 + round);
            old.push((output, input, filter));
            assert_eq!(stage.function.stop(), STATUS_SUCCESS);
            assert_eq!(stage.function.start(), STATUS_SUCCESS);
        }
        stage.wait(100);
        for (output, input, filter) in old {
            output.close();
            input.abandon();
            drop(filter);
        }
        stage.take_down();
    });
}

/// ravemidi: reads that completed empty and at once kept a processor busy.
#[test]
fn nothing_to_read_keeps_nobody_busy() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let input = client.input(&filter);
        stage.wait(100);
        let (before, accesses) = (input.pin().statistics(), stage.device.register_accesses());
        stage.wait(10_000);
        let after = input.pin().statistics();
        assert!(
            after.reads - before.reads <= 10,
            "{} reads",
            after.reads - before.reads
        );
        // With an interrupt the chip is looked at every 10 ms only.
        let accesses = stage.device.register_accesses() - accesses;
        assert!(accesses <= 10_000 / 10 * 3, "{accesses} register accesses");
        assert_eq!(
            input.received_total(),
            0,
            "no read completes without a byte"
        );
        input.close();
        drop(filter);
        stage.take_down();
    });
}

/// With nobody there the chip is left alone altogether.
#[test]
fn without_streams_the_chip_is_left_alone() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        Client::Wdmaud.input(&filter).close();
        Client::Wdmaud.output(&filter).close();
        stage.wait(50);
        let accesses = stage.device.register_accesses();
        stage.wait(60_000);
        assert_eq!(stage.device.register_accesses(), accesses);
        drop(filter);
        stage.take_down();
    });
}

/// Earth Vega 8PortSE: System Exclusive messages of certain sizes froze the system.
#[test]
fn system_exclusive_messages_of_every_size_around_the_buffers() {
    over(2, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).number("TransmitRingBytes", 64).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        for base in [16, 64, 80, 128, 256] {
            for size in base - 3..=base + 3 {
                let message = sysex(size);
                output.send(&message);
                assert_same(
                    &stage.far_end_plays(&message, &input),
                    &message,
                    &format!("{size} bytes in"),
                );
                assert_same(&stage.wire(), &message, &format!("{size} bytes out"));
            }
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

/// A storm of opens and closes while bytes come and go.
#[test]
fn opens_and_closes_during_traffic() {
    over(SEEDS, UARTS, |pc, uart, seed| {
        let stage = Plan::new(uart).start(pc);
        let mut expected = Vec::new();
        for round in 0..60_u64 {
            let filter = stage.filter();
            let client = CLIENTS[usize::from(round % 2 == 0)];
            let output = client.output(&filter);
            let input = client.input(&filter);
            stage.device.far_end_send(&joined(&notes(5)));
            let message = sysex(usize::try_from(3 + round * 7 % 90).expect("small"));
            let (status, count) = write(pc, output.pin(), &message);
            assert_eq!(status, STATUS_SUCCESS);
            expected.extend(&message[..count]);
            pc.run_for(Duration::from_micros(seed % 50 * round % 4000));
            output.close();
            if round % 3 == 0 {
                input.abandon();
            } else {
                input.close();
            }
        }
        stage.wait(450);
        if uart != Uart::Software {
            assert_same(&stage.wire(), &expected, "what was accepted");
        }
        stage.take_down();
    });
}

/// Stops of the pin while the device interrupts.
#[test]
fn pins_that_stop_and_run_while_bytes_come_in() {
    over(SEEDS, CHIPS, |pc, uart, seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        stage.device.far_end_send(&joined(&mixed(seed, 500)));
        for round in 0..200 {
            assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
            pc.run_for(Duration::from_micros(seed % 50 * 37 + round * 11 % 700));
            assert_eq!(pin.set_state(KSSTATE_STOP), STATUS_SUCCESS);
            assert_eq!(read(pc, &pin, 64), (STATUS_SUCCESS, vec![]), "stopped");
        }
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_thousand_starts_and_stops_leak_nothing() {
    over(1, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        assert_eq!(stage.function.stop(), STATUS_SUCCESS);
        let stopped = pc.pool_in_use();
        for _ in 0..1000 {
            assert_eq!(stage.function.start(), STATUS_SUCCESS);
            assert_eq!(stage.function.stop(), STATUS_SUCCESS);
            assert_eq!(pc.pool_in_use(), stopped);
        }
        assert_eq!(stage.function.start(), STATUS_SUCCESS);
        stage.take_down();
    });
}

#[test]
fn a_hundred_loads_and_unloads_leave_nothing() {
    over_seeds(1, |pc, _| {
        let device = Plan::new(Uart::Ns16550).plug(pc);
        for _ in 0..100 {
            let driver = load_driver(pc);
            let function = driver.add_device(&device).expect("the device is added");
            assert_eq!(function.start(), STATUS_SUCCESS);
            let filter = function.open_filter("UART").expect("the filter opens");
            Client::MidiSrv.output(&filter).send(&[0x90, 1, 2]);
            drop(filter);
            assert_eq!(function.remove(), STATUS_SUCCESS);
            driver.unload();
            assert_eq!(pc.pool_in_use(), (0, 0));
        }
    });
}
