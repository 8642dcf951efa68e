//! The 16550 and its relatives: lost and stuck interrupts, damaged bytes, FIFOs, divisors.

use std::time::Duration;

use emulated_pc::hardware::chip::{Chip, Condition, LineFault};
use emulated_pc::hardware::ns16550::registers::{IER_DLM, LCR, MCR};
use emulated_pc::hardware::ns16550::{Ns16550Kind, Ns16550Switches};
use emulated_pc::hardware::quirk::{ChipKind, options_for, quirks_of};
use midiuart::uart::ns16550::Settings;
use midiuart::uart::{Budget, Received, Setup, SetupError, Uart};
use portcls::status::{STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS};
use proptest::prelude::*;

use crate::bench::{Bench, SETTINGS, Side, pattern};
use crate::rig::{Kind, Plan, boot, counter, running_input, running_output, time_for, wire, write};

const POLLED: Settings = Settings {
    has_interrupt: false,
    ..SETTINGS
};

fn switches(change: impl FnOnce(&mut Ns16550Switches)) -> Ns16550Switches {
    let mut switches = Ns16550Switches::default();
    change(&mut switches);
    switches
}

fn fifo(depth: u8) -> Ns16550Switches {
    switches(|chip| chip.kind = Ns16550Kind::Fifo16550A { depth })
}

// --- sending ---------------------------------------------------------------------------------------

/// One look at the chip as a write has it, then interrupts alone.
fn plays_by_interrupts(switches: &Ns16550Switches, settings: Settings, length: usize) {
    let (bench, mut uart) = Bench::ready_ns16550(switches.clone(), settings);
    for round in 0..3 {
        let bytes = pattern(length);
        let mut side = Side::sending(&bytes);
        bench.turn(&mut uart, &mut side);
        bench.serve_interrupts(&mut uart, &mut side, time_for(length));
        let sent = bench.sent().split_off(round * length);
        assert_eq!(sent, bytes, "{switches:?}, round {round}");
        assert_eq!(bench.chip(|chip| chip.losses().refused_writes), 0);
        assert!(!bench.interrupts(), "nothing is left to be done");
    }
}

#[test]
fn a_chip_that_does_not_raise_thre_again_sends_everything_by_interrupts() {
    plays_by_interrupts(
        &switches(|chip| chip.does_not_reraise_thre = true),
        SETTINGS,
        100,
    );
}

#[test]
fn a_chip_that_raises_thre_again_sends_everything_by_interrupts() {
    plays_by_interrupts(&Ns16550Switches::default(), SETTINGS, 100);
}

#[test]
fn a_16450_sends_one_byte_for_each_thre() {
    let chip = switches(|chip| chip.kind = Ns16550Kind::Uart16450);
    plays_by_interrupts(&chip, SETTINGS, 40);

    let (bench, mut uart) = Bench::ready_ns16550(chip, SETTINGS);
    let mut side = Side::sending(&pattern(10));
    assert_eq!(bench.turn(&mut uart, &mut side).sent, 1);
    bench.pass(Duration::from_micros(330));
    assert_eq!(bench.turn(&mut uart, &mut side).sent, 1);
}

#[test]
fn a_fifo_that_owns_up_to_be_broken_is_not_used() {
    plays_by_interrupts(
        &switches(|chip| chip.kind = Ns16550Kind::BrokenFifo16550),
        SETTINGS,
        40,
    );
}

#[test]
fn fifos_of_all_depths_are_filled_and_never_overfilled() {
    for depth in 1..=64 {
        let settings = Settings {
            fifo_depth: depth.into(),
            ..SETTINGS
        };
        plays_by_interrupts(&fifo(depth), settings, 150);

        let (bench, mut uart) = Bench::ready_ns16550(fifo(depth), settings);
        let mut side = Side::sending(&pattern(200));
        bench.turn(&mut uart, &mut side);
        for _ in 0..4 {
            bench.turn(&mut uart, &mut side);
        }
        let inside = 200 - side.outgoing.len();
        assert!(
            inside >= usize::from(depth),
            "{depth}: {inside} bytes inside"
        );
    }
}

#[test]
fn a_fifo_that_is_deeper_than_known_is_used_as_far_as_known() {
    plays_by_interrupts(&fifo(64), SETTINGS, 150);
}

