//! When what is sent.

use std::fmt;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{load, probe};

/// Bytes that a MIDI wire carries in a second.
pub const WIRE_BYTES_PER_SECOND: u32 = 3125;

/// The part of its period by which a probe may be late, so that a port that looks for bytes in a
/// rhythm cannot look well by chance.
const LATENESS: f64 = 0.5;

/// Load is no load below this.
const LEAST_LOAD_PER_SECOND: u32 = 64;

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When, from the start.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A probe.
    Probe,
    /// A System Exclusive message of this many bytes.
    Load(usize),
}

/// A rate that a MIDI wire cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsuitable {
    rate: u32,
    with_load: bool,
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, with_load } = *self;
        write!(
            formatter,
            "--rate {rate} is {} bytes a second{}; a MIDI wire carries {WIRE_BYTES_PER_SECOND}: \
             accepted are 1 to {}",
            u64::from(rate) * u64::from(probe::LENGTH),
            if with_load { " beside the load" } else { "" },
            highest_rate(with_load)
        )
    }
}

/// The most probes in a second that a wire carries.
#[must_use]
pub const fn highest_rate(with_load: bool) -> u32 {
    // The load is half of what the probes leave.
    let load = if with_load {
        2 * LEAST_LOAD_PER_SECOND
    } else {
        0
    };
    (WIRE_BYTES_PER_SECOND - load) / probe::LENGTH
}

/// Draws, in the order of time, what is sent; the same seed always gives the same.
#[derive(Clone, Debug)]
pub struct Plan {
    rng: ChaCha8Rng,
    period: Duration,
    count: u64,
    planned: u64,
    /// Bytes of load in a second; 0 for none.
    load: f64,
    next_probe: Option<Duration>,
    next_load: Duration,
}

impl Plan {
    /// `count` probes, `rate` in a second; with load, System Exclusive messages of
    /// [`load::LENGTHS`] bytes beside them that fill half of what the probes leave of the wire.
    ///
    /// # Errors
    /// [`Unsuitable`] for what a wire cannot carry.
    pub fn new(seed: u64, count: u64, rate: u32, with_load: bool) -> Result<Self, Unsuitable> {
        if rate == 0 || rate > highest_rate(with_load) {
            return Err(Unsuitable { rate, with_load });
        }
        let left = WIRE_BYTES_PER_SECOND - rate * probe::LENGTH;
        let mut plan = Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            period: Duration::from_secs(1) / rate,
            count,
            planned: 0,
            load: if with_load {
                f64::from(left) / 2.0
            } else {
                0.0
            },
            next_probe: None,
            next_load: Duration::ZERO,
        };
        plan.next_probe = plan.draw_probe();
        Ok(plan)
    }

    /// How long the probes are being sent.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.period
            .saturating_mul(u32::try_from(self.count).unwrap_or(u32::MAX))
    }

    /// Bytes of load in a second.
    #[must_use]
    pub const fn load_bytes_per_second(&self) -> f64 {
        self.load
    }

    fn draw_probe(&mut self) -> Option<Duration> {
        let number = u32::try_from(self.planned).ok()?;
        if self.planned == self.count {
            return None;
        }
        self.planned += 1;
        let lateness = self.rng.random_range(0.0..LATENESS);
        Some(self.period * number + self.period.mul_f64(lateness))
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let probe = self.next_probe?;
        if self.load > 0.0 && self.next_load <= probe {
            let at = self.next_load;
            let length = self.rng.random_range(load::LENGTHS);
            // On average the share that it shall have, but never in a rhythm.
            let stretch = self.rng.random_range(0.5..1.5);
            let bytes = u32::try_from(length).map_or(0.0, f64::from);
            self.next_load += Duration::from_secs_f64(bytes / self.load * stretch);
            return Some(Planned {
                at,
                what: What::Load(length),
            });
        }
        self.next_probe = self.draw_probe();
        Some(Planned {
            at: probe,
            what: What::Probe,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_keep_their_rate_and_the_order_of_time() {
        let plan = Plan::new(1, 1000, 100, false).expect("a rate that fits");
        assert_eq!(plan.length(), Duration::from_secs(10));
        let planned: Vec<_> = plan.collect();
        assert_eq!(planned.len(), 1000);
        assert!(planned.is_sorted_by_key(|planned| planned.at));
        for (number, planned) in (0..).zip(&planned) {
            let rhythm = Duration::from_millis(10) * number;
            assert!(planned.at >= rhythm && planned.at < rhythm + Duration::from_millis(5));
        }
    }

    #[test]
    fn load_fills_half_of_what_is_left() {
        for rate in [1, 100, 500, highest_rate(true)] {
            let plan = Plan::new(1, u64::from(rate) * 200, rate, true).expect("a rate that fits");
            let wanted = plan.load_bytes_per_second() * 200.0;
            let planned: Vec<_> = plan.collect();
            assert!(planned.is_sorted_by_key(|planned| planned.at));
            let bytes: usize = planned
                .iter()
                .map(|planned| match planned.what {
                    What::Load(length) => length,
                    What::Probe => 0,
                })
                .sum();
            let ratio = f64::from(u32::try_from(bytes).expect("few")) / wanted;
            assert!((0.95..1.05).contains(&ratio), "{rate}: {ratio}");
        }
    }

    #[test]
    fn seeds_differ() {
        let plan = |seed| {
            let plan = Plan::new(seed, 50, 100, true).expect("a rate that fits");
            plan.collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn what_a_wire_cannot_carry_is_refused() {
        assert!(Plan::new(1, 1, 1041, false).is_ok());
        let refused = Plan::new(1, 1, 1042, false).expect_err("too much");
        assert_eq!(
            refused.to_string(),
            "--rate 1042 is 3126 bytes a second; a MIDI wire carries 3125: accepted are 1 to 1041"
        );
        assert!(Plan::new(1, 1, 999, true).is_ok());
        let refused = Plan::new(1, 1, 1000, true).expect_err("too much");
        assert!(refused.to_string().contains("beside the load"), "{refused}");
        assert!(Plan::new(1, 1, 0, false).is_err());
    }
}
