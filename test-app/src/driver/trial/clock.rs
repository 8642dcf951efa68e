//! Time, which tests make up.

use std::thread;
use std::time::{Duration, Instant};

/// A clock that can be waited by.
pub trait Clock: Send {
    /// The time since some moment.
    fn now(&self) -> Duration;

    /// Lets that time pass.
    fn sleep(&mut self, time: Duration);
}

/// This machine's.
#[derive(Clone, Copy, Debug)]
pub struct RealClock(Instant);

impl Default for RealClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&mut self, time: Duration) {
        thread::sleep(time);
    }
}
