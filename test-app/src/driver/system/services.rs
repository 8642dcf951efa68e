//! Services.

use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_MARKED_FOR_DELETE,
};
use windows_sys::Win32::Storage::FileSystem::DELETE;
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, DeleteService, OpenSCManagerW, OpenServiceW, QueryServiceStatus, SC_HANDLE,
    SC_MANAGER_CONNECT, SERVICE_QUERY_STATUS, SERVICE_STATUS,
};

use super::wide::wide;
use super::{checked, last_error, registry};
use crate::driver::windows::Called;

/// The manager of services, or one of them.
pub struct Handle(pub SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseServiceHandle(self.0) };
    }
}

impl Handle {
    /// What the service does now (`SERVICE_STOPPED` and those that follow it). It has to be open with
    /// [`SERVICE_QUERY_STATUS`].
    pub fn current_state(&self) -> Called<u32> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: it is open, and `status` has room.
        let done = unsafe { QueryServiceStatus(self.0, &raw mut status) };
        checked("QueryServiceStatus", done)?;
        Ok(status.dwCurrentState)
    }
}

/// Whether there is one of that name.
pub fn has(name: &str) -> Called<bool> {
    Ok(open(name, SERVICE_QUERY_STATUS)?.is_some())
}

/// The path of its image, as its key has it.
pub fn image(name: &str) -> Called<Option<String>> {
    if !has(name)? {
        return Ok(None);
    }
    let key = format!(r"SYSTEM\CurrentControlSet\Services\{name}");
    registry::string(&key, "ImagePath")
}

/// Removes it; it goes when its driver is unloaded.
pub fn remove(name: &str) -> Called<()> {
    let Some(service) = open(name, DELETE)? else {
        return Ok(());
    };
    // SAFETY: it is open with the right to do that.
    let done = unsafe { DeleteService(service.0) };
    match checked("DeleteService", done) {
        Err(error) if error.code == ERROR_SERVICE_MARKED_FOR_DELETE => Ok(()),
        other => other,
    }
}

/// Opens one, if it is there.
pub fn open(name: &str, rights: u32) -> Called<Option<Handle>> {
    // SAFETY: without names it is this machine's manager.
    let manager = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), SC_MANAGER_CONNECT) };
    if manager.is_null() {
        return Err(last_error("OpenSCManagerW"));
    }
    let manager = Handle(manager);
    let name = wide(name);
    // SAFETY: the manager is open, and the name ends with a zero.
    let service = unsafe { OpenServiceW(manager.0, name.as_ptr(), rights) };
    if !service.is_null() {
        return Ok(Some(Handle(service)));
    }
    let error = last_error("OpenServiceW");
    match error.code {
        ERROR_SERVICE_DOES_NOT_EXIST => Ok(None),
        _ => Err(error),
    }
}
