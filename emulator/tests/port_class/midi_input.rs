//! How Windows hands input to programs, where what was seen differs from the documents.

use std::time::Duration;

use emulated_pc::clients::{Client, Input};
use emulated_pc::{Config, MidiInput, Pin, ReadCompletion, StampOrigin};
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::STATUS_SUCCESS;

use crate::scenario::{Running, run_with};
use crate::test_driver::{CAPTURE_PIN, receive};

/// What a client's buffer holds: a `KSMUSICFORMAT` and 2048 bytes.
const FRAME: usize = 2056;
const NOTE: [u8; 3] = [0x90, 0x40, 0x7F];

fn windows(reads: ReadCompletion, stamps: StampOrigin) -> Config {
    Config {
        midi_input: MidiInput { reads, stamps },
        ..Config::default()
    }
}

fn running_pin(running: &Running<'_>) -> Pin {
    let filter = running.filter();
    let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
    assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
    pin
}

fn opened(running: &Running<'_>, client: Client) -> Input {
    let input = client.open_input(&running.filter(), CAPTURE_PIN);
    input.expect("the input opens")
}

#[test]
fn reads_of_a_program_pend_until_the_first_byte_and_then_only_bring_zeros() {
    let config = windows(ReadCompletion::FullZeroedFrame, StampOrigin::PinStart);
    run_with(config, |running| {
        let pin = running_pin(&running);
        let first = pin.submit_read(FRAME);
        running.wait(500);
        assert_eq!(pin.poll(first), None, "no byte has come");
        receive(&NOTE);
        running.wait(1);
        for read in [first, pin.submit_read(FRAME), pin.submit_read(FRAME)] {
            let ended = pin.poll(read).expect("a byte has come");
            assert_eq!(ended.status, STATUS_SUCCESS);
            assert_eq!(ended.information, FRAME);
            assert_eq!(ended.data, [0; FRAME]);
        }
        // The stream itself was read as ever.
        assert_eq!(pin.statistics().bytes_read, 3);
        assert_eq!(pin.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let read = pin.submit_read(FRAME);
        running.wait(500);
        assert_eq!(pin.poll(read), None, "the pin is as new");
        drop(pin);
        running.take_down();
    });
}

#[test]
fn zeroed_frames_reach_programs_and_not_drivers() {
    for (client, gets) in [(Client::MidiSrv, &[][..]), (Client::Wdmaud, &NOTE)] {
        let config = windows(ReadCompletion::FullZeroedFrame, StampOrigin::PinStart);
        run_with(config, |running| {
            let input = opened(&running, client);
            receive(&NOTE);
            running.wait(10);
            let received = input.take_received();
            let bytes: Vec<u8> = received.into_iter().flat_map(|part| part.bytes).collect();
            assert_eq!(bytes, gets, "{client:?}");
            assert_eq!(input.pin().statistics().bytes_read, 3);
            assert!(input.close().is_empty());
            running.take_down();
        });
    }
}

#[test]
fn a_reader_of_zeroed_frames_does_not_stop_the_clock() {
    let config = Config {
        client_latency: Duration::ZERO,
        ..windows(ReadCompletion::FullZeroedFrame, StampOrigin::PinStart)
    };
    run_with(config, |running| {
        let input = opened(&running, Client::MidiSrv);
        receive(&NOTE);
        running.wait(2);
        assert_eq!(input.received_total(), 0);
        drop(input.close());
        running.take_down();
    });
}

#[test]
fn the_stamp_is_in_the_header_or_in_the_record() {
    for (stamps, delta, presentation) in [
        (StampOrigin::PinStart, 1000, 0),
        (StampOrigin::Header, 0, 1000),
    ] {
        run_with(windows(ReadCompletion::AsDocumented, stamps), |running| {
            let pin = running_pin(&running);
            running.wait(1000);
            receive(&NOTE);
            running.wait(1);
            let read = pin.submit_read(FRAME);
            let ended = pin.poll(read).expect("bytes are waiting");
            assert_eq!(ended.data[..4], u32::to_ne_bytes(delta), "{stamps:?}");
            assert_eq!(ended.data[4..11], [3, 0, 0, 0, 0x90, 0x40, 0x7F]);
            assert_eq!(ended.presentation, Duration::from_millis(presentation));
            drop(pin);
            running.take_down();
        });
    }
}

#[test]
fn midisrv_takes_the_header_for_empty_and_drops_everything_if_it_is_not() {
    for (client, stamps, arrives) in [
        (Client::MidiSrv, StampOrigin::PinStart, true),
        (Client::MidiSrv, StampOrigin::Header, false),
        (Client::Wdmaud, StampOrigin::PinStart, true),
        (Client::Wdmaud, StampOrigin::Header, true),
    ] {
        run_with(windows(ReadCompletion::AsDocumented, stamps), |running| {
            let input = opened(&running, client);
            let opened = running.pc.now();
            running.wait(700);
            receive(&NOTE);
            running.wait(10);
            let before = input.take_received();
            assert_eq!(before.len(), 1, "{client:?}, {stamps:?}");
            let late = before[0].stamped - opened;
            let is_right = late >= Duration::from_millis(700);
            assert_eq!(is_right, arrives, "{client:?}, {stamps:?}: {late:?}");
            input.start();
            running.wait(5);
            receive(&NOTE);
            running.wait(10);
            let after = input.take_received();
            assert_eq!(after.len(), usize::from(arrives), "{client:?}, {stamps:?}");
            let dropped = if arrives { 0 } else { 3 };
            assert_eq!(input.dropped_as_too_early(), dropped);
            drop(input.close());
            running.take_down();
        });
    }
}

#[test]
fn midisrv_drops_what_comes_in_the_millisecond_of_the_start() {
    for (client, dropped) in [(Client::MidiSrv, 3), (Client::Wdmaud, 0)] {
        run_with(Config::default(), |running| {
            let input = opened(&running, client);
            running.pc.run_for(Duration::from_micros(5_300));
            input.start();
            running.pc.run_for(Duration::from_micros(300));
            receive(&NOTE);
            running.wait(10);
            assert_eq!(input.dropped_as_too_early(), dropped, "{client:?}");
            receive(&NOTE);
            running.wait(10);
            assert_eq!(input.received_total(), 6 - dropped, "{client:?}");
            drop(input.close());
            running.take_down();
        });
    }
}
