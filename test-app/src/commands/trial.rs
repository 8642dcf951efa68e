//! The commands that drive a test of the installed driver.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use super::consent;
use crate::Host;
use crate::backend::Setup;
use crate::cli::{DriverPrepare, DriverRestart, DriverVerifier, DriverWait};
use crate::driver::advice::refused;
use crate::driver::restart::no_device;
use crate::driver::this_windows;
use crate::driver::trial::background::InBackground;
use crate::driver::trial::clock::RealClock;
use crate::driver::trial::windows::TrialWindows;
use crate::driver::trial::{prepare, restarts, this_trial_windows, verifier, wait};
use crate::driver::windows::Windows;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;

/// Windows, by both of its traits.
type BothWindows = (Box<dyn Windows>, Box<dyn TrialWindows>);

fn windows() -> Result<BothWindows, Failure> {
    this_windows().zip(this_trial_windows()).ok_or_else(|| {
        Failure::Usage("driver works on Windows only: take midiuart-test.exe there".into())
    })
}

fn changeable_windows() -> Result<BothWindows, Failure> {
    let (windows, trial) = windows()?;
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    machine.lets_change()?;
    Ok((windows, trial))
}

pub fn prepare(options: &DriverPrepare, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (_, mut windows) = changeable_windows()?;
    let windows = windows.as_mut();
    if options.undo {
        let changes = prepare::recorded(windows)?;
        if changes.is_empty() {
            output::print(host.output, "nothing to undo: nothing is prepared\n")?;
            return Ok(CLEAN);
        }
        let text = changes.iter().fold(String::new(), |mut text, change| {
            // Writing to a `String` can't fail.
            let _ = writeln!(text, "{}", change.describe_undoing());
            text
        });
        output::print(host.output, &text)?;
        consent::ask(options.yes, "go on?", host.output)?;
        prepare::undo(windows)?;
        output::print(host.output, "undone\n")?;
        return Ok(CLEAN);
    }
    let plan = prepare::plan(windows)?;
    output::print(host.output, &plan.to_string())?;
    if plan.changes.is_empty() {
        output::print(host.output, "nothing to change\n")?;
        return Ok(CLEAN);
    }
    consent::ask(options.yes, "go on?", host.output)?;
    prepare::apply(&plan, windows)?;
    output::print(
        host.output,
        "prepared; `driver prepare --undo` restores what was there before\n",
    )?;
    Ok(CLEAN)
}

pub fn wait(options: &DriverWait, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (windows, mut trial) = windows()?;
    let goal = wait::Wanted {
        port: options.port.clone(),
        limit: options.limit,
        restart_midisrv: options.restart_midisrv,
    };
    let backend = host.winmm;
    let mut clock = RealClock::default();
    let mut world = wait::World {
        ports: &mut || backend.ports(&Setup::default()),
        windows: windows.as_ref(),
        trial: trial.as_mut(),
        clock: &mut clock,
        interrupt: host.interrupt,
    };
    let output = &mut *host.output;
    let waited = wait::wait(&goal, &mut world, &mut |line| {
        text_line(options.json, line, output)
    })?;
    if waited.found {
        text_line(options.json, &waited.success(), host.output)?;
    }
    document(options.json, &waited, host)?;
    waited.failure().map_or(Ok(waited.exit_code()), Err)
}

pub fn restart(options: &DriverRestart, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (windows, _) = changeable_windows()?;
    let devices = windows
        .devices()
        .map_err(|error| refused("devices can't be listed", &error))?;
    if devices.is_empty() {
        return Err(no_device());
    }
    let plan = restarts::Plan {
        times: options.times,
        port: options.under_load.then(|| options.port.clone()),
    };
    let mut world = restarts::World {
        restarting: &mut InBackground::new(this_windows),
        backend: host.winmm,
        clock: &mut RealClock::default(),
        interrupt: host.interrupt,
    };
    let output = &mut *host.output;
    let report = restarts::run(&plan, &mut world, &mut |line| {
        text_line(options.json, line, output)
    })?;
    text_line(options.json, &report.totals(), host.output)?;
    document(options.json, &report, host)?;
    let code = report.exit_code();
    report.ended_by.map_or(Ok(code), Err)
}

pub fn verifier(options: &DriverVerifier, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (action, yes, as_json) = options.action.parts();
    let (_, mut windows) = changeable_windows()?;
    let windows = windows.as_mut();
    let plan = verifier::plan(action, windows)?;
    if as_json {
        // Standard output is the document's alone.
        let _ = host.errors.write_all(plan.as_bytes());
        consent::ask(yes, "go on?", host.errors)?;
    } else {
        output::print(host.output, &plan)?;
        consent::ask(yes, "go on?", host.output)?;
    }
    let report = verifier::run(action, windows)?;
    text_line(as_json, &report.text(), host.output)?;
    document(as_json, &report, host)?;
    report.failure().map_or(Ok(report.exit_code()), Err)
}

/// Prints a line, unless there will be a document.
fn text_line(as_json: bool, line: &str, output: &mut dyn Write) -> Result<(), Failure> {
    if as_json {
        return Ok(());
    }
    output::print(output, line)
}

/// Prints a document, if it is asked for.
fn document(as_json: bool, report: &impl Serialize, host: &mut Host<'_>) -> Result<(), Failure> {
    if !as_json {
        return Ok(());
    }
    output::print(host.output, &json(report)?)
}
