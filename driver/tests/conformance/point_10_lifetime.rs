//! Who may go first: streams, miniport, adapter and handles in every order, and nothing left behind.
//!
//! `Rig::unload` stops the machine over anything that was leaked, and every access to the registers of
//! a device that was taken away stops it at once.

use std::time::Duration;

use emulated_pc::clients::Client;
use emulated_pc::hardware::chip::Condition;
use emulated_pc::{BugCheck, Config, Filter, Pc};
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use midiuart::parameters::Parameters;
use portcls::com::ComPtr;
use portcls::interfaces::{IMiniportMidi, IMiniportMidiStream, IUnknown};
use portcls::ks::KSSTATE_STOP;
use portcls::status::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE, STATUS_IO_DEVICE_ERROR,
    STATUS_SUCCESS, succeeded,
};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::bench::pattern;
use crate::rig::{
    ALL, CHIPS, INTERRUPTING, Kind, Plan, Rig, boot, boot_with, read, running_input,
    running_output, time_for, wire, write,
};
use crate::stand_ins::Stage;

/// How a device goes.
#[derive(Clone, Copy, Debug)]
enum End {
    Removed,
    SurpriseRemoved,
    Stopped,
}

const ENDS: [End; 3] = [End::Removed, End::SurpriseRemoved, End::Stopped];

fn end(rig: &Rig, how: End) {
    let status = match how {
        End::Removed => rig.function.remove(),
        End::SurpriseRemoved => rig.function.surprise_remove(),
        End::Stopped => rig.function.stop(),
    };
    assert_eq!(status, STATUS_SUCCESS);
}

fn for_all(kinds: &[Kind], scenario: impl Fn(&Pc, &Rig, End) -> Keeps + Send + Sync) {
    for kind in kinds {
        for how in ENDS {
            boot(|pc| {
                let rig = Plan::new(*kind).start(pc);
                let keeps = scenario(pc, &rig, how);
                pc.run_for(Duration::from_millis(50));
                drop(keeps);
                rig.unload();
                assert_eq!(pc.pool_in_use(), (0, 0), "{kind:?}, {how:?}");
            });
        }
    }
}

/// What a scenario leaves to be released last.
type Keeps = Vec<Box<dyn std::any::Any>>;

// --- release orders --------------------------------------------------------------------------------

#[test]
fn streams_first_then_the_miniport_then_the_adapter() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        write(pc, &output.stream(), &pattern(20));
        drop((input, output));
        drop(rig.function.miniport());
        drop(filter);
        end(rig, how);
        Vec::new()
    });
}

#[test]
fn the_adapter_first_then_streams_then_the_miniport() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let miniport = rig.function.miniport();
        let (input, output) = (running_input(&filter), running_output(&filter));
        write(pc, &output.stream(), &pattern(20));
        end(rig, how);
        drop((input, output));
        drop(filter);
        vec![Box::new(miniport)]
    });
}

#[test]
fn the_adapter_first_then_the_miniport_then_streams() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let miniport = rig.function.miniport();
        let (input, output) = (running_input(&filter), running_output(&filter));
        let streams = (input.stream(), output.stream());
        write(pc, &streams.1, &pattern(20));
        end(rig, how);
        drop((input, output, filter));
        drop(miniport);
        vec![Box::new(streams.0), Box::new(streams.1)]
    });
}

#[test]
fn streams_outlive_their_pins_the_filter_and_the_device_and_are_harmless() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        let (reader, writer) = (input.stream(), output.stream());
        write(pc, &writer, &pattern(20));
        drop((input, output, filter));
        end(rig, how);
        let accesses = rig.device.register_accesses();
        let (status, count) = write(pc, &writer, &[0xF8]);
        assert!(!succeeded(status));
        assert_eq!(count, 0);
        assert_eq!(read(pc, &reader, 8), (STATUS_SUCCESS, Vec::new()));
        assert_eq!(rig.device.register_accesses(), accesses);
        vec![Box::new(writer), Box::new(reader)]
    });
}

#[test]
fn the_filter_handle_without_pins_keeps_the_miniport() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        end(rig, how);
        pc.run_for(Duration::from_mins(1));
        vec![Box::new(filter)]
    });
}

