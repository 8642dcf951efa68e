//! `IMiniportMidiStream::Read`, case by case.
//!
//! The processor stays at `DISPATCH_LEVEL`, where interrupts fill the ring and the port does not
//! get to read.

use std::time::Duration;

use emulated_pc::Pc;
use emulated_pc::hardware::chip::Condition;
use midiuart::parameters::Parameters;
use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_SUCCESS};

use crate::bench::pattern;
use crate::rig::{
    ALL, INTERRUPTING, Kind, Plan, Rig, boot, counter, read, running_input, running_output,
    time_for, write,
};
use crate::stand_ins::Stage;

/// Does `scenario` at `DISPATCH_LEVEL` after `bytes` have come in.
fn with_received(
    bytes: &[u8],
    scenario: impl Fn(&Pc, &ComPtr<IMiniportMidiStream>, &Rig) + Send + Sync,
) {
    for kind in INTERRUPTING {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("ReceiveRingBytes", 256).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            let stream = input.stream();
            pc.at_dispatch(|| {
                rig.device.far_end_send(bytes);
                pc.run_for(time_for(bytes.len()));
                scenario(pc, &stream, &rig);
            });
            drop((stream, input, filter));
            rig.unload();
        });
    }
}

fn success(bytes: &[u8]) -> (i32, Vec<u8>) {
    (STATUS_SUCCESS, bytes.to_vec())
}

#[test]
fn an_empty_ring_reads_as_success_and_nothing() {
    with_received(&[], |pc, stream, _| {
        assert_eq!(read(pc, stream, 8), success(&[]));
    });
}

#[test]
fn a_length_of_zero_reads_nothing_and_loses_nothing() {
    with_received(&[1, 2, 3], |pc, stream, _| {
        assert_eq!(read(pc, stream, 0), success(&[]));
        assert_eq!(read(pc, stream, 8), success(&[1, 2, 3]));
    });
}

#[test]
fn a_null_buffer_reads_nothing_and_loses_nothing() {
    with_received(&[1, 2, 3], |pc, stream, _| {
        let mut taken = u32::MAX;
        // SAFETY: the stream is live; a null buffer is what is tried.
        let status = unsafe {
            IMiniportMidiStream::Read(stream.as_ptr(), std::ptr::null_mut(), 8, &raw mut taken)
        };
        assert_eq!((status, taken), (STATUS_SUCCESS, 0));
        assert_eq!(read(pc, stream, 8), success(&[1, 2, 3]));
    });
}

#[test]
fn a_length_below_the_content_reads_the_first_part() {
    with_received(&pattern(10), |pc, stream, _| {
        assert_eq!(read(pc, stream, 1), success(&pattern(10)[..1]));
        assert_eq!(read(pc, stream, 2), success(&pattern(10)[1..3]));
        assert_eq!(read(pc, stream, 7), success(&pattern(10)[3..]));
        assert_eq!(read(pc, stream, 7), success(&[]));
    });
}

#[test]
fn a_length_above_the_content_reads_all() {
    with_received(&pattern(10), |pc, stream, _| {
        assert_eq!(read(pc, stream, 2048), success(&pattern(10)));
        assert_eq!(read(pc, stream, 2048), success(&[]));
    });
}

#[test]
fn bytes_keep_their_order_where_the_ring_wraps() {
    with_received(&[], |pc, stream, rig| {
        let mut sent = 0;
        for _ in 0..10 {
            let bytes: Vec<u8> = pattern(sent + 100).split_off(sent);
            sent += 100;
            rig.device.far_end_send(&bytes);
            pc.run_for(time_for(100));
            let mut got = Vec::new();
            while let (STATUS_SUCCESS, part) = read(pc, stream, 33)
                && !part.is_empty()
            {
                got.extend(part);
            }
            assert_eq!(got, bytes);
        }
    });
}

#[test]
fn nothing_is_filtered_or_expanded() {
    let bytes = [
        0xFE, 0x90, 0x40, 0x7F, 0xF8, 0x41, 0x7F, 0xFE, 0xF0, 0xFE, 0x00,
    ];
    with_received(&bytes, |pc, stream, _| {
        assert_eq!(read(pc, stream, 64), success(&bytes));
    });
}

#[test]
fn reading_touches_no_register() {
    with_received(&pattern(20), |pc, stream, rig| {
        let accesses = rig.device.register_accesses();
        assert_eq!(read(pc, stream, 64).1.len(), 20);
        assert_eq!(read(pc, stream, 64).1.len(), 0);
        assert_eq!(rig.device.register_accesses(), accesses);
    });
}

