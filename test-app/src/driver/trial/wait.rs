//! Waiting until winmm lists the driver's port.

use std::time::Duration;

use serde::Serialize;

use super::advice::explained;
use super::clock::Clock;
use super::ports::find;
use super::prepare::SERVICES;
use super::windows::{ServiceState, TrialWindows};
use crate::backend::{PortInfo, Ports};
use crate::driver::problems;
use crate::driver::windows::Windows;
use crate::failure::{CLEAN, Failure, NO_SUCH_PORT};
use crate::interrupt::Interrupt;

/// The service of Windows MIDI Services.
pub const MIDISRV: &str = "midisrv";

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// What is waited for, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the port, or a part of it.
    pub port: String,
    /// How long to wait at most.
    pub limit: Duration,
    /// Restart Windows MIDI Services after half of that.
    pub restart_midisrv: bool,
}

/// What is looked at, and by what time.
pub struct World<'a> {
    /// Lists winmm's ports.
    pub ports: &'a mut dyn FnMut() -> Result<Ports, Failure>,
    /// What knows the driver's devices.
    pub windows: &'a dyn Windows,
    /// What knows the services.
    pub trial: &'a mut dyn TrialWindows,
    /// The time.
    pub clock: &'a mut dyn Clock,
    /// The user's wish that it ends.
    pub interrupt: &'a Interrupt,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waited {
    /// Which command's report it is.
    pub command: &'static str,
    /// What was waited for.
    pub port: String,
    /// How long to wait at most, in seconds.
    pub limit_s: f64,
    /// How long it took, in seconds.
    pub waited_s: f64,
    /// Whether winmm lists an output and an input of that name.
    pub found: bool,
    /// The output's name, if it is listed.
    pub output: Option<String>,
    /// The input's name, if it is listed.
    pub input: Option<String>,
    /// What was done to Windows MIDI Services, if it was asked for and the time came.
    pub midisrv: Option<Restarted>,
    /// What was seen instead of the port.
    pub instead: Option<Instead>,
    /// Whether the user ended it early.
    pub interrupted: bool,
}

/// An attempt to restart Windows MIDI Services.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Restarted {
    /// When, in seconds since the beginning.
    pub after_s: f64,
    /// What came of it.
    pub outcome: String,
}

/// What was seen instead of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Instead {
    /// The outputs that are listed.
    pub outputs: Vec<String>,
    /// The inputs that are listed.
    pub inputs: Vec<String>,
    /// The driver's devices.
    pub devices: Vec<SeenDevice>,
    /// The services that MIDI takes.
    pub services: Vec<SeenService>,
    /// The values of `Drivers32`.
    pub drivers32: Vec<SeenDriver>,
    /// What Windows did not tell, and why.
    pub unknown: Vec<String>,
    /// What to do.
    pub advice: String,
}

/// A device of the driver's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenDevice {
    /// Windows' name for it.
    pub instance: String,
    /// The driver runs it.
    pub is_started: bool,
    /// Its problem code; 0 if it has none.
    pub problem: u32,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenService {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub state: &'static str,
}

/// A value of `Drivers32`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenDriver {
    /// Its name.
    pub name: String,
    /// The driver, or the number.
    pub value: String,
}

