//! What Windows says for a report.

mod files;
mod names;
mod services;

use std::env;

use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::Threading::GetCurrentProcessId;

use super::{checked, program, registry};
use crate::driver::report::child;
use crate::driver::report::evidence::{Dump, Evidence, Limits, Names, Program, Ran, Service, Tail};
use crate::driver::windows::Called;

/// The Windows that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collector;

impl Evidence for Collector {
    fn names(&self) -> Called<Names> {
        names::names()
    }

    fn text(&self, key: &str, value: &str) -> Called<Option<String>> {
        registry::string(key, value)
    }

    fn number(&self, key: &str, value: &str) -> Option<u32> {
        registry::number(key, value)
    }

    fn session(&self) -> Called<u32> {
        let mut session = 0;
        // SAFETY: it reads a number of this process.
        let process = unsafe { GetCurrentProcessId() };
        // SAFETY: it is this process, and the number has room.
        let done = unsafe { ProcessIdToSessionId(process, &raw mut session) };
        checked("ProcessIdToSessionId", done)?;
        Ok(session)
    }

    fn service(&self, name: &str) -> Called<Option<Service>> {
        services::service(name)
    }

    fn run(&self, program: Program, arguments: &[&str], limits: Limits) -> Result<Ran, String> {
        let command = match program {
            Program::System(name) => program::of_system(name),
            Program::Own => program::alone(&env::current_exe().map_err(|error| error.to_string())?),
        };
        let mut command = command.map_err(|error| error.to_string())?;
        command.args(arguments);
        child::run(&mut command, limits).map_err(|error| match program {
            Program::System(name) => format!("{name} can't be run: {error}"),
            Program::Own => format!("this program can't be run again: {error}"),
        })
    }

    fn tail(&self, path: &[&str], limit: usize) -> Result<Tail, String> {
        files::tail(path, limit)
    }

    fn dumps(&self) -> Result<Vec<Dump>, String> {
        files::dumps()
    }

    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }
}