#[test]
fn lost_interrupts_do_not_stop_the_music_while_the_timer_looks() {
    let chip = switches(|chip| chip.loses_every_nth_interrupt = Some(2));
    let (bench, mut uart) = Bench::ready_ns16550(chip, SETTINGS);
    let bytes = pattern(200);
    let mut side = Side::sending(&bytes);
    assert_eq!(bench.play_by_timer(&mut uart, &mut side), bytes);
}

#[test]
fn a_chip_without_interrupt_is_played_by_the_timer_alone() {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), POLLED);
    assert_eq!(bench.peek(IER_DLM), 0, "no interrupt is enabled");
    let bytes = pattern(200);
    let mut side = Side::sending(&bytes);
    bench.far_end_send(&bytes);
    assert_eq!(bench.play_by_timer(&mut uart, &mut side), bytes);
    assert_eq!(side.bytes(), bytes);
    assert!(!bench.interrupts());
}

#[test]
fn the_transmit_interrupt_is_enabled_only_while_bytes_wait() {
    const TRANSMITTER_EMPTY: u8 = 0x02;
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    let enabled = || bench.peek(IER_DLM) & TRANSMITTER_EMPTY != 0;
    assert!(!enabled());
    let mut side = Side::sending(&pattern(40));
    bench.turn(&mut uart, &mut side);
    assert!(enabled());
    bench.serve_interrupts(&mut uart, &mut side, Duration::from_millis(20));
    assert!(!enabled());
}

// --- stuck registers -------------------------------------------------------------------------------

#[test]
fn a_cause_that_is_stuck_is_served_within_the_budget() {
    for stuck in [0xC4, 0xC2, 0xC0, 0xCC, 0xC6] {
        let chip = switches(|chip| chip.iir_stuck = Some(stuck));
        let (bench, mut uart) = Bench::ready_ns16550(chip, SETTINGS);
        let mut side = Side::sending(&pattern(100));
        let now = bench.time();
        bench.within(Budget::TURN, || {
            let mut budget = Budget::of(Budget::TURN);
            while budget.allows(2) && uart.is_interrupting(&mut budget) {
                uart.turn(&mut side, now, &mut budget);
            }
        });
    }
}

#[test]
fn a_chip_with_a_stuck_cause_plays_on_the_pc() {
    let plan = Plan::new(Kind::Ns16550).ns16550(|chip| chip.iir_stuck = Some(0xC4));
    boot(move |pc| {
        let rig = plan.start(pc);
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        rig.device.far_end_send(&pattern(100));
        assert_eq!(
            write(pc, &output.stream(), &pattern(100)),
            (STATUS_SUCCESS, 100)
        );
        pc.run_for(time_for(100));
        assert_eq!(wire(&rig.device), pattern(100));
        assert_eq!(input.statistics().bytes_read, 100);
        drop((input, output, filter));
        rig.unload();
    });
}

#[test]
fn a_line_status_of_ff_is_a_chip_that_is_not_there() {
    let (bench, mut uart) =
        Bench::ns16550(switches(|chip| chip.line_status_reads_ff = true), SETTINGS);
    let outcome = bench.set_up(&mut uart);
    assert_eq!(outcome, Setup::Failed(SetupError::NotThere));
}

#[test]
fn a_chip_that_vanishes_is_reported_and_given_nothing() {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    bench.chip(|chip| chip.set_condition(Condition::Gone));
    let mut side = Side::sending(&pattern(10));
    let (turn, accesses) = bench.accesses_of(|| bench.turn(&mut uart, &mut side));
    assert!(turn.missing);
    assert_eq!((turn.sent, accesses), (0, 1));
    assert_eq!(side.outgoing.len(), 10);
    assert_eq!(side.received, []);
}

#[test]
fn a_device_whose_line_status_is_ff_does_not_start() {
    let plan = Plan::new(Kind::Ns16550).ns16550(|chip| chip.line_status_reads_ff = true);
    boot(move |pc| {
        let rig = plan.add(pc);
        assert_eq!(rig.function.start(), STATUS_NO_SUCH_DEVICE);
        rig.unload();
    });
}

// --- damaged bytes ---------------------------------------------------------------------------------

const FRAMING: LineFault = LineFault {
    framing: true,
    parity: false,
    break_condition: false,
};
const PARITY: LineFault = LineFault {
    framing: false,
    parity: true,
    break_condition: false,
};
const BREAK: LineFault = LineFault {
    framing: true,
    parity: false,
    break_condition: true,
};
const GOOD: LineFault = LineFault {
    framing: false,
    parity: false,
    break_condition: false,
};

