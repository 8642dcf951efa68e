//! What users of MIDI ports have complained about: lost, changed and added bytes, and notes that hang.

use std::time::Duration;

use crate::both_ways::both_ways;
use crate::music::{ODD_BYTES, assert_same, joined, mixed, notes, sysex};
use crate::stage::{CHIPS, CLIENTS, Client, Opens, Plan, UARTS, Uart, counter, ms, over, pairs};

const SEEDS: u64 = 5;
const SYSEX_SIZES: [usize; 11] = [1, 2, 3, 4, 2048, 2049, 4096, 8192, 18_108, 65_535, 65_536];
const MEBIBYTE: usize = 1 << 20;

#[test]
fn odd_bytes_alone() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        for odd in ODD_BYTES {
            both_ways(&stage, client, &[vec![odd]], &format!("{odd:02X}"));
            both_ways(&stage, client, &vec![vec![odd]; 50], &format!("{odd:02X}s"));
        }
        stage.take_down();
    });
}

#[test]
fn odd_bytes_inside_messages() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let mut messages = Vec::new();
        for odd in ODD_BYTES {
            messages.push(vec![0x90, odd, 0x40, 0x7F]);
            messages.push(vec![0x90, 0x40, odd, 0x7F]);
            messages.push(vec![0x40, odd]);
            messages.push(vec![0x7F]);
        }
        both_ways(&stage, client, &messages, "odd bytes inside messages");
        stage.take_down();
    });
}

#[test]
fn odd_bytes_inside_system_exclusive_messages() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let mut messages = Vec::new();
        for odd in ODD_BYTES {
            for place in [1, 2, 15, 16, 17, 39] {
                let mut message = sysex(40);
                message.insert(place, odd);
                messages.push(message);
            }
            // Its end is missing, and notes follow.
            messages.push(vec![0xF0, 1, 2, odd]);
            messages.push(vec![0x90, 1, 2]);
        }
        both_ways(&stage, client, &messages, "odd bytes inside");
        stage.take_down();
    });
}

#[test]
fn every_byte_value_passes_unchanged() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let alone: Vec<Vec<u8>> = (0..=0xFF).map(|value| vec![value]).collect();
        both_ways(&stage, client, &alone, "alone");
        both_ways(&stage, client, &[(0..=0xFF).collect()], "together");
        stage.take_down();
    });
}

#[test]
fn mixed_streams_of_many_seeds() {
    over(20, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        both_ways(&stage, client, &mixed(seed, 150), "mixed");
        stage.take_down();
    });
}

#[test]
fn system_exclusive_messages_of_the_sizes_that_have_failed() {
    over(1, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        for size in SYSEX_SIZES {
            both_ways(&stage, client, &[sysex(size)], &format!("{size} bytes"));
        }
        stage.take_down();
    });
}

#[test]
fn system_exclusive_message_of_a_mebibyte_on_a_16550() {
    over(1, [Client::Wdmaud], |pc, client, _| {
        let stage = Plan::new(Uart::Ns16550).start(pc);
        both_ways(&stage, client, &[sysex(MEBIBYTE)], "1 MiB");
        stage.take_down();
    });
}

#[test]
fn system_exclusive_message_of_a_mebibyte_on_an_mpu401() {
    over(1, [Client::MidiSrv], |pc, client, _| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        both_ways(&stage, client, &[sysex(MEBIBYTE)], "1 MiB");
        stage.take_down();
    });
}

