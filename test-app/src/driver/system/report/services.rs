//! How services are.

use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SERVICE_DOES_NOT_EXIST;
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QueryServiceStatus, SC_HANDLE,
    SC_MANAGER_CONNECT, SERVICE_QUERY_STATUS, SERVICE_STATUS,
};

use crate::driver::report::evidence::Service;
use crate::driver::system::wide::wide;
use crate::driver::system::{checked, last_error, registry};
use crate::driver::windows::Called;

/// `SERVICE_BOOT_START` and those that follow it.
const STARTS: [&str; 5] = ["boot", "system", "automatic", "manual", "disabled"];
/// `SERVICE_STOPPED`, which is 1, and those that follow it.
const STATES: [&str; 7] = [
    "stopped",
    "starting",
    "stopping",
    "running",
    "continuing",
    "pausing",
    "paused",
];

/// The manager of services, or one of them.
struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// How one is, if it is there.
pub fn service(name: &str) -> Called<Option<Service>> {
    let Some(service) = open(name)? else {
        return Ok(None);
    };
    let mut status = SERVICE_STATUS::default();
    // SAFETY: it is open with the right to do that, and `status` has room.
    let done = unsafe { QueryServiceStatus(service.0, &raw mut status) };
    checked("QueryServiceStatus", done)?;
    let start = registry::number(
        &format!(r"SYSTEM\CurrentControlSet\Services\{name}"),
        "Start",
    );
    Ok(Some(Service {
        start: named(&STARTS, start),
        state: named(&STATES, status.dwCurrentState.checked_sub(1)),
    }))
}

fn named(names: &[&str], index: Option<u32>) -> String {
    let name = index.and_then(|index| names.get(index as usize));
    (*name.unwrap_or(&"unknown")).to_owned()
}

fn open(name: &str) -> Called<Option<Handle>> {
    // SAFETY: without names it is this machine's manager.
    let manager = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), SC_MANAGER_CONNECT) };
    if manager.is_null() {
        return Err(last_error("OpenSCManagerW"));
    }
    let manager = Handle(manager);
    let name = wide(name);
    // SAFETY: the manager is open, and the name ends with a zero.
    let service = unsafe { OpenServiceW(manager.0, name.as_ptr(), SERVICE_QUERY_STATUS) };
    if !service.is_null() {
        return Ok(Some(Handle(service)));
    }
    let error = last_error("OpenServiceW");
    match error.code {
        ERROR_SERVICE_DOES_NOT_EXIST => Ok(None),
        _ => Err(error),
    }
}
