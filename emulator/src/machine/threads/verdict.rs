//! When threads don't get on: what stops the machine then.

use std::time::Duration;

use super::{KernelThread, Machine, SCENARIO, Wait};
use crate::machine::stop::BugCheck;

/// A thread that has not come out of the driver for this long never will, and one that is waited for
/// has then been waited for in vain. Drivers wait for hardware, which takes milliseconds; Windows gives
/// a power request ten minutes (`DRIVER_POWER_STATE_FAILURE`).
const PATIENCE: Duration = Duration::from_mins(1);

impl Machine {
    /// Stops the machine if a thread does not come out of the driver, or is waited for in vain.
    pub(super) fn stop_if_stuck(&self) {
        let all = self.threads.all.borrow().clone();
        let since_end = self.now() - self.threads.last_end.get();
        let in_driver = all.iter().enumerate().find(|(number, thread)| {
            let time = self.time_in_driver(*number, thread);
            time.is_some_and(|time| time > PATIENCE)
        });
        let in_driver = in_driver
            .map(|(_, thread)| format!("{:?} has not come out of the driver", thread.name));
        let in_vain = all.iter().find_map(|thread| {
            let since = self.now() - thread.running_since.get();
            match &*thread.wait.borrow() {
                Wait::End(other) if since.min(since_end) > PATIENCE => Some(format!(
                    "{:?} waits for the end of {:?}",
                    thread.name, other.name
                )),
                _ => None,
            }
        });
        if let Some(what) = in_driver.or(in_vain) {
            self.stop_for_threads(&format!("for {PATIENCE:?} {what}"));
        }
    }

    /// The same for the current thread alone, which may be busy and never wait.
    pub(super) fn stop_if_current_is_stuck(&self) {
        if self.in_driver() && self.now() - self.in_driver_since.get() > PATIENCE {
            self.stop_if_stuck();
        }
    }

    /// Stops the machine, whose threads all wait for each other.
    pub(super) fn stop_for_deadlock(&self) -> ! {
        self.stop_for_threads("a deadlock: no thread can go on")
    }

    fn stop_for_threads(&self, what: &str) -> ! {
        let all = self.threads.all.borrow().clone();
        let unfinished = all
            .iter()
            .enumerate()
            .filter(|(_, thread)| !thread.is_finished());
        let states: Vec<String> = unfinished
            .map(|(number, thread)| self.describe(number, thread))
            .collect();
        self.bug_check(
            BugCheck::ThreadStuckInDeviceDriver,
            format!("{what} ({})", states.join("; ")),
        )
    }

    fn time_in_driver(&self, number: usize, thread: &KernelThread) -> Option<Duration> {
        let (depth, since) = if number == self.threads.current.get() {
            (self.driver_depth.get(), self.in_driver_since.get())
        } else {
            let saved = thread.saved.get();
            (saved.driver_depth, saved.in_driver_since)
        };
        (depth > 0 && !thread.is_finished()).then(|| self.now() - since)
    }

    fn describe(&self, number: usize, thread: &KernelThread) -> String {
        let name_of = |number: usize| self.threads.get(number).name.clone();
        let does = match &*thread.wait.borrow() {
            Wait::Ready => "is ready".to_owned(),
            Wait::Until(until) => format!("sleeps until {until}"),
            Wait::Change { until, .. } => format!("waits for something, until {until}"),
            Wait::Lock(owner) => match owner.get() {
                Some(holder) => format!(
                    "waits for {}, which {:?} holds",
                    owner.name,
                    name_of(holder)
                ),
                None => format!("waits for {}", owner.name),
            },
            Wait::End(other) => format!("waits for the end of {:?}", other.name),
            Wait::Preemption(other) => format!("waits for the point of {:?}", other.name),
            Wait::Ended => "has ended".to_owned(),
            Wait::Abandoned => "was given up".to_owned(),
        };
        let place = match self.time_in_driver(number, thread) {
            Some(time) => format!(", in the driver for {time:?}"),
            None => String::new(),
        };
        let name = if number == SCENARIO {
            "the scenario".to_owned()
        } else {
            format!("thread {:?}", thread.name)
        };
        format!("{name} {does}{place}")
    }
}
