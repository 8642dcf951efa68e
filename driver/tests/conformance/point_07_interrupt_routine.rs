//! The interrupt routine: whose interrupt it is, what it touches, and how often it tells the port.

use emulated_pc::LongestTimes;
use emulated_pc::hardware::chip::{Chip, Condition, LineFault};
use emulated_pc::hardware::mpu401::Mpu401Switches;
use emulated_pc::hardware::ns16550::Ns16550Switches;
use midiuart::parameters::Parameters;
use midiuart::uart::{Budget, Uart};
use std::fmt::Debug;
use std::time::Duration;

use crate::bench::{Bench, SETTINGS, pattern};
use crate::rig::{INTERRUPTING, Kind, Plan, boot, counter, running_input, with_chip};
use crate::stand_ins::Stage;

const STAGED: [Kind; 2] = [Kind::PolledMpu401, Kind::PolledNs16550];

fn on_stage(kind: Kind, scenario: impl FnOnce(&emulated_pc::Pc, &Stage) + Send) {
    boot(|pc| {
        let stage = Stage::new(pc, &Plan::new(kind), &Parameters::default());
        scenario(pc, &stage);
        stage.strike();
    });
}

/// Looking for the cause must leave an idle chip as it would be if nobody had looked.
fn is_left_alone<C: Chip + Clone + Debug>(bench: &Bench<C>, uart: &mut impl Uart) {
    bench.pass(Duration::from_millis(5));
    let mut twin = bench.chip(|chip| chip.clone());
    let mut budget = Budget::of(Budget::TURN);
    let (mine, accesses) = bench.accesses_of(|| uart.is_interrupting(&mut budget));
    assert!(!mine);
    assert_eq!(accesses, 1);
    let now = emulated_pc::time::Instant::from_nanos(bench.time() * 100);
    twin.advance(now, &mut Vec::new());
    assert_eq!(bench.chip(|chip| format!("{chip:?}")), format!("{twin:?}"));
}

#[test]
fn an_mpu401_that_does_not_interrupt_is_left_as_it_is() {
    let (bench, mut uart) = Bench::ready_mpu401(Mpu401Switches::default());
    is_left_alone(&bench, &mut uart);
}

#[test]
fn a_16550_that_does_not_interrupt_is_left_as_it_is() {
    let (bench, mut uart) = Bench::ready_ns16550(Ns16550Switches::default(), SETTINGS);
    // A change of the modem lines that is to be reported to somebody else.
    bench.chip(|chip| chip.write(4, 0x1B, emulated_pc::time::Instant::POWER_ON));
    is_left_alone(&bench, &mut uart);
}

#[test]
fn an_interrupt_of_somebody_else_is_not_claimed() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            let accesses = stage.accesses();
            assert!(!stage.interrupt(pc), "{kind:?}");
            assert_eq!(stage.accesses() - accesses, 1, "{kind:?}");
            assert_eq!(stage.notifications(), 0, "{kind:?}");
            assert_eq!(stage.device.counters.foreign_interrupts.get(), 1);
            assert_eq!(stage.device.counters.interrupts.get(), 0);
        });
    }
}

#[test]
fn two_bytes_in_one_interrupt_notify_once() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            stage.receive(pc, &[0x90, 0x40]);
            assert!(stage.line());
            assert!(stage.interrupt(pc), "{kind:?}");
            assert!(!stage.line(), "{kind:?}: nothing is left");
            assert_eq!(stage.notifications(), 1, "{kind:?}");
            let mut bytes = [0; 8];
            assert_eq!(stage.device.read(&mut bytes), 2);
            assert_eq!(bytes[..2], [0x90, 0x40]);
        });
    }
}

#[test]
fn each_burst_is_notified() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            for burst in 1..=5 {
                stage.receive(pc, &[0xF8]);
                assert!(stage.interrupt(pc));
                assert_eq!(stage.notifications(), burst, "{kind:?}");
            }
        });
    }
}

#[test]
fn bytes_that_nobody_listens_to_are_taken_and_not_notified() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.receive(pc, &[0xF8]);
            assert!(stage.interrupt(pc), "{kind:?}: the line must be released");
            assert!(!stage.line());
            assert_eq!(stage.notifications(), 0, "{kind:?}");
            assert_eq!(stage.device.counters.bytes_unheard.get(), 1);
        });
    }
}

