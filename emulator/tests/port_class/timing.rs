//! The clock's tick, and what waits for it.

use std::cell::RefCell;
use std::ptr::null_mut;
use std::time::Duration;

use emulated_pc::ntddk::{
    EX_TIMER, ExAllocateTimer, ExDeleteTimer, ExSetTimer, KDPC, KTIMER, KeCancelTimer,
    KeDelayExecutionThread, KeInitializeDpc, KeInitializeTimerEx, KeSetTimerEx, LARGE_INTEGER,
    PVOID,
};
use emulated_pc::time::Instant;
use emulated_pc::{Config, Pc, TimerExpiries, boot};

/// `EX_TIMER_HIGH_RESOLUTION`.
const HIGH_RESOLUTION: u32 = 4;
/// A relative time of 1 ms, in 100 ns.
const ONE_MILLISECOND: i64 = -10_000;
/// Windows' tick, in microseconds.
const TICK: u64 = 15_625;

thread_local! {
    /// When timers have run off.
    static EXPIRIES: RefCell<Vec<Instant>> = const { RefCell::new(Vec::new()) };
}

fn note() {
    let mut stamp = 0;
    // SAFETY: the stamp can be written to.
    let time = unsafe { emulated_pc::ntddk::KeQueryInterruptTimePrecise(&raw mut stamp) };
    EXPIRIES.with_borrow_mut(|expiries| expiries.push(Instant::from_nanos(time * 100)));
}

portcls::system_abi! {
    unsafe fn timer_callback(_timer: *mut EX_TIMER, _context: PVOID) {
        note();
    }

    unsafe fn timer_dpc(_dpc: *mut KDPC, _context: PVOID, _first: PVOID, _second: PVOID) {
        note();
    }
}

/// A PC on which nothing is late.
fn punctual() -> Config {
    Config {
        dpc_latency: Duration::ZERO,
        timer_lateness: Duration::ZERO,
        ..Config::default()
    }
}

fn sleep_a_millisecond() {
    let mut interval = LARGE_INTEGER {
        QuadPart: ONE_MILLISECOND,
    };
    // SAFETY: the interval can be read.
    let status = unsafe { KeDelayExecutionThread(0, 0, &raw mut interval) };
    assert_eq!(status, 0);
}

fn microseconds(instants: &[Instant]) -> Vec<u64> {
    instants.iter().map(|at| at.as_nanos() / 1000).collect()
}

#[test]
fn a_sleep_lasts_until_a_tick() {
    let woken = boot(punctual(), |pc| {
        let mut woken = Vec::new();
        for _ in 0..3 {
            sleep_a_millisecond();
            woken.push(pc.now());
        }
        microseconds(&woken)
    });
    assert_eq!(woken, Ok(vec![TICK, 2 * TICK, 3 * TICK]));
}

#[test]
fn a_finer_clock_can_be_asked_for() {
    let config = Config {
        clock_tick: Duration::from_millis(1),
        ..punctual()
    };
    let woken = boot(config, |pc| {
        sleep_a_millisecond();
        pc.now().as_nanos()
    });
    assert_eq!(
        woken,
        Ok(2_000_000),
        "a call costs a little, so the first tick is missed"
    );
}

/// Runs a periodic timer of `ExAllocateTimer` for some ticks; returns when it has run off, in microseconds.
fn run_ex_timer(pc: &Pc, attributes: u32, time: Duration) -> Vec<u64> {
    EXPIRIES.take();
    // SAFETY: the callback needs no context.
    let timer = unsafe { ExAllocateTimer(Some(timer_callback), null_mut(), attributes) };
    // SAFETY: the timer was made just now.
    unsafe { ExSetTimer(timer, ONE_MILLISECOND, -ONE_MILLISECOND, null_mut()) };
    pc.run_for(time);
    // SAFETY: the timer is not used any more.
    unsafe { ExDeleteTimer(timer, 1, 1, null_mut()) };
    microseconds(&EXPIRIES.take())
}

#[test]
fn only_timers_of_high_resolution_do_without_the_tick() {
    boot(punctual(), |pc| {
        let expiries = run_ex_timer(pc, HIGH_RESOLUTION, Duration::from_micros(3500));
        assert_eq!(expiries, [1000, 2000, 3000]);
        let expiries = run_ex_timer(pc, 0, Duration::from_micros(2 * TICK));
        assert_eq!(expiries, [TICK, 2 * TICK]);
    })
    .expect("it ends well");
}

#[test]
fn timers_of_old_wait_for_the_tick() {
    boot(punctual(), |pc| {
        EXPIRIES.take();
        let mut timer = [0_u64; 8];
        let mut dpc = [0_u64; 8];
        let timer: *mut KTIMER = timer.as_mut_ptr().cast();
        let dpc: *mut KDPC = dpc.as_mut_ptr().cast();
        // SAFETY: the memory is large enough, and outlives the timer.
        unsafe { KeInitializeTimerEx(timer, 0) };
        // SAFETY: as above.
        unsafe { KeInitializeDpc(dpc, Some(timer_dpc), null_mut()) };
        let due = LARGE_INTEGER {
            QuadPart: ONE_MILLISECOND,
        };
        // SAFETY: both were initialised.
        unsafe { KeSetTimerEx(timer, due, 0, dpc) };
        pc.run_for(Duration::from_millis(40));
        // SAFETY: the timer was initialised.
        unsafe { KeCancelTimer(timer) };
        assert_eq!(microseconds(&EXPIRIES.take()), [TICK]);
    })
    .expect("it ends well");
}

#[test]
fn expiries_are_counted_by_kind() {
    boot(punctual(), |pc| {
        assert_eq!(pc.timer_expiries(), TimerExpiries::default());
        run_ex_timer(pc, HIGH_RESOLUTION, Duration::from_micros(100_500));
        let high_resolution = 100;
        let counted = TimerExpiries {
            high_resolution,
            ordinary: 0,
        };
        assert_eq!(pc.timer_expiries(), counted);
        run_ex_timer(pc, 0, Duration::from_micros(10 * TICK));
        let counted = TimerExpiries {
            high_resolution,
            ordinary: 10,
        };
        assert_eq!(pc.timer_expiries(), counted, "one a tick");
        pc.run_for(Duration::from_secs(1));
        assert_eq!(
            pc.timer_expiries(),
            counted,
            "a deleted timer counts no more"
        );
    })
    .expect("it ends well");
}
