//! Removing: what an installation added, and nothing else.

use super::advice::refused;
use super::record::Addition;
use super::windows::{Restart, Windows};
use crate::failure::Failure;

/// What a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// What is gone, in the order in which it went.
    pub gone: Vec<Addition>,
    /// Packages that devices still use, which something else installed.
    pub others: Vec<String>,
    /// Whether some of it goes with the next start of Windows only.
    pub restart: Restart,
}

/// Removes all that [`install`](super::install::install) added: device, package, service, certificates.
///
/// # Errors
/// What stands in the way. What could be removed is; what is left is remembered for the next time.
pub fn remove(windows: &mut dyn Windows) -> Result<Removed, Failure> {
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    machine.lets_change()?;
    let mut record = windows
        .record()
        .map_err(|error| refused("what was installed can't be read", &error))?;
    let taken_back = record.take_back(0, windows);
    if let Some((addition, error)) = taken_back.left.first() {
        let what = addition.describe();
        let doing =
            format!("{what} can't be removed, and is tried again by the next `driver remove`");
        return Err(refused(&doing, error));
    }
    let devices = windows
        .devices()
        .map_err(|error| refused("devices can't be listed", &error))?;
    let mut others: Vec<_> = devices
        .into_iter()
        .filter_map(|device| device.package)
        .collect();
    others.sort();
    others.dedup();
    Ok(Removed {
        gone: taken_back.gone,
        others,
        restart: taken_back.restart,
    })
}
