//! Parameters in the registry: what is in range is in force, everything else leaves the default.

use std::time::Duration;

use midiuart::counters;
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use midiuart::parameters::{DEFAULT_PORT_NAME, NUMBERS, PORT_NAME_VALUE};
use portcls::ks::KSSTATE_RUN;
use portcls::status::{STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};

use crate::music::{assert_same, joined, mixed, notes, sysex};
use crate::stage::{
    CHIPS, Client, Opens, Plan, Stage, UARTS, Uart, all_counters, counter, ms, over, over_seeds,
    pairs, read, wire_time, write,
};

const OUT_OF_RANGE: &str = "parameters_out_of_range";

/// How many bytes one `Write` takes while the chip takes none.
fn bytes_taken_by_one_write(stage: &Stage) -> usize {
    let filter = stage.filter();
    let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
    assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
    stage
        .device
        .set_condition(emulated_pc::hardware::chip::Condition::Dead);
    let (status, count) = write(stage.pc, &pin, &sysex(70_000));
    assert_eq!(status, STATUS_SUCCESS);
    stage
        .device
        .set_condition(emulated_pc::hardware::chip::Condition::Healthy);
    count
}

/// How many bytes can be read at once that came in while nobody read.
fn bytes_kept_for_a_reader(stage: &Stage) -> usize {
    let filter = stage.filter();
    let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
    let stream = pin.stream();
    // SAFETY: the stream is live, and this is `PASSIVE_LEVEL`. The port is left out, so that nobody
    // reads meanwhile.
    let running =
        unsafe { portcls::interfaces::IMiniportMidiStream::SetState(stream.as_ptr(), KSSTATE_RUN) };
    assert_eq!(running, STATUS_SUCCESS);
    let sent = 70_000;
    stage.device.far_end_send(&sysex(sent));
    stage.pc.run_for(wire_time(sent) + ms(20));
    let (status, bytes) = read(stage.pc, &pin, sent);
    assert_eq!(status, STATUS_SUCCESS);
    assert_eq!(
        counter(&filter, "receive_overflows") as usize,
        sent - bytes.len()
    );
    assert_same(&bytes, &sysex(sent)[..bytes.len()], "the oldest are kept");
    bytes.len()
}

#[test]
fn transmit_ring_bytes() {
    for (value, capacity, wrong) in [
        (64, 64, 0),
        (65_536, 65_536, 0),
        (63, 1024, 1),
        (65_537, 1024, 1),
        (0, 1024, 1),
        (u32::MAX, 1024, 1),
    ] {
        over(1, CHIPS, |pc, uart, _| {
            let plan = Plan::new(uart).number("TransmitRingBytes", value);
            let stage = plan.start(pc);
            let filter = stage.filter();
            assert_eq!(counter(&filter, OUT_OF_RANGE), wrong);
            assert_eq!(bytes_taken_by_one_write(&stage), capacity, "{value}");
            drop(filter);
            stage.take_down();
        });
    }
}

#[test]
fn receive_ring_bytes() {
    for (value, capacity, wrong) in [
        (256, 256, 0),
        (65_536, 65_536, 0),
        (255, 8192, 1),
        (65_537, 8192, 1),
    ] {
        over(1, [Uart::Ns16550], |pc, uart, _| {
            let plan = Plan::new(uart).number("ReceiveRingBytes", value);
            let stage = plan.start(pc);
            let filter = stage.filter();
            assert_eq!(counter(&filter, OUT_OF_RANGE), wrong);
            assert_eq!(bytes_kept_for_a_reader(&stage), capacity, "{value}");
            drop(filter);
            stage.take_down();
        });
    }
}

