//! Two devices on one interrupt line.

use emulated_pc::hardware::mpu401::{Mpu401, Mpu401Switches};
use emulated_pc::{
    BugCheck, Config, ConnectionCounts, Device, FunctionalDevice, Hardware, InterruptCounts, Pc,
    Removal, Stop, Trigger, boot,
};
use portcls::status::STATUS_SUCCESS;

use crate::scenario::{Running, mpu401_with, start};
use crate::test_driver::{OTHER_BASE, answer_interrupts, line_is_shared, take_calls};

/// A PC with two devices of the test driver's, the second on the line of the first.
struct Two<'a> {
    first: Running<'a>,
    second: Device,
    second_function: FunctionalDevice,
}

/// A second MPU-401 on the line of a device.
fn beside(device: &Device) -> Hardware {
    let chip = Box::new(Mpu401::new(Mpu401Switches::default()));
    Hardware::at_ports(chip, OTHER_BASE, None).sharing_line_of(device)
}

impl<'a> Two<'a> {
    fn start(pc: &'a Pc, trigger: Trigger) -> Self {
        let first = start(pc, mpu401_with(Mpu401Switches::default(), trigger));
        let second = pc.plug(beside(&first.device));
        let second_function = first.driver.add_device(&second).expect("it is added");
        assert_eq!(second_function.start(), 0, "the second device starts");
        first.wait(1);
        take_calls();
        Self {
            first,
            second,
            second_function,
        }
    }

    fn take_down(self) {
        assert_eq!(self.second_function.remove(), 0);
        self.first.take_down();
    }
}

/// The service routines that have run: "interrupt" for a call, and another for one of the second
/// device that found something.
fn interrupts() -> Vec<String> {
    let calls = take_calls().into_iter();
    calls.filter(|call| call.starts_with("interrupt")).collect()
}