#[test]
fn what_is_played_on_the_loopback_is_recorded_from_it() {
    let paced = [0, 1];
    over(SEEDS, pairs(paced, CLIENTS), |pc, (paced, client), seed| {
        let stage = Plan::new(Uart::Software).number("Paced", paced).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        let mut messages = mixed(seed, 100);
        messages.extend([1, 2, 2049, 4096].map(sysex));
        if paced == 0 {
            messages.extend([18_108, 65_536, MEBIBYTE].map(sysex));
        }
        output.send_all(&messages);
        stage.finish(&output);
        assert_eq!(output.failures(), (0, None));
        assert_same(&input.take(), &joined(&messages), "the loopback");
        assert_eq!(counter(&filter, "receive_overflows"), 0);
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn feedback_through_the_loopback_neither_multiplies_nor_dies() {
    over(SEEDS, CLIENTS, |pc, client, _| {
        let stage = Plan::new(Uart::Software).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        output.send(&[0x90, 0x40, 0x7F]);
        let mut circled = Vec::new();
        let end = pc.now() + ms(1000);
        while pc.now() < end {
            stage.wait(1);
            let heard = input.take();
            if !heard.is_empty() {
                output.send(&heard);
                circled.extend(heard);
            }
        }
        assert!(circled.len() > 300, "it goes round: {}", circled.len());
        for (index, byte) in circled.iter().enumerate() {
            assert_eq!(*byte, [0x90, 0x40, 0x7F][index % 3]);
        }
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_client_that_dies_in_the_middle_leaves_the_port_to_the_next() {
    let songs = [vec![sysex(5000)], notes(800)];
    over(
        SEEDS,
        pairs(pairs(CHIPS, CLIENTS).collect::<Vec<_>>(), [0, 1]),
        |pc, ((uart, client), song), seed| {
            let stage = Plan::new(uart).start(pc);
            let filter = stage.filter();
            let output = client.output(&filter);
            let input = client.input(&filter);
            let song = &songs[song];
            output.send_all(song);
            stage.device.far_end_send(&joined(&notes(30)));
            pc.run_for(ms(60 * (seed % 20)));
            let accepted = usize::try_from(output.statistics().bytes_written).expect("some");
            output.abandon();
            input.abandon();
            drop(filter);
            stage.wait(450);
            assert_same(
                &stage.wire(),
                &joined(song)[..accepted],
                "what the dead client had got accepted, and not a byte more",
            );
            both_ways(&stage, client, &mixed(seed, 60), "the next client");
            stage.take_down();
        },
    );
}

#[test]
fn no_note_hangs_because_its_end_was_accepted_just_before_the_close() {
    over(20, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        for round in 0..5_u8 {
            let output = client.output(&filter);
            let chord: Vec<_> = (0..60).map(|note| vec![0x90 + round, note, 0x40]).collect();
            let release: Vec<_> = (0..60).map(|note| vec![0x80 + round, note, 0]).collect();
            output.send_all(&chord);
            output.send_all(&release);
            assert!(pc.run_while_not(ms(2000), || output.is_idle()));
            pc.run_for(Duration::from_micros(seed % 50 * 53));
            output.close();
            stage.wait(400);
            let expected = joined(&[chord, release].concat());
            assert_same(&stage.wire(), &expected, "notes and their ends");
        }
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn opening_and_closing_puts_nothing_on_the_wire() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        for _ in 0..20 {
            let filter = stage.filter();
            let output = client.output(&filter);
            let input = client.input(&filter);
            stage.wait(3);
            output.close();
            input.abandon();
        }
        stage.wait(100);
        assert_eq!(stage.wire(), []);
        stage.take_down();
    });
}

#[test]
fn active_sensing_passes_and_none_is_added() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        let (mut played, mut sent) = (Vec::new(), Vec::new());
        for round in 0..30 {
            let mut out = vec![vec![0xFE]];
            let mut back = vec![0xFE];
            if round % 10 == 5 {
                out.push(vec![0x90, 1, 2]);
                back.extend([0x90, 0xFE, 1, 2]);
            }
            output.send_all(&out);
            stage.device.far_end_send(&back);
            played.extend(joined(&out));
            sent.extend(back);
            stage.wait(300);
        }
        // It stops, and silence is nobody's business but the far end's.
        stage.wait(2000);
        assert_same(&stage.wire(), &played, "out");
        assert_same(&input.take(), &sent, "in");
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn messages_reach_the_wire_within_milliseconds() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        for _ in 0..100 {
            stage.wait(7);
            pc.run_for(Duration::from_micros(seed % 50 * 31));
            let before = pc.now();
            output.send(&[0x90, 1, 2]);
            stage.wait(5);
            let sent = stage.device.wire_sent();
            let first = sent.first().expect("the note is on its way");
            assert!(
                first.start - before < ms(1),
                "it waited for {:?}",
                first.start - before
            );
        }
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn what_comes_in_has_stamps_that_only_grow() {
    over(SEEDS, UARTS, |pc, uart, _| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let input = Client::MidiSrv
            .open_input(&filter, midiuart::filter::CAPTURE_PIN)
            .expect("the input opens");
        let since = pc.now();
        let output = Client::MidiSrv.output(&filter);
        for message in notes(30) {
            if uart == Uart::Software {
                output.send(&message);
            } else {
                stage.device.far_end_send(&message);
            }
            stage.wait(13);
        }
        let received = input.take_received();
        assert!(received.len() >= 30);
        assert!(received.is_sorted_by_key(|part| part.stamp));
        for part in &received {
            let at = part.at - since;
            assert!(
                at.checked_sub(part.stamp).is_some_and(|late| late < ms(2)),
                "stamped {:?}, received {at:?}",
                part.stamp
            );
        }
        output.close();
        drop(input.close());
        drop(filter);
        stage.take_down();
    });
}
