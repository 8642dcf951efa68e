//! The date that a package is of.

use std::env;
use std::time::{Duration, SystemTime};

use der::DateTime;

use crate::failure::Failure;

const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The date that is asked for, on the command line or in the environment; else today's.
///
/// # Errors
/// If it is no date.
pub fn chosen(argument: Option<&str>) -> Result<DateTime, Failure> {
    if let Some(text) = argument {
        return parse(text).ok_or_else(|| {
            Failure::unusable(format!("--date {text}: no date; write it like 2026-01-31"))
        });
    }
    let since_1970 = match env::var(VARIABLE) {
        Ok(text) => text.parse().map(Duration::from_secs).map_err(|error| {
            Failure::unusable(format!("{VARIABLE}={text}: {error}; seconds are wanted"))
        })?,
        Err(_) => SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
    };
    of(since_1970).ok_or_else(|| Failure::unusable("a date beyond the year 2049"))
}

fn parse(text: &str) -> Option<DateTime> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let date = DateTime::new(year, month, day, 0, 0, 0).ok()?;
    (parts.next().is_none() && (2009..2050).contains(&year)).then_some(date)
}

/// The day's begin.
fn of(since_1970: Duration) -> Option<DateTime> {
    let date = DateTime::from_unix_duration(since_1970).ok()?;
    let day = DateTime::new(date.year(), date.month(), date.day(), 0, 0, 0).ok()?;
    (day.year() < 2050).then_some(day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{of, parse};

    #[test]
    fn dates_are_read_strictly() {
        let date = parse("2026-01-31").expect("a date");
        assert_eq!((date.year(), date.month(), date.day()), (2026, 1, 31));
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-01-31-1",
            "31-01-2026",
            "2050-01-01",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn seconds_of_a_day_don_t_count() {
        let days = 56 * 365 + 14; // from 1970 to 2026, with 14 leap days
        let begin = Duration::from_hours(24 * days);
        let end = begin + Duration::from_secs(86_399);
        assert_eq!(of(begin), of(end));
        assert_eq!(of(begin), parse("2026-01-01"));
    }
}