fn with_two<R: Send>(
    trigger: Trigger,
    scenario: impl FnOnce(Two<'_>) -> R + Send,
) -> Result<R, Stop> {
    boot(Config::default(), |pc| scenario(Two::start(pc, trigger)))
}

const CALL: &str = "interrupt @8";
const OF_THE_OTHER: &str = "interrupt of the other @8";

#[test]
fn a_level_line_is_served_up_to_the_first_that_claims() {
    with_two(Trigger::Level, |two| {
        two.first.device.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(interrupts(), [CALL], "the second is not asked");
        two.second.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(interrupts(), [CALL, CALL, OF_THE_OTHER]);
        two.first.device.receive_now(&[0xF8]);
        two.second.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(
            interrupts(),
            [CALL, CALL, CALL, OF_THE_OTHER],
            "the line is still active after the first, and comes again"
        );
        two.take_down();
    })
    .expect("it ends well");
}

#[test]
fn an_edge_line_is_served_until_no_routine_claims() {
    with_two(Trigger::Edge, |two| {
        two.first.device.receive_now(&[0xF8]);
        two.second.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(
            interrupts(),
            [CALL, CALL, OF_THE_OTHER, CALL, CALL],
            "one edge for both, and a pass in which none claims"
        );
        two.second.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(interrupts(), [CALL, CALL, OF_THE_OTHER, CALL, CALL]);
        two.take_down();
    })
    .expect("it ends well");
}

#[test]
fn a_shared_edge_line_that_is_claimed_without_end_stops_the_machine() {
    let stop = with_two(Trigger::Edge, |two| {
        answer_interrupts(Some(STATUS_SUCCESS));
        two.first.device.receive_now(&[0xF8]);
        two.first.wait(1);
    })
    .expect_err("it never ends");
    assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
    assert!(stop.reason.contains("claim without end"), "{stop}");
}

#[test]
fn one_goes_on_while_the_other_is_removed() {
    for surprise in [
        None,
        Some(Removal::HardwareGone),
        Some(Removal::HardwareStillThere),
    ] {
        let served = with_two(Trigger::Level, |two| {
            two.first.device.far_end_send(&[0xFE; 5]);
            two.second.far_end_send(&[0xFE; 20]);
            two.first.wait(3);
            if let Some(removal) = surprise {
                assert_eq!(two.first.function.surprise_remove_as(removal), 0);
            }
            assert_eq!(two.first.function.remove(), 0);
            two.first.wait(5);
            let calls = interrupts();
            two.take_down();
            calls.iter().filter(|call| *call == OF_THE_OTHER).count()
        })
        .unwrap_or_else(|stop| panic!("{surprise:?}: {stop}"));
        assert_eq!(served, 20, "{surprise:?}");
    }
}

fn counts(called: u64, claimed: u64) -> ConnectionCounts {
    ConnectionCounts { called, claimed }
}

#[test]
fn interrupts_are_counted_by_line_and_connection() {
    with_two(Trigger::Level, |two| {
        for _ in 0..2 {
            two.first.device.receive_now(&[0xF8]);
            two.first.wait(1);
        }
        for _ in 0..3 {
            two.second.receive_now(&[0xF8]);
            two.first.wait(1);
        }
        // Each start has raised one before, for the acknowledgement.
        let line = InterruptCounts {
            delivered: 2 + 5,
            claimed: 2 + 5,
            unclaimed: 0,
            connections: vec![counts(2 + 5, 1 + 2), counts(1 + 3, 1 + 3)],
        };
        assert_eq!(two.first.device.interrupts(), line);
        assert_eq!(two.second.interrupts(), line, "it is the same line");

        assert_eq!(two.first.function.stop(), 0);
        assert_eq!(two.first.function.start(), 0);
        two.first.wait(1);
        let called = |at: usize| two.second.interrupts().connections[at].called;
        let before = [called(0), called(1), called(2)];
        two.second.receive_now(&[0xF8]);
        two.first.wait(1);
        assert_eq!(
            [called(0), called(1), called(2)],
            [before[0], before[1] + 1, before[2]],
            "the first has come back behind the second"
        );
        two.take_down();
    })
    .expect("it ends well");
    boot(Config::default(), |pc| {
        let device = pc.plug(Hardware::software());
        assert_eq!(device.interrupts(), InterruptCounts::default());
    })
    .expect("it ends well");
}

/// The driver has silenced nothing, and the other device's routine can't.
#[test]
fn a_removed_device_that_was_left_active_storms_on_the_other() {
    let stop = with_two(Trigger::Level, |two| {
        assert_eq!(two.first.function.remove(), 0);
        two.first.device.receive_now(&[0xF8]);
        two.first.wait(200);
    })
    .expect_err("nothing silences the first chip");
    assert_eq!(stop.bug_check, BugCheck::DpcWatchdogViolation, "{stop}");
    assert!(stop.reason.contains("no service routine claims"), "{stop}");
}

/// Another vendor's device interrupts on the line, and is silenced after a while.
#[test]
fn a_foreign_interrupt_is_not_claimed() {
    boot(Config::default(), |pc| {
        let ours = start(pc, mpu401_with(Mpu401Switches::default(), Trigger::Level));
        let switches = Mpu401Switches {
            left_asserting: true,
            ..Mpu401Switches::default()
        };
        ours.wait(1);
        let at_start = ours.device.interrupts();
        let chip = Box::new(Mpu401::new(switches));
        let foreign =
            pc.plug(Hardware::at_ports(chip, OTHER_BASE, None).sharing_line_of(&ours.device));
        let its_driver = foreign.clone();
        pc.at_call(50, move || {
            let now = emulated_pc::time::Instant::POWER_ON;
            its_driver.with_chip(|chip| chip.power_cycle(now));
        });
        ours.wait(1);
        let of_foreign = ours.device.interrupts();
        assert!(of_foreign.unclaimed > 10, "{of_foreign:?}");
        assert_eq!(of_foreign.claimed, at_start.claimed);
        assert_eq!(
            of_foreign.delivered,
            of_foreign.claimed + of_foreign.unclaimed
        );
        ours.device.receive_now(&[0xF8]);
        ours.wait(1);
        let all = ours.device.interrupts();
        assert_eq!(
            (all.claimed, all.unclaimed),
            (of_foreign.claimed + 1, of_foreign.unclaimed)
        );
        ours.take_down();
    })
    .expect("it ends well");
}

#[test]
fn resources_say_whether_a_line_is_shared() {
    for trigger in [Trigger::Level, Trigger::Edge] {
        let shared = boot(Config::default(), |pc| {
            let alone = start(pc, mpu401_with(Mpu401Switches::default(), trigger));
            let before = line_is_shared();
            let second = pc.plug(beside(&alone.device));
            let second_function = alone.driver.add_device(&second).expect("it is added");
            assert_eq!(second_function.start(), 0);
            let of_second = line_is_shared();
            assert_eq!(alone.function.stop(), 0);
            assert_eq!(alone.function.start(), 0);
            let of_first = line_is_shared();
            assert_eq!(second_function.remove(), 0);
            alone.take_down();
            [before, of_first, of_second]
        });
        assert_eq!(shared, Ok([trigger == Trigger::Level, true, true]));
    }
}
