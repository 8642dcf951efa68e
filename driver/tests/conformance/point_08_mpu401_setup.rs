//! Setting an MPU-401 up: acknowledgements that are missing, late or hidden, and bits that are stuck.

use std::time::Duration;

use emulated_pc::hardware::chip::{Chip, Condition};
use emulated_pc::hardware::mpu401::{ACKNOWLEDGE, Mpu401Switches, STATUS_INPUT_EMPTY};
use emulated_pc::hardware::quirk::{ChipKind, options_for, quirks_of};
use midiuart::uart::mpu401::Mpu401;
use midiuart::uart::{Budget, Setup, SetupError, Uart};
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};

use crate::bench::{Bench, Side, pattern};
use crate::rig::{Kind, Plan, boot};

const NO_ACKNOWLEDGE: Setup = Setup::Failed(SetupError::NoAcknowledge);

fn switches(change: impl FnOnce(&mut Mpu401Switches)) -> Mpu401Switches {
    let mut switches = Mpu401Switches::default();
    change(&mut switches);
    switches
}

/// Sets the chip up; whatever the outcome, nothing may have gone over the wire.
fn set_up(switches: Mpu401Switches) -> Setup {
    let (bench, mut uart) = Bench::mpu401(switches);
    let outcome = bench.set_up(&mut uart);
    bench.pass(Duration::from_millis(10));
    assert_eq!(bench.sent(), [], "setting up sends nothing");
    outcome
}

/// The chip comes up, in UART mode, with nothing in its FIFO that a client would take for music,
/// and carries bytes both ways.
fn comes_up(switches: Mpu401Switches) {
    let (bench, mut uart) = Bench::ready_mpu401(switches);
    assert!(bench.chip(|chip| chip.is_in_uart_mode()));
    assert_eq!(bench.chip(|chip| chip.bytes_to_read()), 0);
    let bytes = pattern(100);
    let mut side = Side::sending(&bytes);
    bench.far_end_send(&bytes);
    assert_eq!(bench.play_by_timer(&mut uart, &mut side), bytes);
    assert_eq!(side.bytes(), bytes);
}

#[test]
fn a_chip_after_the_data_sheet_comes_up() {
    comes_up(Mpu401Switches::default());
}

#[test]
fn a_chip_in_uart_mode_does_not_acknowledge_the_first_reset_and_comes_up() {
    let (bench, mut uart) = Bench::ready_mpu401(Mpu401Switches::default());
    assert!(bench.chip(|chip| chip.is_in_uart_mode()));
    assert_eq!(bench.set_up(&mut uart), Setup::Ready);
    assert!(bench.chip(|chip| chip.is_in_uart_mode()));
}

#[test]
fn the_first_acknowledgement_may_be_missing() {
    comes_up(switches(|chip| chip.missing_acknowledges = 1));
}

#[test]
fn the_second_acknowledgement_may_not_be_missing() {
    let outcome = set_up(switches(|chip| chip.missing_acknowledges = 2));
    assert_eq!(outcome, NO_ACKNOWLEDGE);
}

#[test]
fn a_chip_that_never_acknowledges_fails_unless_it_is_known_to() {
    let mute = switches(|chip| {
        chip.acknowledges_reset = false;
        chip.acknowledges_enter_uart = false;
    });
    assert_eq!(set_up(mute.clone()), NO_ACKNOWLEDGE);

    let (bench, _) = Bench::mpu401(mute);
    let mut uart = Mpu401::new(bench.clone(), false);
    assert_eq!(bench.set_up(&mut uart), Setup::Ready);
    assert!(bench.chip(|chip| chip.is_in_uart_mode()));
}

#[test]
fn entering_uart_mode_need_not_be_acknowledged() {
    comes_up(switches(|chip| chip.acknowledges_enter_uart = false));
}

#[test]
fn the_acknowledgement_may_lie_behind_stale_bytes() {
    for stale in [1, 5, 15, 40, 60] {
        comes_up(switches(|chip| {
            chip.acknowledge_in_front = false;
            chip.keeps_unread_bytes = true;
            chip.receive_fifo_depth = 64;
            chip.stale_bytes = pattern(stale);
        }));
    }
}

#[test]
fn stale_bytes_may_look_like_acknowledgements() {
    comes_up(switches(|chip| {
        chip.acknowledge_in_front = false;
        chip.keeps_unread_bytes = true;
        chip.stale_bytes = vec![0x40, ACKNOWLEDGE, 0xF8, ACKNOWLEDGE, 0x90];
    }));
}

#[test]
fn stale_bytes_do_not_stand_for_missing_acknowledgements() {
    let outcome = set_up(switches(|chip| {
        chip.acknowledges_reset = false;
        chip.stale_bytes = vec![0x40, 0xF8, 0x90];
        chip.keeps_unread_bytes = true;
    }));
    assert_eq!(outcome, NO_ACKNOWLEDGE);
}

#[test]
fn an_output_that_is_stuck_busy_bounds_the_setup_and_is_sent_nothing() {
    let (bench, mut uart) = Bench::mpu401(switches(|chip| chip.output_stuck_busy = true));
    // `set_up` bounds the calls and the accesses of each.
    assert_eq!(bench.set_up(&mut uart), Setup::Ready);
    let mut side = Side::sending(&[0x90]);
    let turn = bench.turn(&mut uart, &mut side);
    assert_eq!((turn.sent, turn.unfinished), (0, false));
    assert_eq!(side.outgoing.len(), 1, "the byte still waits");
}

