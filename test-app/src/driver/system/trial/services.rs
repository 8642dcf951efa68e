//! Starting and stopping services.

use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE,
    ERROR_SERVICE_REQUEST_TIMEOUT,
};
use windows_sys::Win32::System::Services::{
    ControlService, SERVICE_CONTROL_STOP, SERVICE_QUERY_STATUS, SERVICE_RUNNING, SERVICE_START,
    SERVICE_STATUS, SERVICE_STOP, SERVICE_STOPPED, StartServiceW,
};

use super::super::checked;
use super::super::services::{self, Handle};
use crate::driver::trial::windows::ServiceState;
use crate::driver::windows::{Called, SystemError};

/// Windows gives a service half a minute, too.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// What a service does, if it is there.
pub fn state(name: &str) -> Called<Option<ServiceState>> {
    let service = services::open(name, SERVICE_QUERY_STATUS)?;
    service.as_ref().map(state_of).transpose()
}

/// Starts it, and waits until it runs.
pub fn start(name: &str) -> Called<()> {
    let service = open(name, SERVICE_QUERY_STATUS | SERVICE_START)?;
    // SAFETY: it is open with the right to do that, and gets no arguments.
    let done = unsafe { StartServiceW(service.0, 0, ptr::null()) };
    match checked("StartServiceW", done) {
        Err(error) if error.code == ERROR_SERVICE_ALREADY_RUNNING => {}
        other => other?,
    }
    wait(&service, "StartServiceW", ServiceState::Running)
}

/// Stops it, and waits until it has.
pub fn stop(name: &str) -> Called<()> {
    let Some(service) = services::open(name, SERVICE_QUERY_STATUS | SERVICE_STOP)? else {
        return Ok(());
    };
    let mut status = SERVICE_STATUS::default();
    // SAFETY: it is open with the right to do that, and `status` has room.
    let done = unsafe { ControlService(service.0, SERVICE_CONTROL_STOP, &raw mut status) };
    match checked("ControlService", done) {
        Err(error) if error.code == ERROR_SERVICE_NOT_ACTIVE => {}
        other => other?,
    }
    wait(&service, "ControlService", ServiceState::Stopped)
}

/// Opens one that has to be there.
fn open(name: &str, rights: u32) -> Called<Handle> {
    services::open(name, rights)?.ok_or(SystemError {
        function: "OpenServiceW",
        code: ERROR_SERVICE_DOES_NOT_EXIST,
    })
}

/// What it does now.
fn state_of(service: &Handle) -> Called<ServiceState> {
    Ok(match service.current_state()? {
        SERVICE_RUNNING => ServiceState::Running,
        SERVICE_STOPPED => ServiceState::Stopped,
        _ => ServiceState::Between,
    })
}

fn wait(service: &Handle, function: &'static str, wanted: ServiceState) -> Called<()> {
    let begin = Instant::now();
    while state_of(service)? != wanted {
        if begin.elapsed() >= PATIENCE {
            return Err(SystemError {
                function,
                code: ERROR_SERVICE_REQUEST_TIMEOUT,
            });
        }
        thread::sleep(LOOK);
    }
    Ok(())
}
