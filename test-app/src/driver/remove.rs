//! Removing: what an installation added, and nothing else.

use std::path::{Path, PathBuf};

use super::SERVICE;
use super::advice::refused;
use super::dialog::Dialog;
use super::inf;
use super::install::alone;
use super::leftovers::{FoundCertificate, Leftovers, copies};
use super::place;
use super::record::{Addition, Record, is_own_device, is_own_service};
use super::windows::{Called, Restart, Windows};
use crate::failure::Failure;

/// What is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// This program.
    pub program: PathBuf,
    /// Test certificates too that no installation has written down.
    pub certificate: bool,
}

/// What a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// What is gone, in the order in which it went.
    pub gone: Vec<Addition>,
    /// What was recorded, and is something else by now.
    pub foreign: Vec<String>,
    /// What is still there that no installation has written down.
    pub others: Vec<String>,
    /// Whether some of it goes with the next start of Windows only.
    pub restart: Restart,
    /// What of the machine is still weakened, and how that ends.
    pub weakened: Vec<String>,
}

/// Removes all that [`install`](super::install::install) added: device, package, service, certificates,
/// copies. Each is compared with what has its name by now.
///
/// # Errors
/// What stands in the way. What could be removed is; what is left is remembered for the next time.
pub fn remove(
    request: &Request,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Result<Removed, Failure> {
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    machine.lets_change()?;
    let _alone = alone(windows)?;
    let mut places = vec![request.program.clone()];
    places.extend(request.program.parent().map(Path::to_owned));
    place::check(&places, windows)?;
    let told = |error| refused("what is there of the driver can't be listed", &error);
    let mut record =
        Record::of(windows).map_err(|error| refused("what was installed can't be read", &error))?;
    let mut chosen: Vec<_> = record.steps.iter().map(|step| step.what.clone()).collect();
    if record.is_unreadable {
        dialog.say(
            "what an installation wrote down can't be read: what is known by hardware id, INF file and image is removed",
        );
        chosen = recognised(windows).map_err(told)?;
    } else {
        // Copies that a killed run has left are nobody else's.
        let found = Leftovers::find(&record, true, windows).map_err(told)?;
        let strays = copies(&found).into_iter().filter(|it| !record.has(it));
        chosen.splice(0..0, strays);
    }
    let mut taken_back = record.take_back(&chosen, windows, dialog);
    if let Some((addition, error)) = taken_back.left.first() {
        let what = addition.describe();
        let doing =
            format!("{what} can't be removed, and is tried again by the next `driver remove`");
        return Err(refused(&doing, error));
    }
    if record.is_unreadable {
        record
            .give_up(windows)
            .map_err(|error| refused("the record that can't be read can't be removed", &error))?;
    }
    if request.certificate {
        let found = Leftovers::find(&record, true, windows).map_err(told)?;
        let gone = remove_certificates(&found.certificates, windows, dialog)?;
        taken_back.gone.extend(gone);
    }
    let found = Leftovers::find(&record, true, windows).map_err(told)?;
    let mut others = found.lines(true);
    if !record.is_empty() {
        others.push(
            "steps that a newer version of this program wrote down; its own `driver remove` takes them back".to_owned(),
        );
    }
    Ok(Removed {
        gone: taken_back.gone,
        foreign: taken_back.foreign,
        others,
        restart: taken_back.restart,
        weakened: machine.weakened(),
    })
}

/// What is the driver's without a record that says so: certificates are only shown.
fn recognised(windows: &dyn Windows) -> Called<Vec<Addition>> {
    let mut chosen: Vec<_> = windows.copies()?.into_iter().map(Addition::Copy).collect();
    if windows.has_service(SERVICE)? && is_own_service(windows)? {
        chosen.push(Addition::Service);
    }
    let packages = windows.packages()?.into_iter();
    let packages = packages.filter(|package| inf::is_own(&package.inf));
    chosen.extend(packages.map(|package| Addition::Package {
        name: Some(package.name),
        inf: None,
    }));
    let devices = windows.devices()?.into_iter().filter(is_own_device);
    chosen.extend(devices.map(|device| Addition::Device(Some(device.instance))));
    Ok(chosen)
}

/// Removes certificates that no record has, after they were shown.
fn remove_certificates(
    found: &[FoundCertificate],
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Result<Vec<Addition>, Failure> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let lines = found.iter().map(|it| {
        let (store, subject, sha256) = (it.store.name(), &it.subject, &it.sha256);
        format!("certificate in {store}: {subject}, SHA-256 {sha256}")
    });
    let lines: Vec<_> = lines.collect();
    dialog.agree(&lines, "Remove these certificates?")?;
    let mut gone = Vec::new();
    for certificate in found {
        let addition = Addition::Certificate {
            store: certificate.store,
            thumbprint: certificate.thumbprint.clone(),
        };
        let what = addition.describe();
        dialog.say(&format!("removing {what}"));
        windows
            .remove_certificate(certificate.store, &certificate.thumbprint)
            .map_err(|error| refused(&format!("{what} can't be removed"), &error))?;
        dialog.say(&format!("removed {what}"));
        gone.push(addition);
    }
    Ok(gone)
}
