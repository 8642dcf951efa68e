//! Microseconds or milliseconds, as suits the values.

/// From here on there are milliseconds.
const MILLISECONDS_FROM_US: f64 = 10_000.0;

/// What times are told in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Its sign.
    pub sign: &'static str,
    /// How many microseconds it has.
    pub microseconds: f64,
}

impl Unit {
    /// The one for times up to `highest_us` microseconds.
    #[must_use]
    pub fn up_to(highest_us: f64) -> Self {
        if highest_us < MILLISECONDS_FROM_US {
            Self {
                sign: "µs",
                microseconds: 1.0,
            }
        } else {
            Self {
                sign: "ms",
                microseconds: 1000.0,
            }
        }
    }

    /// Microseconds in this unit.
    #[must_use]
    pub fn of(self, us: f64) -> f64 {
        us / self.microseconds
    }

    /// With as many digits as are of use, and without the sign.
    #[must_use]
    pub fn number(self, us: f64) -> String {
        let value = self.of(us);
        match value {
            ..10.0 => format!("{value:.2}"),
            10.0..1000.0 => format!("{value:.1}"),
            _ => format!("{value:.0}"),
        }
    }

    /// The same with the sign.
    #[must_use]
    pub fn text(self, us: f64) -> String {
        format!("{} {}", self.number(us), self.sign)
    }
}

/// A time in the unit that suits it.
#[must_use]
pub fn time(us: f64) -> String {
    Unit::up_to(us).text(us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_that_suits_them() {
        assert_eq!(time(0.5), "0.50 µs");
        assert_eq!(time(960.04), "960.0 µs");
        assert_eq!(time(1234.5), "1234 µs");
        assert_eq!(time(20_783.6), "20.8 ms");
    }
}
