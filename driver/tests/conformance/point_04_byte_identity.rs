//! What was accepted goes over the wire, byte for byte: the driver is a wire itself.

use std::time::Duration;

use emulated_pc::clients::Client;
use emulated_pc::hardware::mpu401::Mpu401Switches;
use emulated_pc::hardware::ns16550::{Ns16550Kind, Ns16550Switches};
use emulated_pc::{Config, Pc};
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use midiuart::transmitter::bytes_to_take;
use midiuart::uart::ns16550::Settings;
use midiuart::uart::software::SoftwareUart;
use midiuart::uart::{Budget, Exchange, Received, Uart};
use portcls::status::STATUS_SUCCESS;
use proptest::prelude::*;

use crate::bench::{Bench, SETTINGS, Side, pattern, ring};
use crate::rig::{
    ALL, CHIPS, Plan, boot, boot_with, running_input, running_output, time_for, wire, write,
};

/// System Exclusive with real-time bytes and Active Sensing inside.
const INTERRUPTED_EXCLUSIVE: [u8; 9] = [0xF0, 0x7D, 0xF8, 0x01, 0xFE, 0x02, 0xFA, 0x03, 0xF7];
/// Notes in running status, with a clock between status and data.
const RUNNING_STATUS: [u8; 9] = [0x90, 0x40, 0x7F, 0x41, 0xF8, 0x7F, 0x40, 0x00, 0x41];
/// Data bytes that belong to nothing.
const LONE_DATA: [u8; 5] = [0x00, 0x7F, 0x12, 0x00, 0x55];
/// System Exclusive that never ends, and a note after it.
const UNENDED_EXCLUSIVE: [u8; 7] = [0xF0, 0x7D, 0x01, 0x02, 0x90, 0x40, 0x7F];
/// Bytes that MIDI leaves undefined.
const UNDEFINED: [u8; 6] = [0xF4, 0xF5, 0xF9, 0xFD, 0xF7, 0xFF];

const STREAMS: [&[u8]; 5] = [
    &INTERRUPTED_EXCLUSIVE,
    &RUNNING_STATUS,
    &LONE_DATA,
    &UNENDED_EXCLUSIVE,
    &UNDEFINED,
];

/// MIDI, whole or cut to pieces, or any bytes at all.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(STREAMS.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(0_u8..0x80, 0..90).prop_map(|data| {
            let mut exclusive = vec![0xF0];
            exclusive.extend(data);
            exclusive.push(0xF7);
            exclusive
        }),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

// --- UARTs alone -----------------------------------------------------------------------------------

/// Writes `bytes` through a ring of `capacity` in parts as the count rule has them, with turns of
/// random budgets between them.
fn through_a_ring<C: emulated_pc::hardware::chip::Chip>(
    bench: &Bench<C>,
    uart: &mut impl Uart,
    bytes: &[u8],
    capacity: usize,
    steps: &[(usize, u32, u64)],
) -> Vec<u8> {
    struct Tap<'a, R>(&'a R, Vec<u8>);
    impl<R: Fn(&mut Option<u8>) -> bool> Exchange for Tap<'_, R> {
        fn next(&mut self) -> Option<u8> {
            let mut byte = None;
            (self.0)(&mut byte);
            byte
        }

        fn has_next(&self) -> bool {
            let mut untouched = Some(0);
            (self.0)(&mut untouched)
        }

        fn received(&mut self, received: Received) {
            if let Received::Byte(byte) = received {
                self.1.push(byte);
            }
        }

        fn has_room(&self) -> bool {
            true
        }
    }
    let ring = ring(capacity);
    let take = |byte: &mut Option<u8>| {
        if byte.is_none() {
            *byte = ring.take_one();
        }
        !ring.is_empty()
    };
    let mut tap = Tap(&take, Vec::new());
    let mut rest = bytes;
    let mut steps = steps.iter().cycle();
    while !rest.is_empty() || !ring.is_empty() {
        let (most, budget, wait) = *steps.next().expect("it never ends");
        let request = &rest[..most.min(rest.len())];
        let taken = bytes_to_take(request.len(), ring.room());
        assert_eq!(ring.put(&request[..taken]), taken);
        rest = &rest[taken..];
        let now = bench.time();
        bench.within(budget, || uart.turn(&mut tap, now, &mut Budget::of(budget)));
        bench.pass(Duration::from_micros(wait));
    }
    bench.pass(time_for(80));
    bench.sent()
}

/// Sizes of writes, budgets of turns, and the microseconds after them.
fn steps() -> impl Strategy<Value = Vec<(usize, u32, u64)>> {
    prop::collection::vec((4_usize..40, 8..=Budget::TURN, 0_u64..2_000), 1..20)
}

