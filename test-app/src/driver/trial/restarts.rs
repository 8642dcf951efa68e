//! Restarting the device again and again, with data on its port meanwhile.
//!
//! Under load the port vanishes in the middle of a stream and comes back. What was on its way may be lost;
//! what came before that has to be whole and in order, and afterwards the port has to carry everything.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::background::{Outcome, Restarting};
use super::clock::Clock;
use super::load::{Account, Load};
use super::ports::find;
use crate::backend::{Backend, Session, Setup};
use crate::driver::windows::Restart;
use crate::failure::{CLEAN, DATA_WRONG, Failure};
use crate::interrupt::Interrupt;

/// Data before the restart begins, and after it if the port stays open.
const AROUND: Duration = Duration::from_millis(500);
/// A short exchange, as time on the wire.
const SHORT: Duration = Duration::from_millis(500);
/// Longer than any restart is waited for.
const ENDLESS: Duration = Duration::from_hours(1);
/// A restart that takes longer hangs.
const RESTART_LIMIT: Duration = Duration::from_mins(1);
/// A port that takes longer to come back does not come.
const RETURN_LIMIT: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// What is received may still be on its way through the tool when the port vanishes.
const LATE: Duration = Duration::from_millis(50);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many restarts.
    pub times: u32,
    /// The port that carries data meanwhile, if any.
    pub port: Option<String>,
}

/// What a run works with.
pub struct World<'a> {
    /// What restarts the devices.
    pub restarting: &'a mut dyn Restarting,
    /// Where the port is.
    pub backend: &'a dyn Backend,
    /// The time.
    pub clock: &'a mut dyn Clock,
    /// The user's wish that it ends.
    pub interrupt: &'a Interrupt,
}

/// What came of all restarts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Which command's report it is.
    pub command: &'static str,
    /// How many restarts were asked for.
    pub times: u32,
    /// The port that carried data, if one did.
    pub port: Option<String>,
    /// The restarts that were made.
    pub restarts: Vec<Restarted>,
    /// All data under load together; null without load.
    pub load: Option<Account>,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// Whether no data was wrong, and every device came back.
    pub clean: bool,
    /// What ended it early; null if nothing did.
    pub failure: Option<String>,
    /// The same with its exit code.
    #[serde(skip)]
    pub ended_by: Option<Failure>,
}

/// One restart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Restarted {
    /// Its number, from 1.
    pub number: u32,
    /// The devices.
    pub devices: Vec<String>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// What the port did; null without load.
    pub port: Option<PortSeen>,
}

/// What a port did while its device was restarted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PortSeen {
    /// How the open port noticed; null if it stayed open and went on.
    pub vanished: Option<String>,
    /// When it carried data again, in seconds since the end of the restart.
    pub back_after_s: f64,
    /// The data under load.
    pub load: Account,
    /// The short exchange afterwards.
    pub after: Account,
    /// What is wrong with the data; null if nothing is.
    pub fault: Option<String>,
}

/// Restarts; `tell` gets the line about each.
///
/// # Errors
/// If a line can't be printed. What else fails is in the report.
pub fn run(
    plan: &Plan,
    world: &mut World<'_>,
    tell: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    let mut report = Report {
        command: "driver restart",
        times: plan.times,
        port: plan.port.clone(),
        restarts: Vec::new(),
        load: plan.port.is_some().then(Account::default),
        interrupted: false,
        clean: true,
        failure: None,
        ended_by: None,
    };
    let done = restarts(plan, world, &mut report, tell)?;
    report.interrupted = world.interrupt.is_raised() && report.restarts.len() < plan.times as usize;
    if let Err(failure) = done {
        report.clean = false;
        report.failure = Some(failure.to_string());
        report.ended_by = Some(failure);
    }
    Ok(report)
}

type Ended = Result<(), Failure>;

/// The outer result is that of printing.
fn restarts(
    plan: &Plan,
    world: &mut World<'_>,
    report: &mut Report,
    tell: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    if let Some(port) = &plan.port
        && let Err(failure) = first_exchange(port, world)
    {
        return Ok(Err(failure));
    }
    for number in 1..=plan.times {
        if world.interrupt.is_raised() {
            break;
        }
        let restarted = match &plan.port {
            None => plain(number, world),
            Some(port) => under_load(number, port, world),
        };
        let restarted = match restarted {
            Ok(Some(restarted)) => restarted,
            Ok(None) => break,
            Err(failure) => return Ok(Err(failure)),
        };
        tell(&restarted.line(plan.times))?;
        if let (Some(sum), Some(port)) = (&mut report.load, &restarted.port) {
            sum.add(&port.load);
            report.clean &= port.fault.is_none();
        }
        report.restarts.push(restarted);
    }
    Ok(Ok(()))
}

