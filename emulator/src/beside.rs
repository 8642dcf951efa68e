//! Two requests beside each other, at every point.
//!
//! ```no_run
//! use emulated_pc::{Config, beside, boot};
//!
//! # fn start(_: &emulated_pc::Pc) -> emulated_pc::FunctionalDevice { unimplemented!() }
//! beside::explore(|point| {
//!     boot(Config::default(), |pc| {
//!         let device = start(pc);
//!         beside::race(
//!             pc,
//!             point,
//!             ("power", || assert_eq!(device.set_power(4), 0)),
//!             ("removal", || assert_eq!(device.remove(), 0)),
//!         )
//!     })
//! });
//! ```

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::str::FromStr;

use crate::machine::boot::last_seed;
use crate::machine::stop::Stop;
use crate::pc::Pc;

/// Names the only point that [`explore`] shall try.
const ONLY_POINT: &str = "EMULATED_PC_POINT";

/// For how long a thread that loses the processor stays without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Until the thread that got it waits for something or ends.
    UntilWait,
    /// Until another thread ends, or all others wait for locks; but at most for a second.
    UntilEnd,
}

/// A point at which a thread loses the processor: the n-th place, counted from 0, where it calls the
/// kernel or a register at `PASSIVE_LEVEL` with no spin lock held, or where the system calls the
/// driver or the driver returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    /// Which place.
    pub number: u64,
    /// For how long.
    pub hold: Hold,
}

impl fmt::Display for Point {
    /// As [`FromStr`] reads it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = match self.hold {
            Hold::UntilWait => "wait",
            Hold::UntilEnd => "end",
        };
        write!(formatter, "{}-{hold}", self.number)
    }
}

/// A text names no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPoint;

impl FromStr for Point {
    type Err = NoPoint;

    fn from_str(text: &str) -> Result<Self, NoPoint> {
        let (number, hold) = text.split_once('-').ok_or(NoPoint)?;
        let hold = match hold {
            "wait" => Hold::UntilWait,
            "end" => Hold::UntilEnd,
            _ => return Err(NoPoint),
        };
        let number = number.parse().map_err(|_| NoPoint)?;
        Ok(Self { number, hold })
    }
}

/// Runs `first` and `second`, each a name and what it does, as two threads, and waits for both.
/// `second` begins when `first` loses the processor at `point`, and runs until it waits for something;
/// from there on the seed decides. Returns whether `first` has reached the point; if it has not,
/// `second` has run after it.
pub fn race<'env>(
    pc: &Pc,
    point: Point,
    first: (&str, impl FnOnce() + 'env),
    second: (&str, impl FnOnce() + 'env),
) -> bool {
    let first = pc.scope(|scope| {
        let (name, body) = first;
        let first = scope.spawn(name, body);
        first.preempt_at(point);
        let (name, body) = second;
        scope.spawn_at_point_of(&first, name, body);
        first
    });
    first.was_preempted()
}

/// Runs `run` for each point in turn, until it returns that the point was not reached, as [`race`]
/// does; returns how many points were reached. With `EMULATED_PC_POINT` in the environment, only that
/// point is tried.
///
/// # Panics
/// If `run` panics or its machine stops, with the point and how to repeat it.
pub fn explore(mut run: impl FnMut(Point) -> Result<bool, Stop>) -> u64 {
    if let Ok(text) = std::env::var(ONLY_POINT) {
        let point = text.parse();
        let point = point.unwrap_or_else(|NoPoint| panic!("{ONLY_POINT}: {text:?} is no point"));
        return u64::from(try_point(&mut run, point));
    }
    let mut reached = 0;
    for number in 0.. {
        for hold in [Hold::UntilWait, Hold::UntilEnd] {
            if !try_point(&mut run, Point { number, hold }) {
                return reached;
            }
            reached += 1;
        }
    }
    reached
}

fn try_point(run: &mut impl FnMut(Point) -> Result<bool, Stop>, point: Point) -> bool {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| run(point)));
    let what = match outcome {
        Ok(Ok(reached)) => return reached,
        Ok(Err(stop)) => stop.to_string(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => match payload.downcast::<&str>() {
                Ok(text) => (*text).to_owned(),
                Err(payload) => panic::resume_unwind(payload),
            },
        },
    };
    let seed = last_seed();
    panic!("at point {point}, seed {seed}: {what}\n{ONLY_POINT}={point} repeats it")
}