#[test]
fn music_passes_with_the_smallest_and_the_largest_rings() {
    over(
        5,
        pairs(UARTS, [(64, 256), (65_536, 65_536)]),
        |pc, (uart, (transmit, receive)), seed| {
            let stage = Plan::new(uart)
                .number("TransmitRingBytes", transmit)
                .number("ReceiveRingBytes", receive)
                .start(pc);
            let filter = stage.filter();
            let output = Client::MidiSrv.output(&filter);
            let input = Client::MidiSrv.input(&filter);
            let song = mixed(seed, 150);
            output.send_all(&song);
            stage.finish(&output);
            // The largest ring holds all of it.
            pc.run_for(wire_time(joined(&song).len()));
            if uart == Uart::Software {
                assert_same(&input.take(), &joined(&song), "the loopback");
            } else {
                assert_same(&stage.wire(), &joined(&song), "out");
                let song = joined(&song);
                assert_same(&stage.far_end_plays(&song, &input), &song, "in");
            }
            output.close();
            input.close();
            drop(filter);
            stage.take_down();
        },
    );
}

/// The time from start bit to stop bit of the bytes that are sent.
fn byte_time(stage: &Stage) -> Duration {
    let filter = stage.filter();
    let output = Client::Wdmaud.output(&filter);
    output.send(&[0x90, 1, 2]);
    stage.wait(50);
    output.close();
    let sent = stage.device.wire_sent();
    assert_eq!(sent.len(), 3);
    sent[0].end - sent[0].start
}