/// Waits; `tell` gets a line when something is done meanwhile.
///
/// # Errors
/// If ports can't be listed, or the line can't be printed.
pub fn wait(
    goal: &Wanted,
    world: &mut World<'_>,
    tell: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<Waited, Failure> {
    let begin = world.clock.now();
    let mut midisrv = None;
    loop {
        let ports = (world.ports)()?;
        let (output, input) = find(&goal.port, &ports);
        let waited = world.clock.now().saturating_sub(begin);
        let found = output.is_some() && input.is_some();
        let interrupted = world.interrupt.is_raised();
        if found || interrupted || waited >= goal.limit {
            let name = |port: Option<PortInfo>| port.map(|port| port.name);
            let mut ended = Waited {
                command: "driver wait",
                port: goal.port.clone(),
                limit_s: goal.limit.as_secs_f64(),
                waited_s: waited.as_secs_f64(),
                found,
                output: name(output),
                input: name(input),
                midisrv,
                instead: None,
                interrupted: interrupted && !found,
            };
            ended.instead = (!found).then(|| look(&ports, &ended, world));
            return Ok(ended);
        }
        if goal.restart_midisrv && midisrv.is_none() && waited >= goal.limit / 2 {
            let outcome = restart_midisrv(world.trial);
            tell(&format!("{:.1} s: {outcome}\n", waited.as_secs_f64()))?;
            midisrv = Some(Restarted {
                after_s: waited.as_secs_f64(),
                outcome,
            });
        }
        world
            .clock
            .sleep(LOOK.min(goal.limit.saturating_sub(waited)));
    }
}

fn restart_midisrv(trial: &mut dyn TrialWindows) -> String {
    match trial.service(MIDISRV) {
        Ok(Some(ServiceState::Running)) => {}
        Ok(None) => return format!("this Windows has no {MIDISRV}: nothing to restart"),
        Ok(Some(state)) => return format!("{MIDISRV} is {}: not restarted", state.name()),
        Err(error) => return format!("{MIDISRV} can't be asked: {}", explained(&error)),
    }
    let outcome = trial
        .stop_service(MIDISRV)
        .and_then(|()| trial.start_service(MIDISRV));
    match outcome {
        Ok(()) => format!("restarted {MIDISRV}, which may not have noticed the device"),
        Err(error) => format!("{MIDISRV} can't be restarted: {}", explained(&error)),
    }
}

/// What there is instead.
fn look(ports: &Ports, ended: &Waited, world: &World<'_>) -> Instead {
    let names = |ports: &[PortInfo]| ports.iter().map(|port| port.name.clone()).collect();
    let mut instead = Instead {
        outputs: names(&ports.outputs),
        inputs: names(&ports.inputs),
        ..Instead::default()
    };
    match world.windows.devices() {
        Ok(devices) => instead
            .devices
            .extend(devices.into_iter().map(|it| SeenDevice {
                instance: it.instance,
                is_started: it.is_started,
                problem: it.problem,
            })),
        Err(error) => instead.unknown.push(format!("devices: {error}")),
    }
    for name in [SERVICES[0], SERVICES[1], MIDISRV] {
        match world.trial.service(name) {
            Ok(state) => instead.services.push(SeenService {
                name,
                state: state.map_or("not there", ServiceState::name),
            }),
            Err(error) => instead.unknown.push(format!("service {name}: {error}")),
        }
    }
    match world.trial.drivers32() {
        Ok(values) => {
            let values = values.into_iter();
            let values = values.map(|(name, value)| SeenDriver { name, value });
            instead.drivers32.extend(values);
        }
        Err(error) => instead.unknown.push(format!("Drivers32: {error}")),
    }
    instead.advice = advice(&instead, ended);
    instead
}

/// What to do, by the first thing that is not as it should be.
fn advice(seen: &Instead, ended: &Waited) -> String {
    let is_known = !seen.unknown.iter().any(|it| it.starts_with("devices"));
    if seen.devices.is_empty() && is_known {
        return "run `driver install`".into();
    }
    if let Some(device) = seen.devices.iter().find(|it| it.problem != 0) {
        return format!("{}: {}", device.instance, problems::explain(device.problem));
    }
    if seen.devices.iter().any(|it| !it.is_started) {
        return "run `driver restart`".into();
    }
    let is = |name: &str, state: &str| {
        let mut services = seen.services.iter();
        services.any(|it| it.name == name && it.state == state)
    };
    if SERVICES.iter().any(|name| is(name, "stopped")) {
        return "run `driver prepare`, which starts the audio services".into();
    }
    if SERVICES.iter().any(|name| is(name, "not there")) {
        return "winmm needs the audio services, which this Windows does not have: take one with Desktop Experience".into();
    }
    if is(MIDISRV, "running") && ended.midisrv.is_none() {
        return "repeat the command with --restart-midisrv".into();
    }
    "run `driver restart` and repeat the command; if that does not help, report it with what `driver status` and `list` print".into()
}

impl Waited {
    /// The exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.found { CLEAN } else { NO_SUCH_PORT }
    }

    /// The line that ends a wait for a port that came.
    #[must_use]
    pub fn success(&self) -> String {
        format!(
            "{:.1} s: winmm lists output '{}' and input '{}'\n",
            self.waited_s,
            self.output.as_deref().unwrap_or_default(),
            self.input.as_deref().unwrap_or_default()
        )
    }

    /// The line about a port that did not come; `None` if it did.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let seen = self.instead.as_ref()?;
        let missing = match (&self.output, &self.input) {
            (Some(_), _) => "input",
            (_, Some(_)) => "output",
            _ => "port",
        };
        let when = if self.interrupted {
            "when it was interrupted after"
        } else {
            "after"
        };
        let list = |items: Vec<String>| {
            if items.is_empty() {
                "none".into()
            } else {
                items.join(", ")
            }
        };
        let devices = seen.devices.iter().map(|it| {
            let state = match (it.problem, it.is_started) {
                (0, true) => "runs".into(),
                (0, false) => "does not run".into(),
                (problem, _) => format!("problem {problem}"),
            };
            format!("{} {state}", it.instance)
        });
        let services = seen.services.iter();
        let services = services.map(|it| format!("{} {}", it.name, it.state));
        let drivers = seen.drivers32.iter();
        let drivers = drivers.map(|it| format!("{}={}", it.name, it.value));
        let mut parts = vec![
            format!("outputs: {}", list(seen.outputs.clone())),
            format!("inputs: {}", list(seen.inputs.clone())),
            format!("devices: {}", list(devices.collect())),
            format!("services: {}", list(services.collect())),
            format!("Drivers32: {}", list(drivers.collect())),
        ];
        if !seen.unknown.is_empty() {
            parts.push(format!("unknown: {}", seen.unknown.join(", ")));
        }
        Some(Failure::NoSuchPort(format!(
            "winmm lists no {missing} '{}' {when} {:.1} s; {}; {}",
            self.port,
            self.waited_s,
            parts.join("; "),
            seen.advice
        )))
    }
}
