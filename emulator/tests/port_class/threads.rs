//! Kernel threads: who runs when, and what becomes of those that don't get on.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use emulated_pc::beside::{Hold, Point, explore, race};
use emulated_pc::ntddk::{
    KSPIN_LOCK, KeAcquireSpinLockRaiseToDpc, KeDelayExecutionThread, KeGetCurrentIrql,
    KeQueryInterruptTimePrecise, KeReleaseSpinLock, KeStallExecutionProcessor, LARGE_INTEGER,
};
use emulated_pc::{BugCheck, Config, Pc, Stop, Thread, boot};
use portcls::types::POWER_DEVICE_D3;

use crate::scenario::{run, run_mpu401, stop_of};
use crate::test_driver::on;

/// Has the thread sleep, as drivers do.
pub fn delay(milliseconds: i64) {
    let mut interval = LARGE_INTEGER {
        QuadPart: -10_000 * milliseconds,
    };
    // SAFETY: this is on an emulated PC; the interval can be read.
    unsafe { KeDelayExecutionThread(0, 0, &raw mut interval) };
}

/// Calls the kernel.
fn call_kernel() {
    let mut stamp = 0;
    // SAFETY: this is on an emulated PC; the stamp can be written to.
    unsafe { KeQueryInterruptTimePrecise(&raw mut stamp) };
}

fn stall(microseconds: u32) {
    // SAFETY: this is on an emulated PC.
    unsafe { KeStallExecutionProcessor(microseconds) };
}

fn irql() -> u8 {
    // SAFETY: this is on an emulated PC.
    unsafe { KeGetCurrentIrql() }
}

fn with_seed(seed: u64) -> Config {
    Config {
        seed,
        ..Config::default()
    }
}

/// Runs on a PC without a driver, which ends well.
fn on_pc<R: Send>(seed: u64, scenario: impl FnOnce(&Pc) -> R + Send) -> R {
    boot(with_seed(seed), scenario).unwrap_or_else(|stop| panic!("{stop}"))
}

