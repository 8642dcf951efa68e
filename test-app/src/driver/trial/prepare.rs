//! Preparing Windows for a test: setupapi's log in detail, and the audio services that winmm's MIDI takes.
//!
//! What was there before each change is remembered first. A power cut at any moment leaves a record of at
//! least what was changed, and undoing what was never done does no harm.

use std::fmt;

use super::advice::{explained, refused};
use super::prepared::{Change, Prepared, RawValue};
use super::windows::{ServiceState, TrialWindows};
use crate::driver::windows::Called;
use crate::failure::Failure;

/// setupapi logs everything, and writes each line at once.
pub const LOG_LEVEL: u32 = 0x2000_FFFF;

/// The services that winmm's MIDI takes, in the order in which they start.
pub const SERVICES: [&str; 2] = ["AudioEndpointBuilder", "Audiosrv"];

/// What is to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// What is left as it is, though it may matter.
    pub remarks: Vec<String>,
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            match change {
                Change::LogLevel { before } => {
                    let before = before
                        .as_ref()
                        .map_or("not there".into(), RawValue::describe);
                    writeln!(
                        formatter,
                        "set setupapi's LogLevel to {LOG_LEVEL:#x} (now: {before})"
                    )?;
                }
                Change::Started { service } => writeln!(formatter, "start service {service}")?,
            }
        }
        self.remarks
            .iter()
            .try_for_each(|remark| writeln!(formatter, "{remark}"))
    }
}

/// Looks what is to be changed.
///
/// # Errors
/// If Windows does not tell.
pub fn plan(windows: &dyn TrialWindows) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let before = windows
        .log_level()
        .map_err(|error| refused("setupapi's LogLevel can't be read", &error))?;
    if before != Some(RawValue::number(LOG_LEVEL)) {
        plan.changes.push(Change::LogLevel { before });
    }
    for service in SERVICES {
        let state = windows
            .service(service)
            .map_err(|error| refused(&format!("service {service} can't be asked"), &error))?;
        match state {
            Some(ServiceState::Running) => {}
            Some(_) => plan.changes.push(Change::Started {
                service: service.to_owned(),
            }),
            None => plan.remarks.push(format!(
                "this Windows has no service {service}, so winmm may list no ports"
            )),
        }
    }
    Ok(plan)
}

/// What `--undo` would undo, the newest first.
///
/// # Errors
/// If it can't be read.
pub fn recorded(windows: &dyn TrialWindows) -> Result<Vec<Change>, Failure> {
    let prepared = read(windows)?;
    Ok(prepared.0.into_iter().rev().collect())
}

/// Carries out a plan.
///
/// # Errors
/// What failed; what this call changed is undone.
pub fn apply(plan: &Plan, windows: &mut dyn TrialWindows) -> Result<(), Failure> {
    let mut record = read(windows)?;
    let mut done = Vec::new();
    for change in &plan.changes {
        if let Err((doing, error)) = make(change, &mut record, &mut done, windows) {
            let left = roll_back(done, &mut record, windows);
            let undone = if left.is_empty() {
                "what was done before it was undone".to_owned()
            } else {
                format!(
                    "of what was done before it this is left, run `driver prepare --undo`: {}",
                    left.join(", ")
                )
            };
            return Err(Failure::Device(format!("{doing}: {error}; {undone}")));
        }
    }
    Ok(())
}

/// Undoes all that is recorded; returns what was undone, the newest first.
///
/// # Errors
/// What could not be undone; it stays recorded, and the rest is undone all the same.
pub fn undo(windows: &mut dyn TrialWindows) -> Result<Vec<Change>, Failure> {
    let mut record = read(windows)?;
    let (mut undone, mut failed) = (Vec::new(), None);
    for change in record.0.clone().into_iter().rev() {
        let forgotten = revert(&change, windows).and_then(|()| {
            record.0.retain(|known| *known != change);
            windows.keep_prepared(&record)
        });
        match forgotten {
            Ok(()) => undone.push(change),
            Err(error) => {
                failed.get_or_insert((change, error));
            }
        }
    }
    match failed {
        None => Ok(undone),
        Some((change, error)) => {
            let doing = format!(
                "can't {}, which the next `driver prepare --undo` tries again",
                change.describe_undoing()
            );
            Err(refused(&doing, &error))
        }
    }
}

/// A change that this run made, or began to make.
struct Made {
    change: Change,
    /// This run recorded it; else an earlier one did, which knows what was there before that.
    is_new: bool,
}

fn read(windows: &dyn TrialWindows) -> Result<Prepared, Failure> {
    windows
        .prepared()
        .map_err(|error| refused("what was prepared can't be read", &error))
}

/// Records a change, then makes it.
fn make(
    change: &Change,
    record: &mut Prepared,
    made: &mut Vec<Made>,
    windows: &mut dyn TrialWindows,
) -> Result<(), (String, String)> {
    let is_new = !record.0.iter().any(|known| known.is_of_the_same(change));
    if is_new {
        record.0.push(change.clone());
        if let Err(error) = windows.keep_prepared(record) {
            record.0.pop();
            // It may have been written all the same. If this fails too, the record tells of more than
            // there is, which is undone without harm.
            let _ = windows.keep_prepared(record);
            return Err((
                "can't remember what was there before".into(),
                explained(&error),
            ));
        }
    }
    made.push(Made {
        change: change.clone(),
        is_new,
    });
    let (doing, outcome) = match change {
        Change::LogLevel { .. } => (
            "can't set setupapi's LogLevel".to_owned(),
            windows.set_log_level(Some(&RawValue::number(LOG_LEVEL))),
        ),
        Change::Started { service } => (
            format!("can't start service {service}"),
            windows.start_service(service),
        ),
    };
    outcome.map_err(|error| (doing, explained(&error)))
}

/// Returns what could not be undone, for people.
fn roll_back(
    made: Vec<Made>,
    record: &mut Prepared,
    windows: &mut dyn TrialWindows,
) -> Vec<String> {
    let mut left = Vec::new();
    for Made { change, is_new } in made.into_iter().rev() {
        if revert(&change, windows).is_err() {
            left.push(change.describe_undoing());
        } else if is_new {
            record.0.retain(|known| *known != change);
            // See `make`.
            let _ = windows.keep_prepared(record);
        }
    }
    left
}

fn revert(change: &Change, windows: &mut dyn TrialWindows) -> Called<()> {
    match change {
        Change::LogLevel { before } => windows.set_log_level(before.as_ref()),
        Change::Started { service } => windows.stop_service(service),
    }
}