#[test]
fn a_handle_that_stays_for_minutes_is_harmless() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        write(pc, &output.stream(), &pattern(500));
        rig.device.far_end_send(&pattern(500));
        end(rig, how);
        let accesses = rig.device.register_accesses();
        pc.run_for(Duration::from_mins(5));
        assert_eq!(rig.device.register_accesses(), accesses);
        assert_eq!(output.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(input.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(rig.device.register_accesses(), accesses);
        vec![Box::new(input), Box::new(output), Box::new(filter)]
    });
}

#[test]
fn removal_before_the_last_release_fails_what_is_outstanding_and_goes_on() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let input = Client::MidiSrv
            .open_input(&filter, CAPTURE_PIN)
            .expect("it opens");
        let output = Client::Wdmaud
            .open_output(&filter, RENDER_PIN)
            .expect("it opens");
        output.send(&pattern(900));
        rig.device.far_end_send(&pattern(100));
        pc.run_for(Duration::from_millis(5));
        end(rig, how);
        pc.run_for(Duration::from_millis(100));
        assert!(output.is_idle(), "nothing is pended for ever");
        assert_eq!(input.pin().outstanding(), 0);
        vec![Box::new(input), Box::new(output), Box::new(filter)]
    });
}

#[test]
fn clients_that_die_leave_nothing_behind() {
    for_all(&ALL, |pc, rig, how| {
        let filter = rig.filter();
        let input = Client::Wdmaud
            .open_input(&filter, CAPTURE_PIN)
            .expect("it opens");
        let output = Client::MidiSrv
            .open_output(&filter, RENDER_PIN)
            .expect("it opens");
        output.send(&pattern(900));
        pc.run_for(Duration::from_millis(5));
        input.abandon();
        output.abandon();
        let again = running_output(&filter);
        end(rig, how);
        vec![Box::new(again), Box::new(filter)]
    });
}

#[test]
fn the_interrupt_is_disconnected_when_the_device_sleeps_or_goes_not_when_the_last_handle_does() {
    for kind in [Kind::PolledMpu401, Kind::PolledNs16550] {
        for reachable in [true, false] {
            boot(|pc| {
                let stage = Stage::new(pc, &Plan::new(kind), &Parameters::default());
                assert!(stage.is_connected());
                stage.device.sleep();
                assert!(
                    !stage.is_connected(),
                    "{kind:?}: nobody could end it asleep"
                );
                assert_eq!(stage.device.wake(), Ok(()));
                assert!(stage.is_connected(), "{kind:?}: awake");
                stage.device.take_away(reachable);
                assert!(!stage.is_connected(), "{kind:?}");
                stage.strike();
            });
        }
    }
}

#[test]
fn a_device_whose_interrupt_can_not_be_connected_when_it_wakes_is_tried_again_when_a_stream_runs() {
    for kind in [Kind::PolledMpu401, Kind::PolledNs16550] {
        boot(|pc| {
            let stage = Stage::new(pc, &Plan::new(kind), &Parameters::default());
            let device = &stage.device;
            device.sleep();
            stage.refuse_connection(true);
            assert_eq!(device.wake(), Err(STATUS_INSUFFICIENT_RESOURCES));
            let accesses = stage.accesses();
            let written = pc.at_dispatch(|| device.write(&[0x90]));
            assert_eq!(written, Err(STATUS_IO_DEVICE_ERROR), "{kind:?}");
            assert_eq!(stage.accesses(), accesses, "{kind:?}");
            assert_eq!(device.get_ready(), Err(STATUS_INVALID_DEVICE_STATE));
            stage.refuse_connection(false);
            assert_eq!(device.get_ready(), Ok(()), "{kind:?}");
            assert!(stage.is_connected());
            assert_eq!(pc.at_dispatch(|| device.write(&[0x90])), Ok(1));
            device.listen(true);
            stage.receive(pc, &[0xF8]);
            assert!(stage.interrupt(pc), "{kind:?}");
            stage.strike();
        });
    }
}

// --- registers -------------------------------------------------------------------------------------

