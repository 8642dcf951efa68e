//! Interrupt lines that are active when nobody expects it, alone and shared: the system goes on.
//!
//! The emulated PC stops when interrupts follow on each other for 100 ms; where nothing is asserted about that here, it
//! is asserted by surviving.

use std::time::Duration;

use emulated_pc::hardware::chip::Condition;
use emulated_pc::{Device, Filter, FunctionalDevice, Pc, Removal};
use midiuart::filter::REFERENCE_STRING;
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::music::{assert_same, joined, notes, sysex};
use crate::stage::{
    CHIPS, Client, Opens, Plan, Stage, Uart, counter, ms, over, pairs, run_with, seeded,
};

const SEEDS: u64 = 3;
const TRIGGERS: [bool; 2] = [false, true];

fn plan(uart: Uart, quirks: &[&str], edge: bool) -> Plan {
    let plan = Plan::with_quirks(uart, quirks);
    if edge { plan.edge_triggered() } else { plan }
}

/// The device carries bytes both ways, by interrupts.
fn works(stage: &Stage, filter: &Filter) {
    stage.wire();
    let output = Client::Wdmaud.output(filter);
    let input = Client::Wdmaud.input(filter);
    let song = sysex(300);
    output.send(&song);
    let heard = stage.far_end_plays(&joined(&notes(50)), &input);
    assert_same(&heard, &joined(&notes(50)), "what came in");
    stage.finish(&output);
    assert_same(&stage.wire(), &song, "the wire");
    output.close();
    input.close();
}