#[test]
fn baud_clock_divides_to_31250_baud_or_is_refused() {
    over_seeds(1, |pc, _| {
        // The chip's true clock is 24 MHz; told of 12 MHz, the driver divides by half as much.
        let plan = Plan::new(Uart::Ns16550).number("BaudClockHz", 12_000_000);
        let stage = plan.start(pc);
        assert_eq!(byte_time(&stage), Duration::from_micros(160));
        stage.take_down();
    });
    for clock in [1_843_200, 100_000] {
        assert_eq!(
            Plan::new(Uart::Ns16550)
                .number("BaudClockHz", clock)
                .refusal(),
            STATUS_DEVICE_CONFIGURATION_ERROR,
            "{clock} Hz"
        );
    }
    over(1, [99_999, 1_000_000_001, 0], |pc, clock, _| {
        let stage = Plan::new(Uart::Ns16550)
            .number("BaudClockHz", clock)
            .start(pc);
        let filter = stage.filter();
        assert_eq!(counter(&filter, OUT_OF_RANGE), 1);
        assert_eq!(byte_time(&stage), Duration::from_micros(320));
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn baud_rate() {
    for (rate, micros, wrong) in [
        (31_250, 320, 0),
        (62_500, 160, 0),
        (1199, 320, 1),
        (115_201, 320, 1),
    ] {
        over_seeds(1, |pc, _| {
            let stage = Plan::new(Uart::Ns16550).number("BaudRate", rate).start(pc);
            let filter = stage.filter();
            assert_eq!(counter(&filter, OUT_OF_RANGE), wrong);
            assert_eq!(byte_time(&stage), Duration::from_micros(micros));
            drop(filter);
            stage.take_down();
        });
    }
}

#[test]
fn fifo_depth() {
    // A deep FIFO that is filled needs the fewer interrupts for the same music.
    let interrupts = |depth| {
        let count = std::sync::atomic::AtomicU32::new(0);
        over_seeds(1, |pc, _| {
            let stage = Plan::with_quirks(Uart::Ns16550, &["fifo-64"])
                .number("FifoDepth", depth)
                .start(pc);
            let filter = stage.filter();
            assert_eq!(counter(&filter, OUT_OF_RANGE), u32::from(depth > 64));
            assert_same(
                &stage.play(Client::Wdmaud, &notes(1000)),
                &joined(&notes(1000)),
                "the wire",
            );
            // Ordering: one thread at a time.
            count.store(
                counter(&filter, "interrupts"),
                std::sync::atomic::Ordering::Relaxed,
            );
            drop(filter);
            stage.take_down();
        });
        count.into_inner()
    };
    let (one, sixteen, default) = (interrupts(1), interrupts(16), interrupts(65));
    assert!(
        one > 2 * sixteen,
        "{one} interrupts for one byte, {sixteen} for sixteen"
    );
    assert_eq!(sixteen, default);
}

#[test]
fn acknowledge_expected() {
    let silent = Plan::with_quirks(Uart::Mpu401, &["no-ack"]);
    for value in [1, 2] {
        let plan = silent.clone().number("AcknowledgeExpected", value);
        assert_eq!(plan.refusal(), STATUS_IO_DEVICE_ERROR, "{value}");
    }
    over_seeds(1, |pc, _| {
        let stage = silent.clone().number("AcknowledgeExpected", 0).start(pc);
        assert_eq!(
            stage.play(Client::MidiSrv, &[vec![0x90, 1, 2]]),
            [0x90, 1, 2]
        );
        stage.take_down();
    });
}

#[test]
fn paced() {
    for (value, is_paced, wrong) in [(0, false, 0), (1, true, 0), (2, true, 1)] {
        over_seeds(1, |pc, _| {
            let stage = Plan::new(Uart::Software).number("Paced", value).start(pc);
            let filter = stage.filter();
            assert_eq!(counter(&filter, OUT_OF_RANGE), wrong);
            let output = Client::Wdmaud.output(&filter);
            let input = Client::Wdmaud.input(&filter);
            output.send(&sysex(1000));
            let all = pc.run_while_not(ms(300), || input.received_total() == 1000);
            assert_eq!(all, !is_paced, "1000 bytes within 300 ms");
            stage.wait(100);
            assert_eq!(input.received_total(), 1000);
            output.close();
            input.close();
            drop(filter);
            stage.take_down();
        });
    }
}

#[test]
fn poll_period() {
    let accesses_in_a_second = |value| {
        let count = std::sync::atomic::AtomicU64::new(0);
        over_seeds(1, |pc, _| {
            let stage = Plan::with_quirks(Uart::Mpu401, &["no-interrupt"])
                .number("PollPeriodMicroseconds", value)
                .start(pc);
            let filter = stage.filter();
            let wrong = !(500..=10_000).contains(&value);
            assert_eq!(counter(&filter, OUT_OF_RANGE), u32::from(wrong));
            let input = Client::Wdmaud.input(&filter);
            let before = stage.device.register_accesses();
            stage.wait(1000);
            // Ordering: one thread at a time.
            count.store(
                stage.device.register_accesses() - before,
                std::sync::atomic::Ordering::Relaxed,
            );
            input.close();
            drop(filter);
            stage.take_down();
        });
        count.into_inner()
    };
    let (fast, usual, slow) = (
        accesses_in_a_second(500),
        accesses_in_a_second(1000),
        accesses_in_a_second(10_000),
    );
    assert!(fast > usual * 3 / 2, "{fast} {usual}");
    assert!(usual > slow * 5, "{usual} {slow}");
    for wrong in [0, 499, 10_001] {
        assert_eq!(accesses_in_a_second(wrong), usual, "{wrong}");
    }
}

#[test]
fn uart_kind() {
    over_seeds(1, |pc, _| {
        // An MPU-401 where the resources would mean the loopback, and the other way round.
        let stage = Plan::new(Uart::Mpu401).number("Uart", 3).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        let input = Client::MidiSrv.input(&filter);
        output.send(&[0x90, 1, 2]);
        stage.wait(20);
        assert_eq!(input.take(), [0x90, 1, 2]);
        assert_eq!(stage.wire(), []);
        assert_eq!(stage.device.register_accesses(), 0);
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
    for (uart, kind) in [(Uart::Software, 1), (Uart::Software, 2), (Uart::Mpu401, 2)] {
        assert_eq!(
            Plan::new(uart).number("Uart", kind).refusal(),
            STATUS_DEVICE_CONFIGURATION_ERROR,
            "{uart:?} as {kind}"
        );
    }
    over(1, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).number("Uart", 4).start(pc);
        let filter = stage.filter();
        assert_eq!(counter(&filter, OUT_OF_RANGE), 1);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn port_name() {
    let longest = "A name of exactly 31 characters";
    assert_eq!(longest.len(), 31);
    let too_long = format!("{longest}!");
    for (name, answer, wrong) in [
        ("Synth", "Synth", 0),
        ("1", "1", 0),
        (longest, longest, 0),
        ("Flügel ♪", "Flügel ♪", 0),
        (&too_long, DEFAULT_PORT_NAME, 1),
        ("", DEFAULT_PORT_NAME, 1),
    ] {
        over_seeds(1, |pc, _| {
            let plan = Plan::new(Uart::Software).text(PORT_NAME_VALUE, name);
            let stage = plan.start(pc);
            let filter = stage.filter();
            for pin in [RENDER_PIN, CAPTURE_PIN] {
                assert_eq!(filter.pin_name(pin).as_deref(), Ok(answer), "{name:?}");
            }
            assert_eq!(counter(&filter, OUT_OF_RANGE), wrong, "{name:?}");
            drop(filter);
            stage.take_down();
        });
    }
}

#[test]
fn values_of_the_wrong_type_are_ignored() {
    over(1, UARTS, |pc, uart, _| {
        let mut plan = Plan::new(uart).number(PORT_NAME_VALUE, 7);
        for number in NUMBERS {
            plan = plan.text(number.name, "64");
        }
        let stage = plan.start(pc);
        let filter = stage.filter();
        assert_eq!(
            filter.pin_name(RENDER_PIN).as_deref(),
            Ok(DEFAULT_PORT_NAME)
        );
        assert_eq!(counter(&filter, OUT_OF_RANGE), 0);
        if uart != Uart::Software {
            assert_eq!(bytes_taken_by_one_write(&stage), 1024, "the default");
        }
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn every_parameter_out_of_range_is_counted() {
    over(1, UARTS, |pc, uart, _| {
        let mut plan = Plan::new(uart);
        for number in NUMBERS {
            plan = plan.number(number.name, number.range.end() + 1);
        }
        let stage = plan.start(pc);
        let filter = stage.filter();
        assert_eq!(counter(&filter, OUT_OF_RANGE) as usize, NUMBERS.len());
        drop(filter);
        let played = stage.play(Client::MidiSrv, &notes(10));
        if uart != Uart::Software {
            assert_same(&played, &joined(&notes(10)), "with all defaults");
        }
        stage.take_down();
    });
}

#[test]
fn every_counter_is_readable() {
    over(1, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        assert_eq!(all_counters(&filter).len(), counters::NAMES.len());
        let output = Client::Wdmaud.output(&filter);
        let input = Client::Wdmaud.input(&filter);
        output.send_all(&notes(10));
        stage.device.far_end_send(&joined(&notes(5)));
        stage.finish(&output);
        for name in counters::NAMES {
            let value = counter(&filter, name);
            let expected = match (*name, uart) {
                ("bytes_sent", _) | ("bytes_received", Uart::Software) => Some(30),
                ("bytes_received", _) => Some(15),
                ("interrupts" | "foreign_interrupts" | "unfinished_turns", _) => None,
                _ => Some(0),
            };
            assert!(
                expected.is_none_or(|expected| expected == value),
                "{name} is {value}"
            );
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn damaged_bytes_are_counted_and_the_others_kept() {
    use emulated_pc::hardware::chip::LineFault;
    over(5, [Uart::Ns16550], |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        let good = LineFault::default();
        let framing = LineFault {
            framing: true,
            ..good
        };
        let parity = LineFault {
            parity: true,
            ..good
        };
        let line_break = LineFault {
            framing: true,
            break_condition: true,
            ..good
        };
        stage.device.far_end_send_damaged(&[
            (0x90, good),
            (0x11, framing),
            (0x40, good),
            (0x22, parity),
            (0x00, line_break),
            (0x7F, good),
        ]);
        stage.wait(20);
        assert_eq!(input.take(), [0x90, 0x40, 0x7F]);
        for name in ["framing_errors", "parity_errors", "breaks"] {
            assert_eq!(counter(&filter, name), 1, "{name}");
        }
        input.close();
        drop(filter);
        stage.take_down();
    });
}
