//! A Windows that is made of nothing but what driving a test changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::clock::Clock;
use super::prepared::{Prepared, RawValue};
use super::windows::{ProgramRun, ServiceState, TrialWindows};
use crate::driver::windows::{Called, SystemError};

/// What a test changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub log_level: Option<RawValue>,
    pub services: BTreeMap<String, bool>,
    pub prepared: Prepared,
}

/// When the power fails, at the change of the given number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Before(usize),
    After(usize),
}

pub struct FakeTrial {
    pub state: State,
    pub build: u32,
    /// The change that fails, counted from 0, and with which code.
    pub failing: Option<(usize, u32)>,
    /// From this one on nothing is changed any more.
    pub cut: Option<Cut>,
    /// The question that always fails.
    pub broken: Option<&'static str>,
    pub tried: usize,
    pub is_off: bool,
    pub done: Vec<String>,
    pub drivers32: Vec<(String, String)>,
    /// What `verifier.exe` will answer, in turn.
    pub answers: VecDeque<(i32, &'static str)>,
    /// The arguments that it was given.
    pub verifier: Vec<String>,
}

impl Default for FakeTrial {
    fn default() -> Self {
        Self {
            state: State::default(),
            build: 26100,
            failing: None,
            cut: None,
            broken: None,
            tried: 0,
            is_off: false,
            done: Vec::new(),
            drivers32: Vec::new(),
            answers: VecDeque::new(),
            verifier: Vec::new(),
        }
    }
}

/// Service, and what it needs to run.
const NEEDS: [(&str, &str); 1] = [("Audiosrv", "AudioEndpointBuilder")];

impl FakeTrial {
    pub fn with(services: &[(&str, bool)]) -> Self {
        let services = services.iter();
        let services = services.map(|(name, runs)| ((*name).to_owned(), *runs));
        let mut windows = Self::default();
        windows.state.services = services.collect();
        windows
    }

    fn change(&mut self, what: String, act: impl FnOnce(&mut State)) -> Called<()> {
        let index = self.tried;
        self.tried += 1;
        let failed = |code| SystemError {
            function: "change",
            code,
        };
        if self.is_off || self.cut == Some(Cut::Before(index)) {
            self.is_off = true;
            return Err(failed(21));
        }
        if let Some((failing, code)) = self.failing
            && failing == index
        {
            return Err(failed(code));
        }
        act(&mut self.state);
        self.done.push(what);
        if self.cut == Some(Cut::After(index)) {
            self.is_off = true;
            return Err(failed(21));
        }
        Ok(())
    }

    fn ask(&self, what: &'static str) -> Called<()> {
        if self.broken == Some(what) {
            return Err(SystemError {
                function: what,
                code: 5,
            });
        }
        Ok(())
    }

    fn runs(&self, name: &str) -> bool {
        self.state.services.get(name) == Some(&true)
    }
}

impl TrialWindows for FakeTrial {
    fn build(&self) -> Called<u32> {
        self.ask("build")?;
        Ok(self.build)
    }

    fn log_level(&self) -> Called<Option<RawValue>> {
        self.ask("log_level")?;
        Ok(self.state.log_level.clone())
    }

    fn set_log_level(&mut self, value: Option<&RawValue>) -> Called<()> {
        let value = value.cloned();
        self.change("log level".into(), |state| state.log_level = value)
    }

    fn service(&self, name: &str) -> Called<Option<ServiceState>> {
        self.ask("service")?;
        let runs = self.state.services.get(name);
        Ok(runs.map(|runs| {
            if *runs {
                ServiceState::Running
            } else {
                ServiceState::Stopped
            }
        }))
    }

    fn start_service(&mut self, name: &str) -> Called<()> {
        let mut needs = NEEDS.iter().filter(|(service, _)| *service == name);
        assert!(needs.all(|(_, needed)| self.runs(needed)), "{name}: order");
        let name = name.to_owned();
        self.change(format!("start {name}"), |state| {
            state.services.insert(name, true);
        })
    }

    fn stop_service(&mut self, name: &str) -> Called<()> {
        let mut users = NEEDS.iter().filter(|(_, needed)| *needed == name);
        if users.any(|(service, _)| self.runs(service)) {
            return Err(SystemError {
                function: "ControlService",
                code: 1051,
            });
        }
        let name = name.to_owned();
        self.change(format!("stop {name}"), |state| {
            state.services.insert(name, false);
        })
    }

    fn prepared(&self) -> Called<Prepared> {
        self.ask("prepared")?;
        Ok(self.state.prepared.clone())
    }

    fn keep_prepared(&mut self, prepared: &Prepared) -> Called<()> {
        let prepared = prepared.clone();
        self.change("record".into(), |state| state.prepared = prepared)
    }

    fn drivers32(&self) -> Called<Vec<(String, String)>> {
        self.ask("drivers32")?;
        Ok(self.drivers32.clone())
    }

    fn run_verifier(&mut self, arguments: &[&str]) -> Called<ProgramRun> {
        self.ask("verifier")?;
        let arguments = arguments.join(" ");
        self.verifier.push(arguments.clone());
        let (exit_code, output) = self.answers.pop_front().expect("an answer");
        Ok(ProgramRun {
            command_line: format!(r"C:\Windows\System32\verifier.exe {arguments}"),
            exit_code: Some(exit_code),
            output: output.to_owned(),
        })
    }
}

/// A clock that goes on only when it is waited by; clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct FakeClock(Arc<Mutex<Duration>>);

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        *self.0.lock().expect("a whole clock")
    }

    fn sleep(&mut self, time: Duration) {
        *self.0.lock().expect("a whole clock") += time;
    }
}