proptest! {
    #[test]
    fn an_mpu401_sends_what_the_ring_took(
        bytes in stream(),
        capacity in 4_usize..100,
        depth in 1_usize..=64,
        busy_polls in 0_u32..=1,
        steps in steps(),
    ) {
        let (bench, mut uart) = Bench::ready_mpu401(Mpu401Switches {
            transmit_fifo_depth: depth,
            busy_polls_after_write: busy_polls,
            ..Mpu401Switches::default()
        });
        let sent = through_a_ring(&bench, &mut uart, &bytes, capacity, &steps);
        prop_assert_eq!(sent, bytes);
        prop_assert_eq!(bench.chip(|chip| chip.losses().refused_writes), 0);
    }

    #[test]
    fn a_16550_sends_what_the_ring_took(
        bytes in stream(),
        capacity in 4_usize..100,
        depth in 1_u8..=64,
        has_fifo in any::<bool>(),
        has_interrupt in any::<bool>(),
        steps in steps(),
    ) {
        let kind = if has_fifo {
            Ns16550Kind::Fifo16550A { depth }
        } else {
            Ns16550Kind::Uart16450
        };
        let switches = Ns16550Switches { kind, ..Ns16550Switches::default() };
        let settings = Settings { fifo_depth: depth.into(), has_interrupt, ..SETTINGS };
        let (bench, mut uart) = Bench::ready_ns16550(switches, settings);
        let sent = through_a_ring(&bench, &mut uart, &bytes, capacity, &steps);
        prop_assert_eq!(sent, bytes);
        prop_assert_eq!(bench.chip(|chip| chip.losses().refused_writes), 0);
    }

    #[test]
    fn a_software_uart_gives_back_what_it_was_given(
        bytes in stream(),
        paced in any::<bool>(),
        waits in prop::collection::vec(0_u64..60_000, 1..20),
    ) {
        let mut uart = SoftwareUart::new(paced);
        let mut side = Side::sending(&bytes);
        let mut now = 1_000;
        let mut waits = waits.into_iter().cycle();
        for _ in 0..2_000 {
            uart.turn(&mut side, now, &mut Budget::of(Budget::TURN));
            now += waits.next().expect("it never ends") + 1;
        }
        now += 10_000_000;
        uart.turn(&mut side, now, &mut Budget::of(Budget::TURN));
        prop_assert_eq!(side.bytes(), bytes);
    }
}

#[test]
fn a_paced_software_uart_needs_320_microseconds_for_a_byte() {
    let mut uart = SoftwareUart::new(true);
    let mut side = Side::sending(&pattern(200));
    let mut now = 0;
    while side.received.len() < 200 {
        uart.turn(&mut side, now, &mut Budget::of(Budget::TURN));
        let most = usize::try_from(now / 3_200).expect("small");
        assert!(side.received.len() <= most, "too fast");
        now += 1_000;
        assert!(now < 3_200 * 205, "too slow");
    }
}

#[test]
fn an_unpaced_software_uart_waits_for_its_reader_and_then_loses_no_time() {
    let mut uart = SoftwareUart::new(false);
    let mut side = Side::sending(&pattern(100));
    side.room = 30;
    let turn = uart.turn(&mut side, 0, &mut Budget::of(Budget::TURN));
    assert_eq!((turn.sent, turn.unfinished), (30, false));
    for now in 1..100 {
        let turn = uart.turn(&mut side, now, &mut Budget::of(Budget::TURN));
        assert_eq!(turn.sent, 0, "held back");
    }
    side.room = usize::MAX;
    uart.turn(&mut side, 100, &mut Budget::of(Budget::TURN));
    assert_eq!(side.bytes(), pattern(100));
}

#[test]
fn an_unpaced_software_uart_ends_its_turns() {
    let mut uart = SoftwareUart::new(false);
    let mut side = Side::sending(&pattern(10_000));
    let turn = uart.turn(&mut side, 0, &mut Budget::of(Budget::TURN));
    assert!(turn.unfinished);
    assert!(turn.sent < 1_000);
}

// --- the whole way ---------------------------------------------------------------------------------