/// Receives damaged bytes with a look every 100 µs.
fn receive(bytes: &[(u8, LineFault)]) -> Vec<Received> {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    let mut side = Side::silent();
    bench.far_end_send_damaged(bytes);
    bench.serve_interrupts(&mut uart, &mut side, time_for(bytes.len()));
    side.received
}

#[test]
fn a_byte_without_stop_bit_is_a_framing_error() {
    assert_eq!(receive(&[(0x90, FRAMING)]), [Received::FramingError]);
}

#[test]
fn a_byte_of_wrong_parity_is_a_parity_error() {
    assert_eq!(receive(&[(0x90, PARITY)]), [Received::ParityError]);
}

#[test]
fn a_break_is_no_byte() {
    assert_eq!(receive(&[(0, BREAK)]), [Received::Break]);
}

#[test]
fn good_bytes_between_damaged_ones_survive_in_order() {
    let bytes = [
        (0x90, GOOD),
        (0x40, FRAMING),
        (0x41, GOOD),
        (0, BREAK),
        (0x7F, PARITY),
        (0xF8, GOOD),
    ];
    let expected = [
        Received::Byte(0x90),
        Received::FramingError,
        Received::Byte(0x41),
        Received::Break,
        Received::ParityError,
        Received::Byte(0xF8),
    ];
    assert_eq!(receive(&bytes), expected);
}

#[test]
fn an_overrun_is_reported_once_and_what_the_fifo_held_survives() {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    bench.far_end_send(&pattern(20));
    bench.pass(Duration::from_millis(10));
    let mut side = Side::silent();
    bench.serve_interrupts(&mut uart, &mut side, Duration::from_millis(5));
    assert_eq!(side.bytes(), pattern(16));
    let overruns = side.received.iter().filter(|it| **it == Received::Overrun);
    assert_eq!(overruns.count(), 1);
    assert_eq!(side.received.len(), 17);
}

#[test]
fn damaged_bytes_are_counted_and_dropped_on_the_pc() {
    boot(|pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        let filter = rig.filter();
        let input = running_input(&filter);
        let bytes = [
            (0x90, GOOD),
            (0x40, FRAMING),
            (0, BREAK),
            (7, PARITY),
            (0x41, GOOD),
        ];
        rig.device.far_end_send_damaged(&bytes);
        pc.run_for(Duration::from_millis(10));
        assert_eq!(input.statistics().bytes_read, 2);
        for (name, count) in [
            ("framing_errors", 1),
            ("breaks", 1),
            ("parity_errors", 1),
            ("bytes_received", 2),
        ] {
            assert_eq!(counter(&filter, name), count, "{name}");
        }
        drop((input, filter));
        rig.unload();
    });
}

// --- setting up ------------------------------------------------------------------------------------

#[test]
fn the_chip_is_programmed_for_midi() {
    for kind in [
        Ns16550Kind::Fifo16550A { depth: 16 },
        Ns16550Kind::BrokenFifo16550,
        Ns16550Kind::Uart16450,
    ] {
        let (bench, _) = Bench::ready_ns16550(switches(|chip| chip.kind = kind), SETTINGS);
        assert_eq!(bench.peek(LCR), 0x03, "8 data bits, no parity, 1 stop bit");
        assert_eq!(bench.peek(MCR), 0x0B, "DTR, RTS, OUT2");
        assert_eq!(bench.peek(IER_DLM), 0x05, "received data and line status");
        assert_eq!(
            bench.chip(|chip| chip.character_time()),
            Duration::from_micros(320)
        );
        assert_eq!(bench.sent(), [], "setting up sends nothing");
    }
}

#[test]
fn what_lay_in_the_chip_is_thrown_away_by_setting_it_up() {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    bench.far_end_send(&pattern(20));
    bench.pass(Duration::from_millis(10));
    assert_eq!(bench.set_up(&mut uart), Setup::Ready);
    assert_eq!(bench.chip(|chip| chip.bytes_to_read()), 0);
    assert!(!bench.interrupts());
}

#[test]
fn a_chip_that_is_not_there_is_not_found() {
    let (bench, mut uart) = Bench::ns16550(Ns16550Switches::default(), SETTINGS);
    bench.chip(|chip| chip.set_condition(Condition::Gone));
    let outcome = bench.set_up(&mut uart);
    assert_eq!(outcome, Setup::Failed(SetupError::NotThere));
}