#[test]
fn nothing_is_touched_after_the_device_is_gone() {
    for_all(&CHIPS, |pc, rig, how| {
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        let stream = output.stream();
        rig.device.far_end_send(&pattern(300));
        write(pc, &stream, &pattern(300));
        end(rig, how);
        let accesses = rig.device.register_accesses();
        for _ in 0..50 {
            assert_eq!(write(pc, &stream, &[0xF8]), (STATUS_IO_DEVICE_ERROR, 0));
            pc.run_for(Duration::from_millis(7));
        }
        assert_eq!(rig.device.register_accesses(), accesses);
        vec![
            Box::new(stream),
            Box::new(input),
            Box::new(output),
            Box::new(filter),
        ]
    });
}

#[test]
fn a_device_that_is_pulled_out_at_any_moment_is_left_alone() {
    for kind in CHIPS {
        for microseconds in (0..4_000).step_by(97) {
            let config = Config {
                seed: microseconds,
                ..Config::default()
            };
            boot_with(config, |pc| {
                let rig = Plan::new(kind).start(pc);
                let filter = rig.filter();
                let (input, output) = (running_input(&filter), running_output(&filter));
                rig.device.far_end_send(&pattern(100));
                write(pc, &output.stream(), &pattern(100));
                pc.run_for(Duration::from_micros(microseconds));
                assert_eq!(rig.function.surprise_remove(), STATUS_SUCCESS);
                write(pc, &output.stream(), &pattern(100));
                drop((input, output, filter));
                rig.unload();
            });
        }
    }
}

#[test]
fn bytes_that_come_in_at_any_moment_of_a_removal_do_no_harm() {
    for kind in INTERRUPTING {
        for microseconds in (0..8_000).step_by(211) {
            boot(|pc| {
                let rig = Plan::new(kind).start(pc);
                let filter = rig.filter();
                let input = running_input(&filter);
                pc.run_for(Duration::from_micros(microseconds));
                rig.device.far_end_send(&pattern(60));
                assert_eq!(rig.function.remove(), STATUS_SUCCESS);
                drop((input, filter));
                rig.unload();
            });
        }
    }
}

#[test]
fn a_chip_that_broke_or_vanished_can_be_removed() {
    for condition in [Condition::Dead, Condition::Gone] {
        for_all(&CHIPS, |pc, rig, how| {
            let filter = rig.filter();
            let (input, output) = (running_input(&filter), running_output(&filter));
            rig.device.set_condition(condition);
            write(pc, &output.stream(), &pattern(300));
            rig.device.far_end_send(&pattern(30));
            pc.run_for(Duration::from_millis(20));
            end(rig, how);
            vec![Box::new(input), Box::new(output), Box::new(filter)]
        });
    }
}

#[test]
fn what_was_accepted_is_on_the_wire_before_the_device_is_removed_or_stopped() {
    for kind in CHIPS {
        for how in [End::Removed, End::Stopped] {
            boot(|pc| {
                let rig = Plan::new(kind).start(pc);
                let filter = rig.filter();
                let output = running_output(&filter);
                let bytes = pattern(1_000);
                assert_eq!(write(pc, &output.stream(), &bytes), (STATUS_SUCCESS, 1_000));
                drop((output, filter));
                end(&rig, how);
                assert_eq!(wire(&rig.device), bytes, "{kind:?}, {how:?}");
                rig.unload();
            });
        }
    }
}

// --- coming back -----------------------------------------------------------------------------------