#[test]
fn a_chip_that_was_left_interrupting_starts_and_works() {
    over(SEEDS, pairs(CHIPS, TRIGGERS), |pc, (uart, edge), _| {
        let stage = plan(uart, &["left-asserting"], edge).start(pc);
        let filter = stage.filter();
        works(&stage, &filter);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn bytes_that_come_in_at_any_moment_of_the_start_of_such_a_chip_raise_no_storm() {
    for uart in CHIPS {
        at_every_call(|call| {
            run_with(seeded(call), |pc| {
                let stage = plan(uart, &["left-asserting"], false).add(pc);
                let reached = with_bytes_at(pc, &stage.device, call, || {
                    assert_eq!(stage.function.start(), STATUS_SUCCESS, "{uart:?}");
                });
                if reached {
                    let filter = stage.filter();
                    works(&stage, &filter);
                }
                stage.take_down();
                reached
            })
        });
    }
}

/// Does something for each call of the kernel, or access to a register, that is made in it, until it returns that
/// there is no such call.
fn at_every_call(run: impl Fn(u64) -> bool) {
    let mut call = 1;
    while run(call) {
        call += 1;
    }
    assert!(call > 5, "{call} moments only");
}

/// Does something, and has bytes arrive at a chip at the `call`-th moment of it; returns whether there was one.
fn with_bytes_at(pc: &Pc, device: &Device, call: u64, work: impl FnOnce()) -> bool {
    let device = device.clone();
    let before = pc.calls();
    pc.at_call(call, move || device.receive_now(&[0x90, 0x40, 0x7F]));
    work();
    pc.calls() - before >= call
}

/// A second card on the line of the first, by another instance of the device.
struct Neighbour {
    device: Device,
    function: FunctionalDevice,
}

impl Neighbour {
    fn of(pc: &Pc, stage: &Stage, uart: Uart) -> Self {
        let device = Plan::new(uart).plug_on_line_of(pc, &stage.device);
        let function = stage.driver.add_device(&device).expect("it is added");
        assert_eq!(function.start(), STATUS_SUCCESS);
        Self { device, function }
    }

    fn filter(&self) -> Filter {
        let filter = self.function.open_filter(REFERENCE_STRING);
        filter.expect("the filter opens")
    }

    /// What it receives reaches the client.
    fn hears(&self, pc: &Pc) {
        let filter = self.filter();
        let input = Client::Wdmaud.input(&filter);
        self.device.far_end_send(&[0x90, 0x40, 0x7F]);
        pc.run_for(ms(60));
        assert_eq!(input.take(), [0x90, 0x40, 0x7F], "the neighbour");
        input.close();
    }
}

#[test]
fn cards_that_share_a_line_claim_their_own_interrupts_only() {
    over(SEEDS, pairs(CHIPS, CHIPS), |pc, (uart, other), _| {
        let stage = Plan::new(uart).start(pc);
        let neighbour = Neighbour::of(pc, &stage, other);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        let song = joined(&notes(100));
        stage.device.far_end_send(&song);
        pc.run_for(ms(150));
        assert_same(&input.take(), &song, "what came in");
        assert_eq!(counter(&filter, "causeless_interrupts"), 0);
        let neighbours = neighbour.filter();
        assert_eq!(counter(&neighbours, "interrupts"), 0);
        neighbour.hears(pc);
        assert!(counter(&neighbours, "interrupts") > 0);
        assert!(counter(&filter, "foreign_interrupts") > 0);
        input.close();
        drop((filter, neighbours));
        assert_eq!(neighbour.function.remove(), STATUS_SUCCESS);
        stage.take_down();
    });
}

/// How a device goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Going {
    Surprise,
    Remove,
    Stop,
    Sleep,
}

impl Going {
    fn go(self, function: &FunctionalDevice) {
        let status = match self {
            Self::Surprise => function.surprise_remove_as(Removal::HardwareStillThere),
            Self::Remove => function.remove(),
            Self::Stop => function.stop(),
            Self::Sleep => function.set_power(POWER_DEVICE_D3),
        };
        assert_eq!(status, STATUS_SUCCESS, "{self:?}");
    }
}

/// A device goes while bytes arrive at its chip at the `call`-th moment of that, and after it; a neighbour
/// on its line goes on. Returns whether there was such a moment.
fn goes_with_bytes_coming_in(uart: Uart, going: Going, is_shared: bool, call: u64) -> bool {
    run_with(seeded(call), |pc| {
        let stage = Plan::new(uart).start(pc);
        let neighbour = is_shared.then(|| Neighbour::of(pc, &stage, Uart::Ns16550));
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        pc.run_for(ms(20));
        let reached = with_bytes_at(pc, &stage.device, call, || going.go(&stage.function));
        // The hardware is there still, and its cable, too.
        stage.device.receive_now(&[0xF8]);
        pc.run_for(ms(30));
        if let Some(neighbour) = neighbour {
            neighbour.hears(pc);
            assert_eq!(neighbour.function.remove(), STATUS_SUCCESS);
        }
        input.close();
        drop(filter);
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        stage.unload();
        reached
    })
}

fn goes_at_every_moment(going: Going) {
    for uart in CHIPS {
        for is_shared in [false, true] {
            at_every_call(|call| goes_with_bytes_coming_in(uart, going, is_shared, call));
        }
    }
}

#[test]
fn a_surprise_removal_with_hardware_that_is_still_there_raises_no_storm() {
    goes_at_every_moment(Going::Surprise);
}

#[test]
fn a_removal_raises_no_storm() {
    goes_at_every_moment(Going::Remove);
}

#[test]
fn a_stop_raises_no_storm() {
    goes_at_every_moment(Going::Stop);
}

#[test]
fn going_to_sleep_raises_no_storm() {
    goes_at_every_moment(Going::Sleep);
}

#[test]
fn bytes_that_come_in_at_any_moment_of_waking_raise_no_storm() {
    for uart in CHIPS {
        at_every_call(|call| {
            run_with(seeded(call), |pc| {
                let stage = Plan::new(uart).start(pc);
                let filter = stage.filter();
                let input = Client::Wdmaud.input(&filter);
                assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
                let reached = with_bytes_at(pc, &stage.device, call, || {
                    assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
                });
                pc.run_for(ms(50));
                // Part of what came in may be older than the music; from here on nothing is.
                let _ = input.take();
                let heard = [0x91, 0x41, 0x7E];
                assert_eq!(stage.far_end_plays(&heard, &input), heard);
                input.close();
                drop(filter);
                stage.take_down();
                reached
            })
        });
    }
}

#[test]
fn a_card_whose_registers_are_gone_leaves_the_interrupts_of_its_neighbour_alone() {
    over(SEEDS, pairs(CHIPS, [0x00, 0xFF]), |pc, (uart, reads), _| {
        let stage = Plan::new(uart).start(pc);
        let neighbour = Neighbour::of(pc, &stage, Uart::Ns16550);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        stage.device.set_condition(if reads == 0 {
            Condition::ReadsZero
        } else {
            Condition::Gone
        });
        output.send(&sysex(3000));
        pc.run_for(ms(1500));
        assert_eq!(output.pin().set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(
            output.pin().set_state(KSSTATE_RUN),
            STATUS_INVALID_DEVICE_STATE
        );
        let before = counter(&filter, "interrupts");
        neighbour.hears(pc);
        neighbour.hears(pc);
        assert_eq!(counter(&filter, "interrupts"), before, "claimed");
        output.abandon();
        drop(filter);
        assert_eq!(neighbour.function.remove(), STATUS_SUCCESS);
        stage.take_down();
    });
}

#[test]
fn an_edge_that_was_latched_while_the_routine_drained_is_not_another_devices() {
    over(SEEDS, CHIPS, |pc, uart, _| {
        let stage = Plan::new(uart).edge_triggered().start(pc);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        let output = Client::Wdmaud.output(&filter);
        for _ in 0..20 {
            let device = stage.device.clone();
            // In the middle of the interrupt routine, which takes both bytes then.
            stage.device.receive_now(&[0x90]);
            pc.at_call(4, move || device.receive_now(&[0x40]));
            pc.run_for(Duration::from_millis(5));
        }
        output.send(&sysex(2000));
        stage.finish(&output);
        assert_eq!(counter(&filter, "foreign_interrupts"), 0, "{uart:?}");
        let empty = stage.device.interrupts().unclaimed;
        let causeless = u64::from(counter(&filter, "causeless_interrupts"));
        assert_eq!(causeless, empty, "{uart:?}");
        input.close();
        output.close();
        drop(filter);
        stage.take_down();
    });
}