#[test]
fn every_known_oddity_comes_up_or_fails_as_it_must() {
    for quirk in quirks_of(ChipKind::Ns16550) {
        let options = options_for(ChipKind::Ns16550, [quirk.name]).expect("a known quirk");
        let clock = options.ns16550.baud_clock_hz;
        let settings = Settings {
            baud_clock: clock,
            ..SETTINGS
        };
        let (bench, mut uart) = Bench::ns16550(options.ns16550, settings);
        let expected = match quirk.name {
            "line-status-ff" => Setup::Failed(SetupError::NotThere),
            _ if settings.divisor().is_none() => Setup::Failed(SetupError::BaudRate),
            _ => Setup::Ready,
        };
        assert_eq!(bench.set_up(&mut uart), expected, "{}", quirk.name);
    }
}

#[test]
fn quiescing_silences_the_interrupt() {
    let (bench, mut uart) =
        Bench::ready_ns16550(switches(|chip| chip.interrupt_needs_out2 = false), SETTINGS);
    bench.far_end_send(&pattern(5));
    bench.pass(Duration::from_millis(3));
    assert!(bench.interrupts());
    bench.quiesce(&mut uart);
    assert!(!bench.interrupts());
    bench.far_end_send(&pattern(5));
    bench.pass(Duration::from_millis(3));
    assert!(!bench.interrupts());
}

#[test]
fn stale_bytes_are_not_music_when_a_client_begins_to_listen() {
    for depth in [16, 64] {
        let plan = Plan::new(Kind::PolledNs16550)
            .ns16550(|chip| chip.kind = Ns16550Kind::Fifo16550A { depth });
        boot(move |pc| {
            let rig = plan.start(pc);
            let filter = rig.filter();
            rig.device.far_end_send(&pattern(70));
            pc.run_for(time_for(70));
            let input = running_input(&filter);
            pc.run_for(Duration::from_millis(30));
            assert_eq!(input.statistics().bytes_read, 0, "depth {depth}");
            drop((input, filter));
            rig.unload();
        });
    }
}

// --- divisors --------------------------------------------------------------------------------------

fn divisor(baud_clock: u32, baud_rate: u32) -> Option<u16> {
    let settings = Settings {
        baud_clock,
        baud_rate,
        ..SETTINGS
    };
    settings.divisor()
}

#[test]
fn clocks_in_use_have_their_divisors() {
    for (clock, expected) in [
        (500_000, 1),
        (1_000_000, 2),
        (2_000_000, 4),
        (4_000_000, 8),
        (8_000_000, 16),
        (16_000_000, 32),
        (18_432_000, 37),
        (22_118_400, 44),
        (24_000_000, 48),
        (29_491_200, 59),
        (32_000_000, 64),
        (48_000_000, 96),
        (50_000_000, 100),
        (62_500_000, 125),
        (125_000_000, 250),
    ] {
        assert_eq!(divisor(clock, 31_250), Some(expected), "{clock} Hz");
    }
}

#[test]
fn clocks_that_are_off_by_more_than_one_percent_are_refused() {
    for clock in [100_000, 250_000, 494_000, 506_000, 1_843_200, 14_745_600] {
        assert_eq!(divisor(clock, 31_250), None, "{clock} Hz");
    }
    for clock in [495_000, 505_000] {
        assert_eq!(divisor(clock, 31_250), Some(1), "{clock} Hz");
    }
}

#[test]
fn the_rate_can_be_that_of_a_serial_port() {
    assert_eq!(divisor(1_843_200, 38_400), Some(3));
    assert_eq!(divisor(1_843_200, 115_200), Some(1));
}

#[test]
fn a_divisor_has_16_bits() {
    assert_eq!(divisor(1_000_000_000, 300), None);
    assert_eq!(divisor(u32::MAX, 1), None);
    assert_eq!(divisor(0, 31_250), None);
    assert_eq!(divisor(24_000_000, 0), None);
}

#[test]
fn a_clock_that_is_refused_is_refused_before_a_register_is_touched() {
    let settings = Settings {
        baud_clock: 1_843_200,
        ..SETTINGS
    };
    let (bench, mut uart) = Bench::ns16550(Ns16550Switches::default(), settings);
    let (outcome, accesses) = bench.accesses_of(|| bench.set_up(&mut uart));
    assert_eq!(outcome, Setup::Failed(SetupError::BaudRate));
    assert_eq!(accesses, 0);

    let plan = Plan::new(Kind::Ns16550).parameter("BaudClockHz", 1_843_200);
    boot(move |pc| {
        let rig = plan.add(pc);
        assert_eq!(rig.function.start(), STATUS_DEVICE_CONFIGURATION_ERROR);
        rig.unload();
    });
}