/// Without it nobody could tell a restart's fault from a port that never worked.
fn first_exchange(port: &str, world: &mut World<'_>) -> Result<(), Failure> {
    let account = match exchange(0, port, world) {
        Ok(account) => account,
        Err(NotDone::Unopened(failure) | NotDone::Broken(failure)) => return Err(failure),
    };
    if account.bytes_arrived == 0 {
        return Err(Failure::NoLoop(format!(
            "nothing came back on '{port}' before the first restart: name with --port a port whose output is led back to its input"
        )));
    }
    if !account.is_clean() {
        return Err(Failure::Device(format!(
            "data was wrong on '{port}' before the first restart, so a restart would prove nothing: run `stress --port {port}`"
        )));
    }
    Ok(())
}

/// A restart with nothing beside it.
fn plain(number: u32, world: &mut World<'_>) -> Result<Option<Restarted>, Failure> {
    let begin = world.clock.now();
    world.restarting.begin();
    let outcome = await_outcome(world.restarting, world.clock)?;
    Ok(Some(Restarted {
        number,
        devices: outcome,
        took_s: world.clock.now().saturating_sub(begin).as_secs_f64(),
        port: None,
    }))
}

/// A restart in the middle of a stream; `None` if the user ended it before.
fn under_load(
    number: u32,
    port: &str,
    world: &mut World<'_>,
) -> Result<Option<Restarted>, Failure> {
    let setup = named(port, world.backend)?;
    let begin = world.clock.now();
    let mut seen = Seen::default();
    let World {
        restarting,
        backend,
        clock,
        interrupt,
    } = world;
    let run = backend.run(&setup, &mut |session| {
        stream(number, session, *restarting, *clock, interrupt, &mut seen)
    });
    if !seen.has_begun {
        // It has nothing to do with a restart.
        return run.map(|_| None);
    }
    // That the port is gone, the session says more than once.
    let vanished = seen.vanished.or_else(|| run.err());
    let devices = match seen.outcome {
        Some(outcome) => judged(outcome)?,
        None => await_outcome(world.restarting, world.clock)?,
    };
    let took = world.clock.now().saturating_sub(begin);
    let back = world.clock.now();
    let after = await_return(number, port, world)?;
    let load = seen.account;
    let vanished = vanished.map(|failure| failure.to_string());
    Ok(Some(Restarted {
        number,
        devices,
        took_s: took.as_secs_f64(),
        port: Some(PortSeen {
            fault: fault(&load, vanished.is_some(), &after),
            vanished,
            back_after_s: world.clock.now().saturating_sub(back).as_secs_f64(),
            load,
            after,
        }),
    }))
}

/// What is seen of a restart while data flows.
#[derive(Default)]
struct Seen {
    has_begun: bool,
    outcome: Option<Outcome>,
    vanished: Option<Failure>,
    account: Account,
}

/// Data before, while and after the device is restarted.
fn stream(
    number: u32,
    session: &mut dyn Session,
    restarting: &mut dyn Restarting,
    clock: &mut dyn Clock,
    interrupt: &Interrupt,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let mut load = Load::open(u64::from(number), ENDLESS, session)?;
    let begin = session.now() + AROUND;
    while session.now() < begin {
        if interrupt.is_raised() {
            return load.close(session);
        }
        load.step(session)?;
    }
    seen.has_begun = true;
    restarting.begin();
    let limit = session.now() + RESTART_LIMIT;
    let mut end = None;
    let streamed = loop {
        if let Err(failure) = load.step(session) {
            break Err(failure);
        }
        let now = session.now();
        if seen.outcome.is_none() {
            seen.outcome = restarting.outcome();
            end = seen.outcome.as_ref().map(|_| now + AROUND);
        }
        if now >= end.unwrap_or(limit) {
            break load.close(session);
        }
    };
    if let Err(failure) = &streamed {
        seen.vanished = Some(failure.clone());
        clock.sleep(LATE);
        load.collect(session);
    }
    seen.account = load.finish();
    streamed
}

/// Waits for the end of a restart that was begun; returns the devices.
fn await_outcome(
    restarting: &mut dyn Restarting,
    clock: &mut dyn Clock,
) -> Result<Vec<String>, Failure> {
    let limit = clock.now() + RESTART_LIMIT;
    loop {
        if let Some(outcome) = restarting.outcome() {
            return judged(outcome);
        }
        if clock.now() >= limit {
            return Err(Failure::Device(format!(
                "the restart of the device takes longer than {} s, so a driver or a program holds it: close all programs that use MIDI, look at `driver status`, and restart Windows",
                RESTART_LIMIT.as_secs()
            )));
        }
        clock.sleep(LOOK);
    }
}

fn judged(outcome: Outcome) -> Result<Vec<String>, Failure> {
    match outcome? {
        (devices, Restart::NotNeeded) => Ok(devices),
        (devices, Restart::Needed) => Err(Failure::Device(format!(
            "Windows wants to be restarted before {} starts again: a program holds the port open, or a driver does not let go; restart Windows",
            devices.join(", ")
        ))),
    }
}