#[test]
fn a_damaged_byte_is_claimed_and_not_notified() {
    on_stage(Kind::PolledNs16550, |pc, stage| {
        stage.device.listen(true);
        let fault = LineFault {
            framing: true,
            ..LineFault::default()
        };
        let now = pc.now();
        with_chip(&stage.rig.device, |chip| chip.receive(0x90, fault, now));
        assert!(stage.interrupt(pc));
        assert_eq!(stage.notifications(), 0);
        assert_eq!(stage.device.counters.framing_errors.get(), 1);
    });
}

#[test]
fn registers_that_all_read_ff_are_nobodys_interrupt() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            stage.rig.device.set_condition(Condition::Gone);
            let accesses = stage.accesses();
            assert!(!stage.interrupt(pc), "{kind:?}");
            assert!(stage.accesses() - accesses <= Budget::TURN.into());
            assert_eq!(stage.notifications(), 0);
        });
    }
}

#[test]
fn a_device_that_is_gone_claims_nothing_and_touches_nothing() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            stage.receive(pc, &[0x90]);
            stage.device.take_away(false);
            let accesses = stage.accesses();
            assert!(!stage.interrupt(pc), "{kind:?}");
            assert_eq!(stage.accesses(), accesses, "{kind:?}");
            assert_eq!(stage.notifications(), 0, "{kind:?}");
        });
    }
}

#[test]
fn a_device_that_sleeps_claims_nothing_and_touches_nothing() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            stage.device.sleep();
            stage.receive(pc, &[0x90]);
            let accesses = stage.accesses();
            assert!(!stage.interrupt(pc), "{kind:?}");
            assert_eq!(stage.accesses(), accesses, "{kind:?}");
            assert_eq!(stage.device.wake(), Ok(()));
            assert_eq!(stage.device.get_ready(), Ok(()));
            stage.receive(pc, &[0x90]);
            assert!(stage.interrupt(pc), "{kind:?}: awake again");
        });
    }
}

#[test]
fn the_routine_is_bounded_however_much_there_is_to_do() {
    for kind in STAGED {
        on_stage(kind, |pc, stage| {
            stage.device.listen(true);
            stage.receive(pc, &pattern(16));
            let mut calls = 0;
            while stage.line() {
                let accesses = stage.accesses();
                assert!(stage.interrupt(pc));
                assert!(stage.accesses() - accesses <= Budget::TURN.into());
                calls += 1;
                assert!(calls < 10, "{kind:?}: no end");
            }
            let mut bytes = [0; 32];
            assert_eq!(stage.device.read(&mut bytes), 16);
            assert_eq!(bytes[..16], pattern(16));
        });
    }
}

#[test]
fn a_cause_that_is_stuck_does_not_hold_the_processor() {
    for stuck in [0xC4, 0xC2, 0xC0, 0xCC, 0xC6] {
        let plan = Plan::new(Kind::PolledNs16550).ns16550(|chip| chip.iir_stuck = Some(stuck));
        boot(move |pc| {
            let stage = Stage::new(pc, &plan, &Parameters::default());
            let accesses = stage.accesses();
            stage.interrupt(pc);
            let accesses = stage.accesses() - accesses;
            assert!(accesses <= Budget::TURN.into(), "{stuck:X}: {accesses}");
            stage.strike();
        });
    }
}

#[test]
fn on_the_pc_bytes_come_by_interrupts_and_none_are_foreign() {
    for kind in INTERRUPTING {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            rig.device.far_end_send(&pattern(100));
            pc.run_for(Duration::from_millis(50));
            assert_eq!(counter(&filter, "bytes_received"), 100, "{kind:?}");
            assert_eq!(counter(&filter, "foreign_interrupts"), 0, "{kind:?}");
            assert!(counter(&filter, "interrupts") <= 100, "{kind:?}");
            assert_eq!(input.statistics().bytes_read, 100);
            assert!(input.statistics().services <= 100 + 6, "{kind:?}");
            drop((input, filter));
            rig.unload();
        });
    }
}

#[test]
fn on_the_pc_the_routine_lasts_at_most_25_microseconds() {
    for kind in INTERRUPTING {
        let longest: LongestTimes = boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let input = running_input(&filter);
            rig.device.far_end_send(&pattern(500));
            pc.run_for(Duration::from_millis(200));
            drop((input, filter));
            rig.unload();
            pc.longest_times()
        });
        let limit = Duration::from_micros(25);
        assert!(longest.interrupt_routine > Duration::ZERO, "{kind:?}");
        assert!(longest.interrupt_routine <= limit, "{kind:?}: {longest:?}");
        assert!(
            longest.synchronized_routine <= limit,
            "{kind:?}: {longest:?}"
        );
    }
}