#[test]
fn a_device_can_be_stopped_and_started_again_with_old_handles_around() {
    for kind in ALL {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let mut old = Vec::new();
            for _ in 0..4 {
                let filter = rig.filter();
                let output = running_output(&filter);
                write(pc, &output.stream(), &[0xF8; 40]);
                assert_eq!(rig.function.stop(), STATUS_SUCCESS);
                old.push((output, filter));
                assert_eq!(rig.function.start(), STATUS_SUCCESS, "{kind:?}");
            }
            let filter = rig.filter();
            let output = running_output(&filter);
            let result = write(pc, &output.stream(), &pattern(40));
            assert_eq!(result, (STATUS_SUCCESS, 40), "{kind:?}");
            pc.run_for(time_for(40));
            drop(old);
            drop((output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_device_survives_sleep_with_streams_running() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let (input, output) = (running_input(&filter), running_output(&filter));
            for round in 1..=3 {
                assert_eq!(rig.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
                let accesses = rig.device.register_accesses();
                let stream = output.stream();
                assert_eq!(write(pc, &stream, &[0xF8]), (STATUS_IO_DEVICE_ERROR, 0));
                pc.run_for(Duration::from_secs(1));
                assert_eq!(rig.device.register_accesses(), accesses);
                assert_eq!(rig.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
                rig.device.far_end_send(&pattern(50));
                assert_eq!(write(pc, &stream, &pattern(50)), (STATUS_SUCCESS, 50));
                pc.run_for(time_for(50));
                assert_eq!(wire(&rig.device), pattern(50), "{kind:?}");
                assert_eq!(input.statistics().bytes_read, 50 * round, "{kind:?}");
            }
            drop((input, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_device_can_be_removed_while_it_sleeps() {
    for_all(&ALL, |_, rig, how| {
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        assert_eq!(rig.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        end(rig, how);
        vec![Box::new(input), Box::new(output), Box::new(filter)]
    });
}

#[test]
fn a_device_that_was_never_started_can_be_removed() {
    for kind in ALL {
        boot(|pc| Plan::new(kind).add(pc).unload());
    }
}

// --- failures --------------------------------------------------------------------------------------

/// Everything up to the first byte; stops where the system has no memory.
fn first_byte(pc: &Pc, rig: &Rig) -> Result<(), i32> {
    portcls::status::check(rig.function.start())?;
    let filter: Filter = rig.function.open_filter("UART")?;
    let input = Client::MidiSrv.open_input(&filter, CAPTURE_PIN)?;
    let output = Client::MidiSrv.open_output(&filter, RENDER_PIN)?;
    output.send(&[0xF8]);
    pc.run_for(Duration::from_millis(5));
    drop((input, output));
    Ok(())
}

#[test]
fn whichever_allocation_fails_everything_is_given_back() {
    for kind in ALL {
        let mut failed = 0;
        for failing in 0..200 {
            let config = Config {
                failing_allocation: Some(failing),
                ..Config::default()
            };
            let (outcome, allocations) = boot_with(config, |pc| {
                let outcome = Plan::new(kind).try_to_add(pc).and_then(|rig| {
                    let outcome = first_byte(pc, &rig);
                    rig.unload();
                    outcome
                });
                assert_eq!(pc.pool_in_use(), (0, 0), "{kind:?}, allocation {failing}");
                (outcome, pc.pool_allocations())
            });
            if let Err(status) = outcome {
                assert_eq!(status, STATUS_INSUFFICIENT_RESOURCES, "{kind:?}, {failing}");
                failed += 1;
            }
            if allocations <= failing {
                break;
            }
            assert!(failing < 199, "{kind:?}: it never comes to an end");
        }
        assert!(failed > 3, "{kind:?}: only {failed} allocations mattered");
    }
}

#[test]
fn a_leak_would_be_noticed() {
    let outcome = emulated_pc::boot(Config::default(), |pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        let miniport: ComPtr<IMiniportMidi> = rig.function.miniport().expect("a miniport");
        // SAFETY: the miniport is live; the reference is never given back.
        unsafe { IUnknown::AddRef(miniport.as_unknown()) };
        drop(miniport);
        rig.unload();
    });
    let stop = outcome.expect_err("the machine stops");
    assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
    assert!(stop.reason.contains("leaked"), "{stop}");
}

#[test]
fn an_access_after_removal_would_be_noticed() {
    let outcome = emulated_pc::boot(Config::default(), |pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        assert_eq!(rig.function.remove(), STATUS_SUCCESS);
        let _ = midiuart::kernel::registers::read_port(crate::rig::PORTS);
    });
    let stop = outcome.expect_err("the machine stops");
    assert!(stop.reason.contains("RegisterAccessAfterRemoval"), "{stop}");
}

#[test]
fn a_stream_keeps_its_miniport_and_counts_its_references() {
    boot(|pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        let filter = rig.filter();
        let output = running_output(&filter);
        let stream: ComPtr<IMiniportMidiStream> = output.stream();
        // SAFETY: the stream is live.
        let more = unsafe { IUnknown::AddRef(stream.as_unknown()) };
        // SAFETY: the reference was taken just now.
        let less = unsafe { IUnknown::Release(stream.as_unknown()) };
        assert_eq!(
            (more, less),
            (3, 2),
            "the pin's, ours, and for a moment one more"
        );
        drop((stream, output, filter));
        rig.unload();
    });
}