proptest! {
    #[test]
    fn a_divisor_is_within_one_percent_or_there_is_none(
        clock in 100_000_u32..=1_000_000_000,
        rate in 1200_u32..=115_200,
    ) {
        let fits = |divisor: u64| {
            let ideal = u64::from(rate) * 16 * divisor;
            divisor > 0 && divisor <= 65_535 && ideal.abs_diff(clock.into()) * 100 <= ideal
        };
        if let Some(divisor) = divisor(clock, rate) {
            prop_assert!(fits(divisor.into()));
        } else {
            let below = u64::from(clock) / (u64::from(rate) * 16);
            prop_assert!(!fits(below) && !fits(below + 1));
        }
    }

    #[test]
    fn no_turn_makes_more_accesses_than_its_budget(
        budgets in prop::collection::vec(0_u32..=Budget::TURN, 1..30),
        outgoing in 0_usize..100,
        incoming in 0_usize..40,
        stuck in prop::option::of(any::<u8>()),
        wait in 0_u64..5_000,
    ) {
        let chip = switches(|chip| chip.iir_stuck = stuck);
        let (bench, mut uart) = Bench::ns16550(chip, SETTINGS);
        if bench.set_up(&mut uart) != Setup::Ready {
            return Ok(());
        }
        bench.far_end_send(&pattern(incoming));
        let mut side = Side::sending(&pattern(outgoing));
        for (index, accesses) in budgets.into_iter().enumerate() {
            bench.pass(Duration::from_micros(wait));
            if index % 3 == 0 {
                side.outgoing.push_back(0xF8);
            }
            let now = bench.time();
            bench.within(accesses, || {
                let mut budget = Budget::of(accesses);
                if !budget.allows(2) || uart.is_interrupting(&mut budget) {
                    uart.turn(&mut side, now, &mut budget);
                }
            });
        }
    }
}

#[test]
fn a_byte_that_comes_in_at_any_moment_of_the_setup_is_counted_or_received_and_leaves_no_interrupt()
{
    /// Emptying the receive FIFO by its control register takes what has come in since it was last seen
    /// empty, and says nothing of it.
    const UNSEEN: u32 = 2;
    for chip in [
        fifo(16),
        switches(|chip| chip.kind = Ns16550Kind::Uart16450),
    ] {
        let mut unseen = 0;
        let mut access = 1;
        loop {
            let (bench, mut uart) = Bench::ready_ns16550(chip.clone(), SETTINGS);
            uart.take_discarded();
            bench.receive_at_access(access, 0x40);
            uart.begin_setup();
            let step = loop {
                let step = bench.within(Budget::TURN, || uart.setup(bench.time()));
                // What interrupts meanwhile is silenced, as the interrupt routine does.
                if step != Setup::Continue {
                    break step;
                }
                if bench.interrupts() {
                    let mut budget = Budget::of(Budget::TURN);
                    let silenced = bench.within(Budget::TURN, || uart.silence(&mut budget));
                    assert!(silenced.was_ours(), "access {access}");
                    assert!(!bench.interrupts(), "access {access}");
                }
            };
            assert_eq!(step, Setup::Ready, "access {access}");
            if !bench.has_arrived() {
                break;
            }
            let mut side = Side::silent();
            bench.turn(&mut uart, &mut side);
            let seen = uart.take_discarded() + u32::try_from(side.received.len()).expect("one");
            assert!(seen <= 1, "access {access}: {seen}");
            unseen += 1 - seen;
            assert!(!bench.interrupts(), "access {access}");
            access += 1;
        }
        assert!(access > 20, "{access} accesses only");
        assert!(unseen <= UNSEEN, "{unseen} bytes were not counted");
    }
}

#[test]
fn a_chip_that_was_left_interrupting_behind_its_divisor_is_silenced() {
    let (bench, mut uart) = Bench::ns16550(switches(|chip| chip.left_asserting = true), SETTINGS);
    bench.pass(Duration::from_millis(1));
    assert!(bench.interrupts());
    let mut budget = Budget::of(Budget::TURN);
    let silenced = bench.within(Budget::TURN, || uart.silence(&mut budget));
    assert!(silenced.was_ours());
    assert!(!bench.interrupts());
}
