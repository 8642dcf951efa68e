//! Starting and stopping services.

use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE,
    ERROR_SERVICE_REQUEST_TIMEOUT,
};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, ControlService, OpenSCManagerW, OpenServiceW, QueryServiceStatus,
    SC_HANDLE, SC_MANAGER_CONNECT, SERVICE_CONTROL_STOP, SERVICE_QUERY_STATUS, SERVICE_RUNNING,
    SERVICE_START, SERVICE_STATUS, SERVICE_STOP, SERVICE_STOPPED, StartServiceW,
};

use super::super::wide::wide;
use super::super::{checked, last_error};
use crate::driver::trial::windows::ServiceState;
use crate::driver::windows::{Called, SystemError};

/// Windows gives a service half a minute, too.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The manager of services, or one of them.
struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// What a service does, if it is there.
pub fn state(name: &str) -> Called<Option<ServiceState>> {
    match open(name, SERVICE_QUERY_STATUS) {
        Ok(service) => service.state().map(Some),
        Err(error) if error.code == ERROR_SERVICE_DOES_NOT_EXIST => Ok(None),
        Err(error) => Err(error),
    }
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
    service.wait("StartServiceW", ServiceState::Running)
}

/// Stops it, and waits until it has.
pub fn stop(name: &str) -> Called<()> {
    let service = match open(name, SERVICE_QUERY_STATUS | SERVICE_STOP) {
        Err(error) if error.code == ERROR_SERVICE_DOES_NOT_EXIST => return Ok(()),
        other => other?,
    };
    let mut status = SERVICE_STATUS::default();
    // SAFETY: it is open with the right to do that, and `status` has room.
    let done = unsafe { ControlService(service.0, SERVICE_CONTROL_STOP, &raw mut status) };
    match checked("ControlService", done) {
        Err(error) if error.code == ERROR_SERVICE_NOT_ACTIVE => {}
        other => other?,
    }
    service.wait("ControlService", ServiceState::Stopped)
}

fn open(name: &str, rights: u32) -> Called<Handle> {
    // SAFETY: without names it is this machine's manager.
    let manager = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), SC_MANAGER_CONNECT) };
    if manager.is_null() {
        return Err(last_error("OpenSCManagerW"));
    }
    let manager = Handle(manager);
    let name = wide(name);
    // SAFETY: the manager is open, and the name ends with a zero.
    let service = unsafe { OpenServiceW(manager.0, name.as_ptr(), rights) };
    if service.is_null() {
        return Err(last_error("OpenServiceW"));
    }
    Ok(Handle(service))
}

impl Handle {
    fn state(&self) -> Called<ServiceState> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: it is open with the right to do that, and `status` has room.
        let done = unsafe { QueryServiceStatus(self.0, &raw mut status) };
        checked("QueryServiceStatus", done)?;
        Ok(match status.dwCurrentState {
            SERVICE_RUNNING => ServiceState::Running,
            SERVICE_STOPPED => ServiceState::Stopped,
            _ => ServiceState::Between,
        })
    }

    fn wait(&self, function: &'static str, wanted: ServiceState) -> Called<()> {
        let begin = Instant::now();
        while self.state()? != wanted {
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
}
