//! More comes in than is read: what is lost is counted, and what is kept keeps its order.

use std::time::Duration;

use emulated_pc::clients::Client;
use midiuart::counters::Counters;
use midiuart::filter::CAPTURE_PIN;
use midiuart::parameters::Parameters;
use midiuart::receiver::Receiver;
use midiuart::uart::Received;
use proptest::prelude::*;

use crate::bench::{pattern, ring};
use crate::rig::{INTERRUPTING, Kind, Plan, boot, counter, time_for};
use crate::stand_ins::Stage;

#[test]
fn the_new_byte_is_lost_and_counted_and_the_old_ones_are_kept() {
    let (ring, counters) = (ring(4), Counters::default());
    let mut receiver = Receiver::default();
    receiver.listen(true);
    for byte in 1..=7 {
        receiver.take_in(Received::Byte(byte), &ring, &counters);
    }
    assert_eq!(counters.receive_overflows.get(), 3);
    assert_eq!(counters.bytes_received.get(), 7);
    let mut bytes = [0; 8];
    assert_eq!(ring.take(&mut bytes), 4);
    assert_eq!(bytes[..4], [1, 2, 3, 4]);
}

#[test]
fn a_burst_that_is_lost_whole_is_not_told() {
    let (ring, counters) = (ring(1), Counters::default());
    let mut receiver = Receiver::default();
    receiver.listen(true);
    receiver.take_in(Received::Byte(1), &ring, &counters);
    assert!(receiver.tell());
    receiver.take_in(Received::Byte(2), &ring, &counters);
    assert!(!receiver.tell());
}

#[test]
fn what_nobody_listens_to_does_not_count_as_overflow() {
    let (ring, counters) = (ring(1), Counters::default());
    let mut receiver = Receiver::default();
    for byte in 1..=7 {
        receiver.take_in(Received::Byte(byte), &ring, &counters);
    }
    assert_eq!(counters.receive_overflows.get(), 0);
    assert_eq!(counters.bytes_unheard.get(), 7);
    assert!(ring.is_empty());
}

proptest! {
    #[test]
    fn survivors_are_what_a_bounded_queue_keeps(
        capacity in 1_usize..20,
        steps in prop::collection::vec((any::<bool>(), 0_usize..30), 1..30),
    ) {
        let (ring, counters) = (ring(capacity), Counters::default());
        let mut receiver = Receiver::default();
        receiver.listen(true);
        let mut model = std::collections::VecDeque::new();
        let (mut next, mut lost) = (0_u8, 0);
        for (reads, count) in steps {
            if reads {
                let mut bytes = vec![0; count];
                let count = ring.take(&mut bytes);
                let expected: Vec<u8> = model.drain(..count).collect();
                prop_assert_eq!(&bytes[..count], &expected[..]);
                continue;
            }
            for _ in 0..count {
                receiver.take_in(Received::Byte(next), &ring, &counters);
                if model.len() < capacity {
                    model.push_back(next);
                } else {
                    lost += 1;
                }
                next = next.wrapping_add(1);
            }
        }
        prop_assert_eq!(counters.receive_overflows.get(), lost);
        prop_assert_eq!(ring.len(), model.len());
    }
}

#[test]
fn on_the_device_survivors_come_first_and_later_bytes_after_the_gap() {
    for kind in [Kind::PolledMpu401, Kind::PolledNs16550] {
        boot(|pc| {
            let parameters = Parameters {
                receive_ring_bytes: 256,
                ..Parameters::default()
            };
            let stage = Stage::new(pc, &Plan::new(kind), &parameters);
            stage.device.listen(true);
            let bytes = pattern(310);
            for chunk in bytes[..300].chunks(10) {
                stage.receive(pc, chunk);
                stage.serve(pc);
            }
            assert_eq!(stage.device.counters.receive_overflows.get(), 44);
            let mut buffer = [0; 200];
            assert_eq!(stage.device.read(&mut buffer), 200);
            assert_eq!(buffer[..], bytes[..200]);
            for byte in &bytes[300..] {
                stage.receive(pc, &[*byte]);
                stage.serve(pc);
            }
            assert_eq!(stage.device.read(&mut buffer), 66);
            let expected = [&bytes[200..256], &bytes[300..]].concat();
            assert_eq!(buffer[..66], expected[..], "{kind:?}");
            stage.strike();
        });
    }
}

#[test]
fn on_the_pc_a_client_gets_the_survivors_when_the_processor_is_free_again() {
    for kind in INTERRUPTING {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("ReceiveRingBytes", 256).start(pc);
            let filter = rig.filter();
            let input = Client::MidiSrv
                .open_input(&filter, CAPTURE_PIN)
                .expect("the pin opens");
            let bytes = pattern(400);
            pc.at_dispatch(|| {
                rig.device.far_end_send(&bytes[..300]);
                pc.run_for(time_for(300));
            });
            pc.run_for(Duration::from_millis(50));
            assert_eq!(counter(&filter, "receive_overflows"), 44, "{kind:?}");
            rig.device.far_end_send(&bytes[300..]);
            pc.run_for(time_for(100));
            let received = input.close().into_iter();
            let received: Vec<u8> = received.flat_map(|received| received.bytes).collect();
            assert_eq!(
                received,
                [&bytes[..256], &bytes[300..]].concat(),
                "{kind:?}"
            );
            drop(filter);
            rig.unload();
        });
    }
}

#[test]
fn a_ring_of_the_default_size_holds_a_second_and_a_half_of_music() {
    boot(|pc| {
        let stage = Stage::new(pc, &Plan::new(Kind::PolledNs16550), &Parameters::default());
        stage.device.listen(true);
        let bytes = pattern(3125 * 3 / 2);
        for chunk in bytes.chunks(10) {
            stage.receive(pc, chunk);
            stage.serve(pc);
        }
        assert_eq!(stage.device.counters.receive_overflows.get(), 0);
        let mut buffer = vec![0; 10_000];
        let count = stage.device.read(&mut buffer);
        assert_eq!(buffer[..count], bytes);
        stage.strike();
    });
}