#[test]
fn a_stream_that_does_not_run_reads_as_success_and_nothing() {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            for state in [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP] {
                assert_eq!(input.set_state(state), STATUS_SUCCESS);
                let stream = input.stream();
                assert_eq!(read(pc, &stream, 8), success(&[]), "{kind:?} in {state}");
            }
            drop((input, filter));
            rig.unload();
        });
    }
}

#[test]
fn what_came_in_before_run_is_not_read() {
    for kind in INTERRUPTING {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            let stream = input.stream();
            for state in [KSSTATE_PAUSE, KSSTATE_STOP] {
                assert_eq!(input.set_state(state), STATUS_SUCCESS);
                rig.device.far_end_send(&[0x90, 0x40, 0x7F]);
                pc.run_for(time_for(3));
                assert_eq!(input.set_state(KSSTATE_RUN), STATUS_SUCCESS);
                assert_eq!(read(pc, &stream, 8), success(&[]), "{kind:?}");
            }
            assert_eq!(counter(&filter, "bytes_unheard"), 6);
            drop((stream, input, filter));
            rig.unload();
        });
    }
}

#[test]
fn what_was_not_read_before_a_pause_is_not_read_after_it() {
    boot(|pc| {
        let plan = Plan::new(Kind::PolledNs16550);
        let stage = Stage::new(pc, &plan, &Parameters::default());
        let mut buffer = [0; 8];
        stage.device.listen(true);
        stage.receive(pc, &[1, 2, 3]);
        stage.serve(pc);
        stage.device.listen(false);
        assert_eq!(stage.device.read(&mut buffer), 0);
        stage.device.listen(true);
        assert_eq!(stage.device.read(&mut buffer), 0);
        stage.receive(pc, &[4]);
        stage.serve(pc);
        assert_eq!(stage.device.read(&mut buffer), 1);
        assert_eq!(buffer[0], 4);
        stage.strike();
    });
}

#[test]
fn a_stream_that_renders_is_not_read() {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let result = read(pc, &output.stream(), 8);
            assert_eq!(result, (STATUS_INVALID_DEVICE_REQUEST, Vec::new()));
            assert_eq!(counter(&filter, "refused_reads"), 1, "{kind:?}");
            drop((output, filter));
            rig.unload();
        });
    }
}

#[test]
fn after_removal_reads_are_success_and_do_not_touch_the_device() {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            let stream = input.stream();
            assert_eq!(rig.function.surprise_remove(), STATUS_SUCCESS);
            let accesses = rig.device.register_accesses();
            assert_eq!(read(pc, &stream, 8), success(&[]), "{kind:?}");
            assert_eq!(rig.device.register_accesses(), accesses, "{kind:?}");
            drop((stream, input, filter));
            rig.unload();
        });
    }
}

#[test]
fn the_device_itself_reads_across_the_end_of_its_ring() {
    boot(|pc| {
        let parameters = Parameters {
            receive_ring_bytes: 256,
            ..Parameters::default()
        };
        let stage = Stage::new(pc, &Plan::new(Kind::PolledNs16550), &parameters);
        stage.device.listen(true);
        let bytes = pattern(1_000);
        let mut got: Vec<u8> = Vec::new();
        for chunk in bytes.chunks(10) {
            stage.receive(pc, chunk);
            stage.serve(pc);
            let mut buffer = [0; 7];
            for _ in 0..2 {
                let count = stage.device.read(&mut buffer);
                got.extend(&buffer[..count]);
            }
        }
        assert_eq!(got, bytes);
        stage.strike();
    });
}

#[test]
fn the_looped_back_device_reads_what_was_written() {
    for (kind, wait) in [(Kind::UnpacedSoftware, 0), (Kind::Software, 40)] {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let (input, output) = (running_input(&filter), running_output(&filter));
            let (reader, writer) = (input.stream(), output.stream());
            pc.at_dispatch(|| {
                assert_eq!(write(pc, &writer, &pattern(50)), (STATUS_SUCCESS, 50));
                pc.run_for(Duration::from_millis(wait));
                // A later write moves on what the timer can't at this level.
                assert_eq!(write(pc, &writer, &[0xF8]), (STATUS_SUCCESS, 1));
                let (status, bytes) = read(pc, &reader, 50);
                assert_eq!((status, bytes), success(&pattern(50)), "{kind:?}");
            });
            drop((reader, writer, input, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_chip_that_is_gone_gives_no_bytes() {
    for kind in INTERRUPTING {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            rig.device.set_condition(Condition::Gone);
            pc.run_for(Duration::from_millis(100));
            assert_eq!(read(pc, &input.stream(), 64), success(&[]), "{kind:?}");
            drop((input, filter));
            rig.unload();
        });
    }
}
