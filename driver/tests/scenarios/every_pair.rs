//! Every request beside every other, from every state: afterwards the device is gone, or works both ways.
//!
//! All of it takes minutes, so that one pair in seven is made unless `MIDIUART_ALL_PAIRS` is set:
//! `MIDIUART_ALL_PAIRS=1 cargo test --release -p midiuart --test scenarios every_pair`.

use std::cell::{Cell, RefCell};

use emulated_pc::beside::{explore, race};
use emulated_pc::hardware::chip::Condition;
use emulated_pc::{FunctionalDevice, Pc, Pin, Removal, boot};
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use portcls::types::NTSTATUS;

use crate::stage::{CHIPS, FailedCase, Plan, Stage, UARTS, Uart, counter, seeded, write};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Sleep,
    Wake,
    Nap,
    Remove,
    Surprise,
    Gone,
    Stop,
    Run(usize),
    Pause(usize),
    Halt(usize),
    Close(usize),
    Open(usize),
    Write,
}

use Request::{
    Close, Gone, Halt, Nap, Open, Pause, Remove, Run, Sleep, Stop, Surprise, Wake, Write,
};

const REQUESTS: [Request; 18] = [
    Sleep,
    Wake,
    Nap,
    Remove,
    Surprise,
    Gone,
    Stop,
    Run(0),
    Run(1),
    Pause(0),
    Pause(1),
    Halt(0),
    Halt(1),
    Close(0),
    Close(1),
    Open(0),
    Open(1),
    Write,
];

type Pins = [RefCell<Option<Pin>>; 2];

thread_local! {
    /// Bytes that the driver has accepted.
    static ACCEPTED: Cell<usize> = const { Cell::new(0) };
}

/// Writes, and counts what was accepted.
fn put(pc: &Pc, pin: &Pin, bytes: &[u8]) -> (NTSTATUS, usize) {
    let outcome = write(pc, pin, bytes);
    assert!(outcome.1 == 0 || outcome.0 == STATUS_SUCCESS);
    ACCEPTED.set(ACCEPTED.get() + outcome.1);
    outcome
}
const IDS: [u32; 2] = [RENDER_PIN, CAPTURE_PIN];

impl Request {
    fn is_going(self) -> bool {
        matches!(self, Remove | Surprise | Gone | Stop)
    }

