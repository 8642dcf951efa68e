//! Shows how far a run is: a bar on a terminal, plain lines elsewhere; on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a run is.
pub struct Progress {
    total: Duration,
    started: Instant,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines { next: Instant },
}

impl Progress {
    /// Begins to show a run that takes `total` of the machine's time.
    #[must_use]
    pub fn begin(total: Duration) -> Self {
        let started = Instant::now();
        let shown = if io::stderr().is_terminal() {
            let length = u64::try_from(total.as_millis()).unwrap_or(u64::MAX);
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            Shown::Bar(bar.with_style(style()))
        } else {
            Shown::Lines { next: started }
        };
        Self {
            total,
            started,
            shown,
        }
    }

    /// Shows that `done` of the machine's time has been carried out.
    pub fn show(&mut self, done: Duration) {
        let done = done.min(self.total);
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message(speed(done, self.started.elapsed()));
                bar.set_position(u64::try_from(done.as_millis()).unwrap_or(u64::MAX));
            }
            Shown::Lines { next } => {
                let now = Instant::now();
                if now < *next {
                    return;
                }
                *next = now + LINE_EVERY;
                let line = line(done, self.total, now - self.started);
                // Progress that nobody reads any more is no reason to end the run.
                let _ = writeln!(io::stderr(), "{line}");
            }
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// Bar, share, rate and time left; the crate's own look should it not know one of these.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3} % {msg} ETA {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The machine's time against the clock on the wall.
fn speed(done: Duration, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    format!("{:.1} x real time", done.as_secs_f64() / seconds)
}

fn line(done: Duration, total: Duration, elapsed: Duration) -> String {
    let left =
        total.saturating_sub(done).as_secs_f64() / done.as_secs_f64() * elapsed.as_secs_f64();
    let eta = if left.is_finite() {
        format!("{left:.0} s left")
    } else {
        "time left unknown".into()
    };
    format!(
        "{:.0} of {:.0} s, {}, {eta}",
        done.as_secs_f64(),
        total.as_secs_f64(),
        speed(done, elapsed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line(second * 100, second * 400, second * 10),
            "100 of 400 s, 10.0 x real time, 30 s left"
        );
        assert_eq!(
            line(Duration::ZERO, second * 4, second),
            "0 of 4 s, 0.0 x real time, time left unknown"
        );
    }
}
