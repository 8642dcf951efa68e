//! `soak`: traffic for hours.
//!
//! The run is a row of periods. At the end of each all that is on its way arrives, so that it is
//! compared to the end, and what is kept of it is a line: a run needs no more memory the longer it is.

use std::time::Duration;

use serde::Serialize;

use super::both_ways::Traffic;
use super::choose::{self, Use};
use super::loop_check;
use super::repetition;
use crate::Host;
use crate::backend::Session;
use crate::cli::Soak;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::midi::all_notes_off;
use crate::output;
use crate::repetition::Repetition;
use crate::soak_report::Summary;
use crate::visible;

/// How long a wait goes on before arrivals are taken up and Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(100);

pub fn run(options: &Soak, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, mut setup) = choose::machine(&options.machine, host)?;
    setup.loop_cable = true;
    let setup = choose::ports(setup, &options.ports, Use::Loop, backend)?;
    let repeat_with = repetition::machine(Repetition::of("soak"), &options.machine)
        .option("--duration", &repetition::time(options.duration))
        .option("--every", &repetition::time(options.every));
    let repeat_with = repetition::ports(repeat_with, &options.ports);
    let mut soak = SoakRun {
        options,
        interrupt: host.interrupt,
        summary: Summary {
            kind: "summary",
            port: setup.output_name().to_owned(),
            seed: setup.seed,
            duration_s: options.duration.as_secs_f64(),
            clean: true,
            repeat_with: repeat_with.clone(),
            ..Summary::default()
        },
    };
    let tell = &mut *host.output;
    let mut tell = |text: String| output::print(tell, &text);
    backend
        .run(&setup, &mut |session| soak.run(session, &mut tell))
        .map_err(|failure| repetition::with(failure, setup.seed, &repeat_with))?;
    soak.summary.interrupted = host.interrupt.is_raised();
    let text = if options.json {
        line(&soak.summary)?
    } else {
        soak.summary.to_string()
    };
    output::print(host.output, &text)?;
    Ok(soak.summary.exit_code())
}

/// Ends the notes that the traffic began, now that nothing is compared any more.
fn silence(session: &mut dyn Session) -> Result<(), Failure> {
    all_notes_off().try_for_each(|message| session.send(&message))
}

/// A document on a line of its own.
fn line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map(|text| visible::json(&text).into_owned() + "\n")
        .map_err(|error| Failure::Device(format!("cannot write JSON: {error}")))
}

struct SoakRun<'o> {
    options: &'o Soak,
    interrupt: &'o Interrupt,
    summary: Summary,
}

impl SoakRun<'_> {
    fn run(
        &mut self,
        session: &mut dyn Session,
        tell: &mut dyn FnMut(String) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !session.cable().loops_back() {
            return Err(Failure::NoLoop(
                "this port's output is not led back to its input; choose with --out and --in ports \
                 that are connected"
                    .into(),
            ));
        }
        session.open_input()?;
        session.open_output()?;
        loop_check::run(session)?;
        let origin = session.now();
        let since = |time: Duration| time.saturating_sub(origin).as_secs_f64();
        let mut left = self.options.duration;
        while !left.is_zero() && !self.interrupt.is_raised() {
            let length = self.options.every.min(left);
            left -= length;
            let begin = session.now();
            let seed = self.summary.seed.wrapping_add(self.summary.periods);
            let mut traffic = Traffic::new(seed, session.cable(), length, begin);
            self.carry_out(&mut traffic, session)?;
            traffic.exchange.end_saturation();
            traffic.exchange.quieten(session)?;
            let times = (since(begin), since(session.now()));
            let period = self.summary.take(seed, times, traffic.exchange.finish());
            tell(if self.options.json {
                line(&period)?
            } else {
                period.to_string()
            })?;
            if self.options.stop_at_first && !self.summary.clean {
                break;
            }
        }
        silence(session)?;
        session.close_output()?;
        session.close_input()
    }

    fn carry_out(&self, traffic: &mut Traffic, session: &mut dyn Session) -> Result<(), Failure> {
        while !self.interrupt.is_raised()
            && let Some((side, due)) = traffic.next()
        {
            if due > session.now() {
                session.wait_until(due.min(session.now() + STEP))?;
                traffic.exchange.collect(session);
            } else {
                traffic.act(side, session)?;
            }
        }
        Ok(())
    }
}