    fn make(self, function: &FunctionalDevice, stage: &Stage, pins: &Pins) {
        let bring = |pin: usize, to| {
            // The pin is taken out meanwhile: what closes it beside this finds none.
            let taken = pins[pin].borrow_mut().take();
            if let Some(taken) = taken {
                let _ = taken.set_state(to);
                *pins[pin].borrow_mut() = Some(taken);
            }
        };
        match self {
            Sleep => drop(function.set_power(POWER_DEVICE_D3)),
            Wake => drop(function.set_power(POWER_DEVICE_D0)),
            Nap => {
                let _ = function.set_power(POWER_DEVICE_D3);
                let _ = function.set_power(POWER_DEVICE_D0);
            }
            Remove => drop(function.remove()),
            Surprise => drop(function.surprise_remove_as(Removal::HardwareStillThere)),
            Gone => drop(function.surprise_remove()),
            Stop => drop(function.stop()),
            Run(pin) => bring(pin, KSSTATE_RUN),
            Pause(pin) => bring(pin, KSSTATE_PAUSE),
            Halt(pin) => bring(pin, KSSTATE_STOP),
            Write => {
                for _ in 0..3 {
                    let taken = pins[0].borrow_mut().take();
                    if let Some(taken) = taken {
                        put(stage.pc, &taken, &[0x91, 7, 8, 9]);
                        *pins[0].borrow_mut() = Some(taken);
                    }
                }
            }
            Close(pin) => {
                let taken = pins[pin].borrow_mut().take();
                drop(taken);
            }
            Open(pin) => {
                if pins[pin].borrow().is_none()
                    && let Ok(filter) = function.open_filter(midiuart::filter::REFERENCE_STRING)
                {
                    let opened = filter.open_pin(IDS[pin]).ok();
                    let _ = stage;
                    *pins[pin].borrow_mut() = opened;
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Playing,
    Acquired,
    Asleep,
    AsleepIdle,
    Dead,
    Closed,
}

fn prepare(pc: &Pc, stage: &Stage, pins: &Pins, before: Before) {
    let all = |state| {
        for pin in pins {
            if let Some(pin) = &*pin.borrow() {
                assert_eq!(pin.set_state(state), STATUS_SUCCESS);
            }
        }
    };
    let write = |bytes: &[u8]| put(pc, pins[0].borrow().as_ref().expect("it is open"), bytes);
    match before {
        Before::Closed => {
            for pin in pins {
                pin.borrow_mut().take();
            }
        }
        Before::Acquired => all(KSSTATE_ACQUIRE),
        Before::Playing => {
            all(KSSTATE_RUN);
            write(&[0x90; 40]);
            stage.device.far_end_send(&[0xF8; 100]);
            stage.wait(1);
        }
        Before::Asleep => {
            all(KSSTATE_RUN);
            assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        }
        Before::AsleepIdle => {
            assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        }
        Before::Dead => {
            all(KSSTATE_RUN);
            stage.device.set_condition(Condition::Dead);
            write(&[0x90; 40]);
            stage.wait(600);
            assert_eq!(write(&[0xF8]).0, STATUS_IO_DEVICE_ERROR);
            stage.device.set_condition(Condition::Healthy);
            all(KSSTATE_PAUSE);
        }
    }
}

fn works(stage: &Stage, uart: Uart, pins: &Pins, what: &str) {
    assert_eq!(
        stage.function.set_power(POWER_DEVICE_D0),
        STATUS_SUCCESS,
        "{what}"
    );
    for pin in 0..2 {
        Open(pin).make(&stage.function, stage, pins);
        let pin = pins[pin].borrow();
        let pin = pin
            .as_ref()
            .unwrap_or_else(|| panic!("{what}: the pin does not open"));
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS, "{what}");
    }
    stage.wait(200);
    stage.wire();
    let [output, input] = [pins[0].borrow(), pins[1].borrow()];
    let [output, input] = [
        output.as_ref().expect("open"),
        input.as_ref().expect("open"),
    ];
    let read = input.statistics().bytes_read;
    let written = put(stage.pc, output, &[0x90, 1, 2]);
    assert_eq!(written, (STATUS_SUCCESS, 3), "{what}");
    stage.device.far_end_send(&[0x90, 4, 5]);
    stage.wait(100);
    if uart != Uart::Software {
        assert_eq!(stage.wire(), [0x90, 1, 2], "{what}");
    }
    assert_eq!(input.statistics().bytes_read - read, 3, "{what}: deaf");
}

fn is_gone(stage: &Stage, pins: &Pins, what: &str) {
    let accesses = stage.device.register_accesses();
    for pin in 0..2 {
        Run(pin).make(&stage.function, stage, pins);
    }
    if let Some(output) = &*pins[0].borrow() {
        let (status, taken) = put(stage.pc, output, &[0xF8]);
        assert!(status < 0 && taken == 0, "{what}: {status:#X}");
    }
    for pin in 0..2 {
        Close(pin).make(&stage.function, stage, pins);
    }
    stage.wait(1000);
    assert_eq!(stage.device.register_accesses(), accesses, "{what}");
    assert_eq!(stage.pc.next_event(), None, "{what}: a timer is left");
}

fn beside(uart: Uart, line: Line, before: Before, first: Request, second: Request) {
    let what = format!("{uart:?}, {line:?}, {before:?}: {first:?} beside {second:?}");
    explore(|point| {
        let _announce = FailedCase(&what);
        boot(seeded(1), |pc| {
            ACCEPTED.set(0);
            let stage = line.plan(uart).start(pc);
            let filter = stage.filter();
            let pins: Pins = IDS.map(|id| RefCell::new(Some(filter.open_pin(id).expect("opens"))));
            prepare(pc, &stage, &pins, before);
            let reached = race(
                pc,
                point,
                ("first", || first.make(&stage.function, &stage, &pins)),
                ("second", || second.make(&stage.function, &stage, &pins)),
            );
            stage.wait(50);
            if first.is_going() || second.is_going() {
                is_gone(&stage, &pins, &what);
            } else {
                works(&stage, uart, &pins, &what);
            }
            drop(pins);
            assert_eq!(stage.function.remove(), STATUS_SUCCESS);
            let accounted = counter(&filter, "bytes_sent") + counter(&filter, "bytes_discarded");
            assert_eq!(
                accounted as usize,
                ACCEPTED.get(),
                "{what}: accepted and lost"
            );
            drop(filter);
            stage.unload();
            reached
        })
    });
}

/// Has every pair be made.
const ALL_PAIRS: &str = "MIDIUART_ALL_PAIRS";
/// Otherwise one in so many; no divisor of the number of requests, so that each meets others.
const USUAL_SHARE: usize = 7;

/// How the chip interrupts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Level,
    Edge,
    None,
}

impl Line {
    fn plan(self, uart: Uart) -> Plan {
        match self {
            Self::Level => Plan::new(uart),
            Self::Edge => Plan::new(uart).edge_triggered(),
            Self::None => Plan::with_quirks(uart, &["no-interrupt"]),
        }
    }
}

fn all(before: Before, line: Line) {
    let uarts = if before == Before::Dead || line != Line::Level {
        &CHIPS[..]
    } else {
        &UARTS[..]
    };
    let share = if std::env::var_os(ALL_PAIRS).is_some() {
        1
    } else {
        USUAL_SHARE
    };
    let mut number = before as usize;
    for &uart in uarts {
        for first in REQUESTS {
            for second in REQUESTS {
                number += 1;
                if !number.is_multiple_of(share) {
                    continue;
                }
                // One pin is one caller's.
                let same_pin = |one, other| match (one, other) {
                    (
                        Run(a) | Pause(a) | Halt(a) | Close(a) | Open(a),
                        Run(b) | Pause(b) | Halt(b) | Close(b) | Open(b),
                    ) => a == b,
                    (Write, Run(0) | Pause(0) | Halt(0) | Close(0) | Open(0) | Write)
                    | (Run(0) | Pause(0) | Halt(0) | Close(0) | Open(0), Write) => true,
                    _ => false,
                };
                if !same_pin(first, second) {
                    beside(uart, line, before, first, second);
                }
            }
        }
    }
}

#[test]
fn all_beside_all_while_playing() {
    all(Before::Playing, Line::Level);
}

#[test]
fn all_beside_all_acquired() {
    all(Before::Acquired, Line::Level);
}

#[test]
fn all_beside_all_asleep() {
    all(Before::Asleep, Line::Level);
}

#[test]
fn all_beside_all_asleep_and_idle() {
    all(Before::AsleepIdle, Line::Level);
}

#[test]
fn all_beside_all_dead() {
    all(Before::Dead, Line::Level);
}

#[test]
fn all_beside_all_closed() {
    all(Before::Closed, Line::Level);
}

#[test]
fn all_beside_all_while_playing_by_edges() {
    all(Before::Playing, Line::Edge);
}

#[test]
fn all_beside_all_asleep_by_edges() {
    all(Before::Asleep, Line::Edge);
}

#[test]
fn all_beside_all_while_playing_without_interrupt() {
    all(Before::Playing, Line::None);
}

#[test]
fn all_beside_all_dead_without_interrupt() {
    all(Before::Dead, Line::None);
}
