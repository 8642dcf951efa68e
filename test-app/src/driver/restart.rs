//! Restarting the driver's devices, by which changed parameters count.

use super::advice::refused;
use super::problems;
use super::windows::{Restart, Windows};
use crate::failure::Failure;

/// The answer where the driver has no device.
#[must_use]
pub fn no_device() -> Failure {
    Failure::NoSuchPort("the driver has no device: run `driver install`".into())
}

/// Stops all devices of the driver and starts them again; returns their names.
///
/// # Errors
/// Which device does not stop or start.
pub fn restart(windows: &mut dyn Windows) -> Result<(Vec<String>, Restart), Failure> {
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    machine.lets_change()?;
    let list = |windows: &dyn Windows| {
        windows
            .devices()
            .map_err(|error| refused("devices can't be listed", &error))
    };
    let devices = list(windows)?;
    if devices.is_empty() {
        return Err(no_device());
    }
    let mut outcome = Restart::NotNeeded;
    for device in &devices {
        let doing = format!("{} can't be restarted", device.instance);
        let restart = windows
            .restart_device(&device.instance)
            .map_err(|error| refused(&doing, &error))?;
        outcome = outcome.or(restart);
    }
    if outcome == Restart::NotNeeded
        && let Some(device) = list(windows)?.iter().find(|device| device.problem != 0)
    {
        let problem = problems::explain(device.problem);
        return Err(Failure::Device(format!("{}: {problem}", device.instance)));
    }
    let names = devices.into_iter().map(|device| device.instance).collect();
    Ok((names, outcome))
}