/// What a panic said.
pub fn words_of(panics: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(panics)).expect_err("it is to panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

/// The order in which two threads run that always wake up together.
fn order(seed: u64) -> String {
    on_pc(seed, |pc| {
        let order = RefCell::new(String::new());
        pc.scope(|scope| {
            for name in ["a", "b"] {
                let order = &order;
                scope.spawn(name, move || {
                    for _ in 0..20 {
                        order.borrow_mut().push_str(name);
                        pc.run_for(Duration::from_millis(1));
                    }
                });
            }
        });
        order.into_inner()
    })
}

#[test]
fn the_seed_decides_which_thread_goes_on() {
    let orders: Vec<String> = (0..8).map(order).collect();
    for (seed, first) in (0..).zip(&orders) {
        assert_eq!(first.len(), 40);
        assert_eq!(first.matches('a').count(), 20);
        assert_eq!(*first, order(seed), "seed {seed}");
    }
    for start in ["ab", "ba"] {
        assert!(
            orders.iter().any(|order| order.starts_with(start)),
            "{orders:?}"
        );
    }
}

#[test]
fn a_thread_begins_when_the_scenario_waits() {
    on_pc(1, |pc| {
        let begun = Rc::new(Cell::new(false));
        let thread = pc.spawn("a", {
            let begun = Rc::clone(&begun);
            move || begun.set(true)
        });
        call_kernel();
        assert!(!begun.get() && !thread.is_finished());
        pc.run_for(Duration::from_nanos(1));
        assert!(begun.get() && thread.is_finished());
        pc.join(&thread);
    });
}

#[test]
fn time_goes_on_when_all_threads_sleep() {
    on_pc(1, |pc| {
        let woken = RefCell::new(Vec::new());
        pc.scope(|scope| {
            for milliseconds in [5, 3, 7] {
                let woken = &woken;
                scope.spawn("sleeper", move || {
                    pc.run_for(Duration::from_millis(milliseconds));
                    woken.borrow_mut().push(pc.now().as_nanos());
                });
            }
        });
        assert_eq!(woken.into_inner(), [3_000_000, 5_000_000, 7_000_000]);
        assert_eq!(pc.now().as_nanos(), 7_000_000);
    });
}

#[test]
fn a_condition_is_looked_at_when_another_thread_has_run() {
    let scenario = |pc: &Pc| {
        let flag = Cell::new(false);
        pc.scope(|scope| {
            scope.spawn("setter", || {
                pc.run_for(Duration::from_micros(3));
                flag.set(true);
                pc.run_for(Duration::from_micros(7));
            });
            assert!(pc.run_while_not(Duration::from_secs(1), || flag.get()));
            assert_eq!(pc.now().as_nanos(), 3_000);
        });
        assert!(!pc.run_while_not(Duration::from_millis(1), || false));
        assert_eq!(pc.now().as_nanos(), 1_010_000);
    };
    // Whichever of the two goes on first at 3 us.
    for seed in 0..8 {
        on_pc(seed, scenario);
    }
}

#[test]
fn a_busy_thread_is_interrupted_by_one_that_is_ready() {
    on_pc(1, |pc| {
        let other_ran_at = Cell::new(0);
        pc.scope(|scope| {
            let busy = scope.spawn("busy", || {
                for _ in 0..4000 {
                    stall(10);
                }
            });
            let start = Point {
                number: 0,
                hold: Hold::UntilWait,
            };
            busy.preempt_at(start);
            let body = || {
                pc.run_for(Duration::from_micros(1));
                other_ran_at.set(pc.now().as_nanos());
            };
            scope.spawn_at_point_of(&busy, "other", body);
        });
        let at = other_ran_at.get();
        assert!((31_250_000..31_300_000).contains(&at), "{at} ns");
    });
}

// --- points ---------------------------------------------------------------------------------------

/// Passes 8 points, and some places where no other thread may run.
fn pass_points(pc: &Pc, inside: &Cell<bool>) {
    let mut lock: KSPIN_LOCK = 0;
    for _ in 0..2 {
        // One point: before the call raises the IRQL.
        // SAFETY: the lock outlives the calls.
        let old = unsafe { KeAcquireSpinLockRaiseToDpc(&raw mut lock) };
        inside.set(true);
        call_kernel();
        stall(20);
        inside.set(false);
        // One point: behind it.
        // SAFETY: as above.
        unsafe { KeReleaseSpinLock(&raw mut lock, old) };
    }
    // Two points: the call is one of the driver's.
    pc.at_dispatch(|| {
        inside.set(true);
        call_kernel();
        inside.set(false);
    });
    call_kernel();
    call_kernel();
}

#[test]
fn a_thread_is_not_preempted_at_raised_irql_or_under_a_spin_lock() {
    let starts = Cell::new(0_u32);
    let tried = explore(|point| {
        starts.set(starts.get() + 1);
        boot(Config::default(), |pc| {
            let inside = Cell::new(false);
            race(
                pc,
                point,
                ("careful", || pass_points(pc, &inside)),
                ("other", || {
                    assert!(!inside.get(), "at {point}");
                    assert_eq!(irql(), 0);
                }),
            )
        })
    });
    // Each with both kinds of hold.
    assert_eq!(tried, 2 * 6);
    assert_eq!(starts.get(), 2 * 6 + 1);
}

#[test]
fn a_preempted_thread_stays_off_as_long_as_its_point_says() {
    let trace = |hold| {
        on_pc(1, |pc| {
            let trace = RefCell::new(Vec::new());
            let point = Point { number: 1, hold };
            let reached = race(
                pc,
                point,
                ("first", || {
                    for step in 0..3 {
                        call_kernel();
                        trace.borrow_mut().push(format!("first {step}"));
                    }
                }),
                ("second", || {
                    trace.borrow_mut().push("second begins".to_owned());
                    pc.run_for(Duration::from_millis(1));
                    trace.borrow_mut().push("second ends".to_owned());
                }),
            );
            assert!(reached);
            trace.into_inner()
        })
    };
    let until_wait = [
        "first 0",
        "second begins",
        "first 1",
        "first 2",
        "second ends",
    ];
    assert_eq!(trace(Hold::UntilWait), until_wait);
    let until_end = [
        "first 0",
        "second begins",
        "second ends",
        "first 1",
        "first 2",
    ];
    assert_eq!(trace(Hold::UntilEnd), until_end);
}

#[test]
fn a_thread_is_held_off_no_longer_than_until_another_ends() {
    on_pc(1, |pc| {
        let went_on_at = Cell::new(0);
        pc.scope(|scope| {
            scope.spawn("sleeper", || pc.run_for(Duration::from_millis(500)));
            let point = Point {
                number: 0,
                hold: Hold::UntilEnd,
            };
            let first = || {
                call_kernel();
                went_on_at.set(pc.now().as_nanos());
            };
            race(
                pc,
                point,
                ("first", first),
                ("second", || {
                    pc.run_for(Duration::from_millis(1));
                }),
            );
        });
        assert_eq!(went_on_at.get() / 1_000_000, 1);
    });
}

#[test]
fn a_thread_is_not_held_off_for_ever() {
    on_pc(1, |pc| {
        let done = Cell::new(false);
        let point = Point {
            number: 0,
            hold: Hold::UntilEnd,
        };
        let first = ("first", || {
            call_kernel();
            done.set(true);
        });
        let second = ("second", || {
            while !done.get() {
                delay(1);
            }
        });
        assert!(race(pc, point, first, second));
        let seconds = pc.now().as_nanos() / 1_000_000_000;
        assert_eq!(seconds, 1);
    });
}

#[test]
fn points_are_named_so_that_they_can_be_repeated() {
    for hold in [Hold::UntilWait, Hold::UntilEnd] {
        let point = Point { number: 17, hold };
        assert_eq!(point.to_string().parse(), Ok(point));
    }
    assert!("17".parse::<Point>().is_err());
    let words = words_of(|| {
        explore(|point| {
            boot(with_seed(4), |pc| {
                let first = ("first", || {
                    call_kernel();
                    call_kernel();
                });
                let second = ("second", || {
                    assert!(point.number == 0, "a fault at {}", point.number);
                });
                race(pc, point, first, second)
            })
        });
    });
    assert_eq!(
        words,
        "at point 1-wait, seed 4: a fault at 1\nEMULATED_PC_POINT=1-wait repeats it"
    );
}

// --- what goes wrong ------------------------------------------------------------------------------

#[test]
fn threads_that_wait_for_each_other_stop_the_machine() {
    let ended = boot(Config::default(), |pc| {
        let second: Rc<RefCell<Option<Thread>>> = Rc::default();
        let first = pc.spawn("hen", {
            let (pc, second) = (pc.clone(), Rc::clone(&second));
            move || {
                pc.run_for(Duration::from_millis(1));
                pc.join(&second.borrow().clone().expect("it was started"));
            }
        });
        let egg = pc.spawn("egg", {
            let (pc, first) = (pc.clone(), first.clone());
            move || pc.join(&first)
        });
        second.replace(Some(egg));
        pc.join(&first);
    });
    let stop = ended.expect_err("the machine is to stop");
    assert_eq!(stop.bug_check, BugCheck::ThreadStuckInDeviceDriver);
    assert_eq!(
        stop.reason,
        "a deadlock: no thread can go on (the scenario waits for the end of \"hen\"; thread \"hen\" \
         waits for the end of \"egg\"; thread \"egg\" waits for the end of \"hen\")"
    );
}

#[test]
fn a_driver_that_polls_without_end_stops_the_machine() {
    let stop = stop_of(crate::scenario::mpu401, |running| {
        on("PowerChangeState 4", || {
            loop {
                delay(1);
            }
        });
        running.pc.scope(|scope| {
            scope.spawn("power", || {
                let _ = running.function.set_power(POWER_DEVICE_D3);
            });
        });
    });
    assert_eq!(stop.bug_check, BugCheck::ThreadStuckInDeviceDriver);
    let what = "for 60s \"power\" has not come out of the driver (the scenario waits for the end of \
                \"power\"; thread \"power\" ";
    assert!(stop.reason.starts_with(what), "{stop}");
    assert_eq!(stop.at.as_nanos() / 1_000_000_000, 60, "{stop}");
}

#[test]
fn a_thread_that_never_ends_stops_the_machine() {
    let ended = boot(Config::default(), |pc| {
        pc.scope(|scope| {
            scope.spawn("endless", || {
                loop {
                    pc.run_for(Duration::from_millis(1));
                }
            });
        });
    });
    let stop: Stop = ended.expect_err("the machine is to stop");
    let what = "for 60s \"the scenario\" waits for the end of \"endless\"";
    assert!(stop.reason.starts_with(what), "{stop}");
}

#[test]
fn a_panic_of_a_thread_ends_the_run() {
    let words = words_of(|| {
        on_pc(1, |pc| {
            pc.scope(|scope| {
                scope.spawn("failing", || panic!("an assertion of a scenario"));
                scope.spawn("other", || pc.run_for(Duration::from_millis(1)));
            });
        });
    });
    assert_eq!(words, "an assertion of a scenario");
}

#[test]
fn a_panic_of_a_thread_leaves_those_in_the_driver_alone() {
    let words = words_of(|| {
        run_mpu401(1, |running| {
            on("PowerChangeState 4", || delay(1000));
            running.pc.spawn("failing", {
                let pc = running.pc.clone();
                move || {
                    pc.run_for(Duration::from_millis(1));
                    panic!("another assertion");
                }
            });
            let _ = running.function.set_power(POWER_DEVICE_D3);
        });
    });
    assert_eq!(words, "another assertion");
}

#[test]
fn a_panic_of_the_scenario_leaves_threads_alone() {
    let words = words_of(|| {
        run_mpu401(1, |running| {
            on("PowerChangeState 4", || delay(1000));
            running.pc.scope(|scope| {
                scope.spawn("power", || {
                    let _ = running.function.set_power(POWER_DEVICE_D3);
                });
                running.wait(1);
                panic!("the scenario fails");
            });
        });
    });
    assert_eq!(words, "the scenario fails");
}

#[test]
fn a_scenario_does_not_end_before_its_threads() {
    let words = words_of(|| {
        on_pc(1, |pc| {
            for name in ["late", "later"] {
                let other = pc.clone();
                pc.spawn(name, move || other.run_for(Duration::from_secs(1)));
            }
            pc.run_for(Duration::from_millis(1));
        });
    });
    assert_eq!(
        words,
        r#"the scenario has ended before these threads have: ["late", "later"]"#
    );
}

// --- time -----------------------------------------------------------------------------------------

#[test]
fn times_at_raised_irql_are_those_of_each_thread() {
    let work = || {
        let mut lock: KSPIN_LOCK = 0;
        for _ in 0..5 {
            // SAFETY: the lock outlives the calls.
            let old = unsafe { KeAcquireSpinLockRaiseToDpc(&raw mut lock) };
            stall(40);
            // SAFETY: as above.
            unsafe { KeReleaseSpinLock(&raw mut lock, old) };
            call_kernel();
        }
    };
    let alone = on_pc(1, |pc| {
        work();
        pc.longest_times()
    });
    assert!(alone.spin_lock >= Duration::from_micros(40));
    explore(|point| {
        boot(Config::default(), |pc| {
            let reached = race(
                pc,
                point,
                ("one", work),
                ("other", || {
                    work();
                    pc.run_for(Duration::from_millis(100));
                    work();
                }),
            );
            assert_eq!(pc.longest_times(), alone, "at {point}");
            reached
        })
    });
}

#[test]
fn scenarios_without_threads_are_as_they_were() {
    // The seed's choice of threads takes no number away from the latencies.
    let trace = |threads: bool| {
        run(|running| {
            let pc = running.pc;
            if threads {
                pc.scope(|scope| {
                    scope.spawn("nothing", || {});
                    scope.spawn("nothing, too", || {});
                });
            }
            let filter = running.filter();
            let pin = filter.open_pin(0).expect("the pin opens");
            assert_eq!(pin.set_state(3), 0);
            pin.submit_write(&[0, 0, 0, 0, 1, 0, 0, 0, 0xF8, 0, 0, 0], Duration::ZERO);
            running.wait(5);
            drop((pin, filter));
            running.take_down();
            crate::test_driver::take_trace()
        })
    };
    assert_eq!(trace(false), trace(true));
}