#[test]
fn an_output_that_looks_busy_after_each_byte_is_tested_twice() {
    let (bench, mut uart) = Bench::ready_mpu401(switches(|chip| chip.busy_polls_after_write = 1));
    let mut side = Side::sending(&pattern(20));
    let turn = bench.turn(&mut uart, &mut side);
    assert!(turn.sent > 4, "{turn:?}");
    assert!(turn.unfinished);
}

#[test]
fn an_input_that_is_stuck_ready_bounds_the_setup_and_is_refused() {
    let outcome = set_up(switches(|chip| chip.data_ready_stuck = true));
    assert_eq!(outcome, Setup::Failed(SetupError::NotThere));
}

#[test]
fn a_chip_that_is_not_there_does_not_acknowledge() {
    let (bench, mut uart) = Bench::mpu401(Mpu401Switches::default());
    bench.chip(|chip| chip.set_condition(Condition::Gone));
    assert_eq!(bench.set_up(&mut uart), NO_ACKNOWLEDGE);
}

#[test]
fn a_chip_like_dosbox_comes_up() {
    comes_up(switches(|chip| {
        chip.reset_busy = Duration::from_millis(14);
        chip.reserved_status_bits = 0x3F;
        chip.acknowledge_in_front = false;
    }));
}

#[test]
fn a_chip_like_bochs_comes_up() {
    comes_up(switches(|chip| {
        chip.acknowledges_every_command = true;
        chip.acknowledges_reset_in_uart_mode = true;
        chip.transmit_fifo_depth = 64;
        chip.receive_fifo_depth = 64;
    }));
}

#[test]
fn a_chip_after_smsc_comes_up_with_stale_bytes() {
    comes_up(switches(|chip| {
        chip.keeps_unread_bytes = true;
        chip.stale_bytes = pattern(16);
    }));
}

#[test]
fn every_known_oddity_comes_up_or_fails_as_it_must() {
    for quirk in quirks_of(ChipKind::Mpu401) {
        let options = options_for(ChipKind::Mpu401, [quirk.name]).expect("a known quirk");
        let expected = match quirk.name {
            "no-ack" | "two-acks-lost" => NO_ACKNOWLEDGE,
            "stuck-ready" => Setup::Failed(SetupError::NotThere),
            _ => Setup::Ready,
        };
        assert_eq!(set_up(options.mpu401), expected, "{}", quirk.name);
    }
}

#[test]
fn an_acknowledgement_that_the_interrupt_routine_takes_is_not_lost() {
    let (bench, mut uart) = Bench::mpu401(Mpu401Switches::default());
    uart.begin_setup();
    let outcome = (0..200).find_map(|_| {
        let step = bench.within(Budget::TURN, || uart.setup(bench.time()));
        bench.pass(Duration::from_micros(500));
        if bench.interrupts() {
            let mut budget = Budget::of(Budget::TURN);
            bench.within(Budget::TURN, || uart.silence(&mut budget));
            assert!(!bench.interrupts(), "the line is calm again");
        }
        bench.pass(Duration::from_micros(500));
        (!matches!(step, Setup::Wait | Setup::Continue)).then_some(step)
    });
    assert_eq!(outcome, Some(Setup::Ready));
}

#[test]
fn a_late_acknowledgement_found_by_the_interrupt_routine_counts() {
    // The output is busy for 14 ms after a reset, so the command to enter UART mode is late.
    let (bench, mut uart) = Bench::mpu401(switches(|chip| {
        chip.reset_busy = Duration::from_millis(14);
    }));
    uart.begin_setup();
    let mut outcome = Setup::Wait;
    for _ in 0..200 {
        outcome = uart.setup(bench.time());
        if !matches!(outcome, Setup::Wait | Setup::Continue) {
            break;
        }
        bench.pass(Duration::from_millis(1));
        if bench.interrupts() {
            uart.silence(&mut Budget::of(Budget::TURN));
        }
    }
    assert_eq!(outcome, Setup::Ready);
    assert!(bench.chip(|chip| chip.is_in_uart_mode()));
}

#[test]
fn quiescing_leaves_uart_mode_and_no_interrupt() {
    for quirk in ["fifo-8", "ack-on-uart-reset", "ack-everything"] {
        let options = options_for(ChipKind::Mpu401, [quirk]).expect("a known quirk");
        let (bench, mut uart) = Bench::ready_mpu401(options.mpu401);
        bench.quiesce(&mut uart);
        assert!(!bench.chip(|chip| chip.is_in_uart_mode()), "{quirk}");
        assert!(!bench.interrupts(), "{quirk}");
        bench.far_end_send(&[0x90, 0x40, 0x7F]);
        bench.pass(Duration::from_millis(5));
        assert!(
            !bench.interrupts(),
            "{quirk}: what comes in later is ignored"
        );
        assert_ne!(bench.status() & STATUS_INPUT_EMPTY, 0, "{quirk}");
    }
}

#[test]
fn a_device_whose_chip_does_not_acknowledge_fails_to_start_and_leaves_nothing_behind() {
    for (missing, expected) in [(1, STATUS_SUCCESS), (2, STATUS_IO_DEVICE_ERROR)] {
        let plan = Plan::new(Kind::Mpu401).mpu401(|chip| chip.missing_acknowledges = missing);
        boot(move |pc| {
            let rig = plan.add(pc);
            assert_eq!(rig.function.start(), expected);
            rig.unload();
        });
    }
}
