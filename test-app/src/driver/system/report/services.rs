//! How services are.

use windows_sys::Win32::System::Services::SERVICE_QUERY_STATUS;

use crate::driver::report::evidence::Service;
use crate::driver::system::{registry, services};
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

/// How one is, if it is there.
pub fn service(name: &str) -> Called<Option<Service>> {
    let Some(service) = services::open(name, SERVICE_QUERY_STATUS)? else {
        return Ok(None);
    };
    let state = service.current_state()?;
    let start = registry::number(
        &format!(r"SYSTEM\CurrentControlSet\Services\{name}"),
        "Start",
    );
    Ok(Some(Service {
        start: named(&STARTS, start),
        state: named(&STATES, state.checked_sub(1)),
    }))
}

fn named(names: &[&str], index: Option<u32>) -> String {
    let name = index.and_then(|index| names.get(index as usize));
    (*name.unwrap_or(&"unknown")).to_owned()
}
