//! `latency`: how long messages take from the output to the input.

use super::choose::{self, Use};
use super::{loop_check, repetition};
use crate::Host;
use crate::backend::{Session, Uart};
use crate::cli::{Latency, On};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::latency_report::{Asked, LatencyReport};
use crate::output;
use crate::output_file::OutputFile;
use crate::page;
use crate::probing::{Plan, Probed, Prober};
use crate::repetition::Repetition;
use crate::report::json;

pub fn run(options: &Latency, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, mut setup) = choose::machine(&options.machine, host)?;
    let on = options.machine.on()?;
    let seed = setup.seed;
    let plan = Plan::new(seed, options.count, options.rate, options.load)
        .map_err(|unsuitable| Failure::Usage(unsuitable.to_string()))?;
    let page_file = place("--report", options.report.as_ref())?;
    let csv_file = place("--csv", options.csv.as_ref())?;
    if let (Some(page), Some(csv)) = (&page_file, &csv_file)
        && page.is_where(csv)
    {
        return Err(Failure::Usage(
            "--report and --csv name the same file; accepted are two".into(),
        ));
    }
    // The loopback device needs no cable.
    setup.loop_cable = on == On::Emulated && setup.uart != Uart::Software;
    let setup = choose::ports(setup, &options.ports, Use::Loop, backend)?;

    let repeat_with = repeat_with(options);
    let load_bytes_per_second = options.load.then(|| plan.load_bytes_per_second());
    let prober = Prober::new(plan, host.interrupt);
    let mut outcome = None;
    let device = backend
        .run(&setup, &mut |session| {
            outcome = Some(probe(&prober, session)?);
            Ok(())
        })
        .map_err(|failure| repetition::with(failure, seed, &repeat_with))?;
    let Some(outcome) = outcome else {
        return Err(Failure::Device("the device ended before the run".into()));
    };

    let asked = Asked {
        environment: Environment::of(&setup, on),
        seed,
        count: options.count,
        rate: options.rate,
        load_bytes_per_second,
        repeat_with,
    };
    let report = LatencyReport::new(asked, &outcome, host.interrupt.is_raised(), device);
    if let Some(file) = page_file {
        file.write(page::latency(&report).as_bytes())?;
    }
    if let Some(file) = csv_file {
        file.write(report.to_csv().as_bytes())?;
    }
    let text = if options.json {
        json(&report)?
    } else {
        report.to_text()
    };
    output::print(host.output, &text)?;
    Ok(report.exit_code())
}

/// Probes through ports that are opened before and closed after, whatever happens between.
fn probe(prober: &Prober<'_>, session: &mut dyn Session) -> Result<Probed, Failure> {
    session.open_input()?;
    let outcome = session
        .open_output()
        .and_then(|()| loop_check::run(session))
        .and_then(|()| prober.run(session));
    let closed = session.close_output().and(session.close_input());
    // Why the probing failed matters more than that closing then failed, too.
    let outcome = outcome?;
    closed.map(|()| outcome)
}

fn place(
    option: &'static str,
    path: Option<&std::path::PathBuf>,
) -> Result<Option<OutputFile>, Failure> {
    path.map(|path| OutputFile::check(option, path)).transpose()
}

fn repeat_with(options: &Latency) -> Repetition {
    let mut command = repetition::machine(Repetition::of("latency"), &options.machine)
        .option("--count", &options.count)
        .option("--rate", &options.rate);
    if options.load {
        command = command.flag("--load");
    }
    repetition::ports(command, &options.ports)
}
