//! `stress`: a seeded mix of everything, both ways at once.

use std::time::Duration;

use super::both_ways::Traffic;
use super::choose::{self, Use};
use super::loop_check;
use super::repetition;
use crate::Host;
use crate::backend::{Carries, Session};
use crate::cli::{On, Stress};
use crate::environment::Environment;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::midi::all_notes_off;
use crate::output;
use crate::output_file::OutputFile;
use crate::page;
use crate::progress::Progress;
use crate::repetition::Repetition;
use crate::report::{EmulatedMachine, StressReport, exit_code, is_clean};

/// How long a wait goes on before arrivals are taken up, progress is shown and Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(100);

/// How much traffic there is unless told otherwise, as time on the wire: on an emulated PC, which takes
/// seconds for it, and where it takes that long.
const EMULATED_DURATION: Duration = Duration::from_mins(15);
const REAL_DURATION: Duration = Duration::from_mins(1);

pub fn run(options: &Stress, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, setup) = choose::machine(&options.machine, host)?;
    let page_file = options
        .report
        .as_deref()
        .map(|path| OutputFile::check("--report", path))
        .transpose()?;
    let setup = choose::ports(setup, &options.ports, Use::Loop, backend)?;
    let on = options.machine.on()?;
    let length = options.duration.unwrap_or(match on {
        On::Emulated => EMULATED_DURATION,
        On::Winmm => REAL_DURATION,
    });
    let repeat_with = repetition::machine(Repetition::of("stress"), &options.machine)
        .option("--duration", &repetition::time(length));
    let repeat_with = repetition::ports(repeat_with, &options.ports);
    let mut stress = StressRun {
        seed: setup.seed,
        length,
        interrupt: host.interrupt,
        done: None,
    };
    let device = backend
        .run(&setup, &mut |session| stress.run(session))
        .map_err(|failure| repetition::with(failure, setup.seed, &repeat_with))?;
    let Some((exchange, elapsed)) = stress.done else {
        return Err(Failure::Device("the device ended before the run".into()));
    };
    let outcome = exchange.finish();
    let code = exit_code(&outcome.directions);
    let report = StressReport {
        command: "stress",
        environment: Environment::of(&setup, on),
        port: setup.output_name().to_owned(),
        emulated: (on == On::Emulated).then(|| EmulatedMachine::of(&setup)),
        seed: setup.seed,
        duration_s: length.as_secs_f64(),
        elapsed_s: elapsed.as_secs_f64(),
        interrupted: host.interrupt.is_raised(),
        clean: is_clean(&outcome.directions),
        directions: outcome.directions,
        saturated_utilisation: outcome.saturated_utilisation,
        wire: outcome.wire,
        device,
        repeat_with,
    };
    if let Some(file) = page_file {
        file.write(page::stress(&report).as_bytes())?;
    }
    let text = if options.json {
        report.to_json()?
    } else {
        report.to_text()
    };
    output::print(host.output, &text)?;
    Ok(code)
}

struct StressRun<'i> {
    seed: u64,
    length: Duration,
    interrupt: &'i Interrupt,
    /// What was exchanged, and the time it took.
    done: Option<(Exchange, Duration)>,
}

impl StressRun<'_> {
    fn run(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        let cable = session.cable();
        if !cable.wire_visible && !cable.loops_back() {
            return Err(Failure::Usage(
                "nothing that is sent to this port can be seen again; \
                 accepted are ports whose output is led back to their input"
                    .into(),
            ));
        }
        session.open_input()?;
        session.open_output()?;
        loop_check::run(session)?;
        let origin = session.now();
        let mut traffic = Traffic::new(self.seed, cable, self.length, origin);
        let mut progress = Progress::begin(self.length);
        while !self.interrupt.is_raised()
            && let Some((side, due)) = traffic.next()
        {
            if due > session.now() {
                session.wait_until(due.min(session.now() + STEP))?;
                traffic.exchange.collect(session);
                progress.show(traffic.spent());
            } else {
                traffic.act(side, session)?;
            }
        }
        traffic.exchange.end_saturation();
        traffic.exchange.quieten(session)?;
        if cable.carries == Carries::Messages {
            // A synthesizer may have heard it, too.
            all_notes_off().try_for_each(|message| session.send(&message))?;
        }
        session.close_output()?;
        session.close_input()?;
        progress.end();
        let elapsed = session.now().saturating_sub(origin);
        self.done = Some((traffic.exchange, elapsed));
        Ok(())
    }
}