/// Writes raw pieces until all is accepted; returns what came out at the far end, or at the
/// capturing pin for a looped-back device.
fn whole_way(pc: &Pc, plan: &Plan, bytes: &[u8], pieces: &[(usize, u64)]) -> Vec<u8> {
    let rig = plan.start(pc);
    let filter = rig.filter();
    let looped = !CHIPS.contains(&plan.kind);
    let input = looped.then(|| {
        Client::MidiSrv
            .open_input(&filter, CAPTURE_PIN)
            .expect("it opens")
    });
    let output = running_output(&filter);
    let stream = output.stream();
    let mut rest = bytes;
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let (most, wait) = *pieces.next().expect("it never ends");
        let (status, taken) = write(pc, &stream, &rest[..most.min(rest.len())]);
        assert_eq!(status, STATUS_SUCCESS);
        rest = &rest[taken as usize..];
        pc.run_for(Duration::from_micros(wait));
    }
    pc.run_for(time_for(400));
    let came_out = match &input {
        None => wire(&rig.device),
        Some(input) => {
            let received = input.take_received().into_iter();
            received.flat_map(|received| received.bytes).collect()
        }
    };
    drop((stream, input, output, filter));
    rig.unload();
    came_out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn on_the_pc_all_that_was_accepted_comes_out(
        kind in prop::sample::select(ALL.to_vec()),
        ring in 64_u32..200,
        seed in any::<u64>(),
        bytes in stream(),
        pieces in prop::collection::vec((1_usize..60, 0_u64..3_000), 1..20),
    ) {
        let plan = Plan::new(kind).parameter("TransmitRingBytes", ring);
        let config = Config { seed, ..Config::default() };
        let came_out = boot_with(config, |pc| whole_way(pc, &plan, &bytes, &pieces));
        prop_assert_eq!(came_out, bytes);
    }

    #[test]
    fn on_the_pc_all_that_came_in_is_read(
        kind in prop::sample::select(CHIPS.to_vec()),
        ring in 256_u32..400,
        seed in any::<u64>(),
        bytes in stream(),
        classic in any::<bool>(),
    ) {
        let plan = Plan::new(kind).parameter("ReceiveRingBytes", ring);
        let config = Config { seed, ..Config::default() };
        let read: Vec<u8> = boot_with(config, |pc| {
            let rig = plan.start(pc);
            let filter = rig.filter();
            rig.device.far_end_send(&[]);
            let received = if classic {
                let input = Client::Wdmaud.open_input(&filter, CAPTURE_PIN).expect("it opens");
                rig.device.far_end_send(&bytes);
                pc.run_for(time_for(bytes.len()));
                input.close()
            } else {
                let input = Client::MidiSrv.open_input(&filter, CAPTURE_PIN).expect("it opens");
                rig.device.far_end_send(&bytes);
                pc.run_for(time_for(bytes.len()));
                input.close()
            };
            drop(filter);
            rig.unload();
            received.into_iter().flat_map(|received| received.bytes).collect()
        });
        prop_assert_eq!(read, bytes);
    }
}

#[test]
fn messages_of_both_clients_come_out_as_they_are() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let expected = STREAMS.concat().repeat(20);

            let output = Client::MidiSrv
                .open_output(&filter, RENDER_PIN)
                .expect("it opens");
            (0..20).for_each(|_| STREAMS.iter().for_each(|bytes| output.send(bytes)));
            assert!(pc.run_while_not(Duration::from_secs(5), || output.is_idle()));
            output.close();
            pc.run_for(time_for(100));
            assert_eq!(wire(&rig.device), expected, "{kind:?}");

            let output = Client::Wdmaud
                .open_output(&filter, RENDER_PIN)
                .expect("it opens");
            (0..20).for_each(|_| STREAMS.iter().for_each(|bytes| output.send(bytes)));
            assert!(pc.run_while_not(Duration::from_secs(5), || output.is_idle()));
            output.close();
            pc.run_for(time_for(100));
            assert_eq!(wire(&rig.device), expected, "{kind:?}");

            drop(filter);
            rig.unload();
        });
    }
}

#[test]
fn bytes_go_both_ways_at_once() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            let output = running_output(&filter);
            rig.device.far_end_send(&pattern(500));
            assert_eq!(
                write(pc, &output.stream(), &pattern(500)),
                (STATUS_SUCCESS, 500)
            );
            pc.run_for(time_for(500));
            assert_eq!(wire(&rig.device), pattern(500), "{kind:?}");
            assert_eq!(input.statistics().bytes_read, 500, "{kind:?}");
            drop((input, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn opening_running_and_closing_put_nothing_on_the_wire() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            drop(filter.open_pin(RENDER_PIN).expect("it opens"));
            drop(filter.open_pin(CAPTURE_PIN).expect("it opens"));
            drop(running_output(&filter));
            drop(running_input(&filter));
            pc.run_for(Duration::from_millis(50));
            assert_eq!(wire(&rig.device), [], "{kind:?}");
            let device = rig.device.clone();
            drop(filter);
            rig.unload();
            assert_eq!(device.wire_sent_total(), 0, "{kind:?}: nor does removal");
        });
    }
}
