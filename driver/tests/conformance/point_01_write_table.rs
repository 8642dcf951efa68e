//! `IMiniportMidiStream::Write`, case by case.
//!
//! The chip is dead, so that nothing leaves the ring and its room is known to the byte.

use emulated_pc::Pc;
use emulated_pc::hardware::chip::Condition;
use midiuart::transmitter::bytes_to_take;
use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::KSSTATE_STOP;
use portcls::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_SUCCESS};

use crate::bench::pattern;
use crate::rig::{
    ALL, Kind, Plan, Rig, boot, counter, running_input, running_output, time_for, wire, write,
    write_null,
};

/// The smallest ring there is.
const RING: usize = 64;

/// Does `scenario` with a stream whose ring has `room` left, and checks that what was accepted goes
/// out when the chip recovers: what the scenario returns, after what filled the ring.
fn with_room(
    room: usize,
    scenario: impl Fn(&Pc, &ComPtr<IMiniportMidiStream>) -> Vec<u8> + Send + Sync,
) {
    for kind in [Kind::PolledMpu401, Kind::Mpu401, Kind::Ns16550] {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            rig.device.set_condition(Condition::Dead);
            let filling = vec![0x11; RING - room];
            let stream = output.stream();
            assert_eq!(write(pc, &stream, &filling).0, STATUS_SUCCESS);
            let accepted = scenario(pc, &stream);
            drop(stream);
            rig.device.set_condition(Condition::Healthy);
            pc.run_for(time_for(2 * RING));
            assert_eq!(wire(&rig.device), [filling, accepted].concat(), "{kind:?}");
            drop((output, filter));
            rig.unload();
        });
    }
}

/// Writes `length` bytes where there is `room`; `expected` of them are taken.
fn case(room: usize, length: usize, expected: u32) {
    with_room(room, |pc, stream| {
        let bytes = pattern(length);
        assert_eq!(write(pc, stream, &bytes), (STATUS_SUCCESS, expected));
        bytes[..expected as usize].to_vec()
    });
}

#[test]
fn a_length_of_zero_takes_nothing_and_succeeds() {
    case(64, 0, 0);
    case(5, 0, 0);
    case(0, 0, 0);
}

#[test]
fn what_fits_is_taken_whole() {
    case(64, 1, 1);
    case(64, 8, 8);
    case(8, 8, 8);
    case(64, 64, 64);
}

#[test]
fn what_fits_is_taken_whole_also_if_it_is_no_multiple_of_four() {
    case(64, 63, 63);
    case(9, 7, 7);
    case(7, 7, 7);
    case(3, 3, 3);
    case(1, 1, 1);
}

#[test]
fn no_room_takes_nothing() {
    case(0, 1, 0);
    case(0, 8, 0);
    case(0, 64, 0);
}

#[test]
fn room_of_less_than_four_takes_nothing_of_eight() {
    for room in 1..=3 {
        case(room, 8, 0);
    }
}

#[test]
fn room_of_seven_takes_four_of_eight() {
    case(7, 8, 4);
}

#[test]
fn room_that_is_short_by_one_takes_the_multiple_below() {
    case(4, 5, 4);
    case(63, 64, 60);
    case(64, 100, 64);
}

#[test]
fn a_null_buffer_counts_as_empty() {
    with_room(64, |pc, stream| {
        assert_eq!(write_null(pc, stream, 8), (STATUS_SUCCESS, 0));
        assert_eq!(write_null(pc, stream, 0), (STATUS_SUCCESS, 0));
        Vec::new()
    });
    with_room(0, |pc, stream| {
        assert_eq!(write_null(pc, stream, 8), (STATUS_SUCCESS, 0));
        Vec::new()
    });
}

#[test]
fn writes_of_nothing_do_not_count_as_busy() {
    with_room(0, |pc, stream| {
        for _ in 0..300 {
            assert_eq!(write(pc, stream, &[]), (STATUS_SUCCESS, 0));
            pc.run_for(std::time::Duration::from_millis(1));
        }
        Vec::new()
    });
}

fn on_every_kind(scenario: impl Fn(&Pc, &Rig) + Send + Sync) {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            scenario(pc, &rig);
            rig.unload();
        });
    }
}

#[test]
fn a_stream_that_captures_is_not_written_to() {
    on_every_kind(|pc, rig| {
        let filter = rig.filter();
        let input = running_input(&filter);
        for length in [0, 4] {
            let result = write(pc, &input.stream(), &pattern(length));
            assert_eq!(result, (STATUS_INVALID_DEVICE_REQUEST, 0));
        }
        assert_eq!(counter(&filter, "refused_writes"), 2);
        assert_eq!(counter(&filter, "bytes_sent"), 0);
    });
}

#[test]
fn a_stream_that_is_stopped_is_not_written_to() {
    on_every_kind(|pc, rig| {
        let filter = rig.filter();
        let output = running_output(&filter);
        assert_eq!(output.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        let result = write(pc, &output.stream(), &[0xF8]);
        assert_eq!(result, (STATUS_INVALID_DEVICE_REQUEST, 0));
    });
}

#[test]
fn a_healthy_device_takes_a_ring_full_at_once() {
    on_every_kind(|pc, rig| {
        let filter = rig.filter();
        let output = running_output(&filter);
        let result = write(pc, &output.stream(), &pattern(1024));
        assert_eq!(result, (STATUS_SUCCESS, 1024));
    });
}

#[test]
fn the_rule_behind_the_table() {
    for (length, room, expected) in [
        (0, 0, 0),
        (0, 9, 0),
        (8, 0, 0),
        (8, 3, 0),
        (8, 7, 4),
        (8, 8, 8),
        (7, 8, 7),
        (9, 8, 8),
    ] {
        assert_eq!(
            bytes_to_take(length, room),
            expected,
            "{length} into {room}"
        );
    }
}
