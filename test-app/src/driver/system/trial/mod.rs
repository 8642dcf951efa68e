//! What driving a test takes from Windows.

mod program;
mod services;
mod values;

use super::System;
use crate::driver::trial::prepared::{Prepared, RawValue};
use crate::driver::trial::windows::{ProgramRun, ServiceState, TrialWindows};
use crate::driver::windows::Called;

impl TrialWindows for System {
    fn build(&self) -> Called<u32> {
        values::build()
    }

    fn log_level(&self) -> Called<Option<RawValue>> {
        values::log_level()
    }

    fn set_log_level(&mut self, value: Option<&RawValue>) -> Called<()> {
        values::set_log_level(value)
    }

    fn service(&self, name: &str) -> Called<Option<ServiceState>> {
        services::state(name)
    }

    fn start_service(&mut self, name: &str) -> Called<()> {
        services::start(name)
    }

    fn stop_service(&mut self, name: &str) -> Called<()> {
        services::stop(name)
    }

    fn prepared(&self) -> Called<Prepared> {
        values::prepared()
    }

    fn keep_prepared(&mut self, prepared: &Prepared) -> Called<()> {
        values::keep_prepared(prepared)
    }

    fn drivers32(&self) -> Called<Vec<(String, String)>> {
        values::drivers32()
    }

    fn run_verifier(&mut self, arguments: &[&str]) -> Called<ProgramRun> {
        program::run("verifier.exe", arguments)
    }
}