/// Waits until the port carries a short exchange.
fn await_return(number: u32, port: &str, world: &mut World<'_>) -> Result<Account, Failure> {
    let limit = world.clock.now() + RETURN_LIMIT;
    loop {
        match exchange(u64::from(number), port, world) {
            Ok(account) => return Ok(account),
            Err(NotDone::Broken(failure)) => {
                return Err(Failure::Device(format!(
                    "after restart {number} '{port}' fails in the middle of an exchange: {failure}"
                )));
            }
            Err(NotDone::Unopened(failure)) if world.clock.now() >= limit => {
                return Err(Failure::Device(format!(
                    "after restart {number} '{port}' does not come back within {} s: {failure}; run `driver wait --restart-midisrv`, which says what is there instead",
                    RETURN_LIMIT.as_secs()
                )));
            }
            Err(NotDone::Unopened(_)) => world.clock.sleep(LOOK),
        }
    }
}

/// Why there was no exchange.
enum NotDone {
    /// The port is not there, or can't be opened.
    Unopened(Failure),
    /// It failed afterwards.
    Broken(Failure),
}

/// A short exchange, by which a port shows that it works.
fn exchange(seed: u64, port: &str, world: &World<'_>) -> Result<Account, NotDone> {
    let setup = named(port, world.backend).map_err(NotDone::Unopened)?;
    let mut opened = false;
    let mut account = Account::default();
    let run = world.backend.run(&setup, &mut |session| {
        let mut load = Load::open(seed, SHORT, session)?;
        opened = true;
        while load.step(session)? {}
        load.close(session)?;
        account = load.finish();
        Ok(())
    });
    match run {
        Ok(_) => Ok(account),
        Err(failure) if opened => Err(NotDone::Broken(failure)),
        Err(failure) => Err(NotDone::Unopened(failure)),
    }
}

fn named(port: &str, backend: &dyn Backend) -> Result<Setup, Failure> {
    let ports = backend.ports(&Setup::default())?;
    match find(port, &ports) {
        (Some(output), Some(input)) => Ok(Setup {
            output: Some(output),
            input: Some(input),
            ..Setup::default()
        }),
        _ => Err(Failure::NoSuchPort(format!(
            "winmm lists no output and input '{port}': run `list`, and `driver wait --port {port}`"
        ))),
    }
}

fn fault(load: &Account, has_vanished: bool, after: &Account) -> Option<String> {
    let difference = |account: &Account| account.first_difference.clone().unwrap_or_default();
    let is_good = load.is_clean() || has_vanished && load.is_only_cut_off();
    // A port that stays open may lose what was on its way, and go on.
    let went_on = !has_vanished
        && load.counts.duplicated + load.counts.reordered + load.counts.corrupted == 0;
    if !is_good && !went_on {
        return Some(format!("under load, {}", difference(load)));
    }
    if after.bytes_arrived == 0 {
        return Some("afterwards nothing came back".into());
    }
    (!after.is_clean()).then(|| format!("afterwards, {}", difference(after)))
}

impl Restarted {
    fn line(&self, times: u32) -> String {
        let mut line = match &self.port {
            None if times == 1 => {
                return format!("restarted {}\n", self.devices.join("\nrestarted "));
            }
            _ => format!(
                "restart {} of {times}: {} in {:.2} s",
                self.number,
                self.devices.join(", "),
                self.took_s
            ),
        };
        if let Some(port) = &self.port {
            let Account {
                bytes,
                bytes_arrived,
                ..
            } = port.load;
            let vanished = if port.vanished.is_some() {
                format!("back after {:.2} s", port.back_after_s)
            } else {
                "port stayed open".into()
            };
            let verdict = port
                .fault
                .as_ref()
                .map_or("clean".into(), |fault| format!("WRONG: {fault}"));
            // Writing to a `String` can't fail.
            let _ = write!(
                line,
                ", {vanished}; {bytes} bytes sent, {bytes_arrived} came, then {} of {}; {verdict}",
                port.after.bytes_arrived, port.after.bytes
            );
        }
        line.push('\n');
        line
    }
}

impl Report {
    /// The exit code; that of a failure is the failure's.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.ended_by {
            Some(failure) => failure.exit_code(),
            None if self.clean => CLEAN,
            None => DATA_WRONG,
        }
    }

    /// The last line; nothing after one plain restart, which its own line tells all of.
    #[must_use]
    pub fn totals(&self) -> String {
        if self.times == 1 && self.port.is_none() {
            return String::new();
        }
        let mut line = format!("{} of {} restarts", self.restarts.len(), self.times);
        if let Some(load) = &self.load {
            let wrong = self.restarts.iter();
            let wrong = wrong.filter(|it| it.port.as_ref().is_some_and(|it| it.fault.is_some()));
            let _ = write!(
                line,
                ", {} bytes sent under load, {} came; data wrong in {}",
                load.bytes,
                load.bytes_arrived,
                wrong.count()
            );
        }
        if self.interrupted {
            line.push_str("; interrupted");
        }
        line.push('\n');
        line
    }
}
