//! Installing: steps that are all done, or none of them. Each is written down before it is done, so that
//! a run that is cut off can be continued, or taken back.

use std::path::{Path, PathBuf};

use super::advice::refused;
use super::dialog::Dialog;
use super::leftovers;
use super::machine::Machine;
use super::package::{CATALOG, CERTIFICATE, IMAGE, INF, Package};
use super::place;
use super::problems;
use super::record::{Addition, Record, is_own_device};
use super::upgrade;
use super::windows::{
    Called, Judgement, Lock, Restart, Signature, Store, SystemError, Validity, Windows,
};
use super::{HARDWARE_ID, SERVICE};
use crate::failure::Failure;

/// What the record and the list of packages are asked for when they can't be written or read.
const NOT_REMEMBERED: &str = "what is added can't be remembered";

/// What is installed, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The package.
    pub package: Package,
    /// This program.
    pub program: PathBuf,
    /// Install although test mode is off.
    pub before_test_mode: bool,
}

/// What an installation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// What was not there before.
    pub added: Vec<Addition>,
    /// The loopback port's devices.
    pub devices: Vec<String>,
    /// Whether the driver runs with the next start of Windows only.
    pub restart: Restart,
    /// What else is good to know.
    pub remarks: Vec<String>,
}

/// Keeps other runs away while the result lives.
///
/// # Errors
/// If one is under way.
pub fn alone(windows: &dyn Windows) -> Result<Box<dyn Lock>, Failure> {
    let lock = windows
        .lock()
        .map_err(|error| refused("other runs of this program can't be kept away", &error))?;
    lock.ok_or_else(|| {
        Failure::Device(
            "another midiuart-test installs or removes the driver right now: wait until it has ended, and repeat the command".into(),
        )
    })
}

/// Installs the package: checks first, then a question, then a copy that only administrators may
/// change, the certificate, the package, the device, the driver.
///
/// # Errors
/// What stands in the way; the machine is as it was before.
pub fn install(
    plan: &Plan,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Result<Installed, Failure> {
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    machine.lets_change()?;
    let _alone = alone(windows)?;
    let mut record = readable_record(windows)?;
    let stores = check(plan, &machine, windows)?;
    dialog.agree(&about(plan, &stores, windows)?, "Install?")?;
    let mut steps = Steps {
        package: &plan.package,
        copy: PathBuf::new(),
        stores,
        runs_later: plan.before_test_mode && machine.test_mode == Some(false),
        record: &mut record,
        windows: &mut *windows,
        dialog: &mut *dialog,
        added: Vec::new(),
    };
    let runs_later = steps.runs_later;
    let outcome = steps.all();
    let added = steps.added;
    match outcome {
        Ok((devices, restart)) => {
            let mut remarks = machine.remarks();
            if runs_later {
                remarks.push(
                    "test mode is still off: run `bcdedit /set testsigning on`, with Secure Boot off".to_owned(),
                );
            }
            let upgraded = upgrade::clear_up(&plan.package, &mut record, windows, dialog);
            remarks.extend(upgraded.remarks);
            remarks.extend(leftovers::remarks(&record, windows));
            Ok(Installed {
                added: added
                    .into_iter()
                    .filter(|it| !matches!(it, Addition::Copy(_)))
                    .collect(),
                devices,
                restart: restart.or(upgraded.restart),
                remarks,
            })
        }
        Err(failure) => Err(undone(failure, &mut record, &added, windows, dialog)),
    }
}

fn readable_record(windows: &dyn Windows) -> Result<Record, Failure> {
    let record =
        Record::of(windows).map_err(|error| refused("what is installed can't be read", &error))?;
    if record.is_unreadable {
        return Err(Failure::Device(
            "what an earlier installation wrote down can't be read: run `driver remove`, which finds what is there without it".into(),
        ));
    }
    if !record.unknown.is_empty() {
        return Err(Failure::Device(
            "a newer version of this program has installed the driver: take that one, or run `driver remove` first".into(),
        ));
    }
    Ok(record)
}

/// Checks all that can be checked before anything is changed; returns the stores that the certificate has
/// to be put into.
fn check(plan: &Plan, machine: &Machine, windows: &dyn Windows) -> Result<Vec<Store>, Failure> {
    let package = &plan.package;
    package.is_for(machine.architecture)?;
    let files = [INF, IMAGE, CATALOG, CERTIFICATE];
    let mut places = place::of_package(&package.folder, &files);
    places.push(plan.program.clone());
    places.extend(plan.program.parent().map(Path::to_owned));
    place::check(&places, windows)?;
    match package.signer.validity(windows.now()) {
        Validity::Now => {}
        Validity::NotYet => {
            return Err(Failure::Usage(format!(
                "{CERTIFICATE} is not valid yet: set this machine's clock"
            )));
        }
        Validity::Expired => {
            return Err(Failure::Usage(format!(
                "{CERTIFICATE} has expired: take a newer package, or make one with `cargo xtask package`"
            )));
        }
    }
    let is_trusted = judge(package, &package.folder.join(CATALOG), windows)?;
    let stores = stores(package, is_trusted, windows)?;
    if !plan.before_test_mode {
        machine.loads_test_drivers()?;
    }
    Ok(stores)
}

/// The stores that the certificate has to be put into: none for a signature that Windows trusts by another
/// certificate, and none that has it. (Windows also trusts by the user's own stores, which drivers are not
/// looked up in, so a self-signed signer has to be in the machine's.)
fn stores(
    package: &Package,
    is_trusted: bool,
    windows: &dyn Windows,
) -> Result<Vec<Store>, Failure> {
    match &package.may_be_trusted {
        Ok(()) => {}
        Err(_) if is_trusted => return Ok(Vec::new()),
        Err(fault) => return Err(Failure::Usage(fault.clone())),
    }
    let thumbprint = package.signer.thumbprint();
    let mut stores = Vec::new();
    for store in Store::ALL {
        let told = |error| refused(&format!("{} can't be read", store.name()), &error);
        if !windows.has_certificate(store, &thumbprint).map_err(told)? {
            stores.push(store);
        }
    }
    Ok(stores)
}

/// What is about to be trusted and added, for people.
fn about(plan: &Plan, stores: &[Store], windows: &dyn Windows) -> Result<Vec<String>, Failure> {
    let package = &plan.package;
    let names: Vec<_> = stores.iter().map(|store| store.name()).collect();
    let mut lines = vec![
        format!("package      {}", package.folder.display()),
        format!("signed by    {}", package.signer.subject()),
        format!("  SHA-256    {}", package.signer.sha256()),
        format!("  valid to   {}", package.signer.expires()),
    ];
    if names.is_empty() {
        lines.push("This machine trusts that certificate already; no store is changed.".to_owned());
    } else {
        lines.push(format!(
            "It is put into this machine's stores {}.",
            names.join(" and ")
        ));
        lines.push(
            "From then on all users of this machine trust whatever code the holder of its key signs, and drivers of that publisher install without a question; `driver remove` ends that.".to_owned(),
        );
    }
    let devices = windows
        .devices()
        .map_err(|error| refused("devices can't be listed", &error))?;
    let device = if devices.iter().any(is_own_device) {
        "the loopback port's device is there already"
    } else {
        "the loopback port's device is made"
    };
    lines.push(format!(
        "The driver goes into the driver store, and {device}."
    ));
    Ok(lines)
}

/// The catalog's signature; returns whether it is trusted already.
fn judge(package: &Package, catalog: &Path, windows: &dyn Windows) -> Result<bool, Failure> {
    let Judgement { verdict, signer } = windows
        .signature(catalog)
        .map_err(|error| refused("the catalog's signature can't be checked", &error))?;
    let is_trusted = match verdict {
        Signature::Trusted => true,
        Signature::Untrusted => false,
        Signature::Broken => return Err(broken(CATALOG, "was changed after it was signed")),
        Signature::Expired => {
            return Err(broken(CATALOG, "was signed with an expired certificate"));
        }
        Signature::Refused(code) => {
            return Err(refused(
                "Windows does not accept the catalog's signature",
                &SystemError {
                    function: "WinVerifyTrust",
                    code,
                },
            ));
        }
    };
    if signer.as_deref() != Some(package.signer.der()) {
        return Err(broken(CATALOG, "is signed with another certificate"));
    }
    Ok(is_trusted)
}

fn broken(name: &str, fault: &str) -> Failure {
    Failure::Usage(format!("{name} {fault}: unpack the package again"))
}

struct Steps<'a> {
    package: &'a Package,
    /// The folder whose files are installed.
    copy: PathBuf,
    /// The stores that the certificate is put into.
    stores: Vec<Store>,
    /// The driver is not expected to run before Windows is restarted.
    runs_later: bool,
    record: &'a mut Record,
    windows: &'a mut dyn Windows,
    dialog: &'a mut dyn Dialog,
    /// What this run added.
    added: Vec<Addition>,
}

impl Steps<'_> {
    fn all(&mut self) -> Result<(Vec<String>, Restart), Failure> {
        self.copy_package()?;
        self.trust()?;
        self.store()?;
        let devices = self.make_device()?;
        let restart = self.drive(&devices)?;
        self.remove_copy();
        Ok((devices, restart))
    }

    /// What was checked is what Windows reads: nobody can change it in between.
    fn copy_package(&mut self) -> Result<(), Failure> {
        let doing = "the package can't be copied into a folder of the administrators'";
        self.copy = self
            .windows
            .new_copy()
            .map_err(|error| refused(doing, &error))?;
        let addition = Addition::Copy(self.copy.clone());
        let files = self.package.files();
        let copy = self.copy.clone();
        self.step(&addition, doing, |windows| {
            windows.make_copy(&copy, &files)?;
            Ok(Addition::Copy(copy.clone()))
        })?;
        Ok(())
    }

    /// The driver is installed; that a folder stays is no reason to take it back.
    fn remove_copy(&mut self) {
        let addition = Addition::Copy(self.copy.clone());
        let outcome =
            self.record
                .take_back(std::slice::from_ref(&addition), self.windows, self.dialog);
        if let Some((copy, error)) = outcome.left.first() {
            let copy = copy.describe();
            self.dialog.say(&format!(
                "{copy} stays ({error}): `driver remove` tries again"
            ));
        }
    }

    fn trust(&mut self) -> Result<(), Failure> {
        let thumbprint = self.package.signer.thumbprint();
        for store in std::mem::take(&mut self.stores) {
            let addition = Addition::Certificate {
                store,
                thumbprint: thumbprint.clone(),
            };
            let doing = format!("the certificate can't be put into {}", store.name());
            let der = self.package.signer.der().to_vec();
            let done = addition.clone();
            self.step(&addition, &doing, |windows| {
                windows.add_certificate(store, &der)?;
                Ok(done)
            })?;
        }
        // Of the copy, and in the state that the stores are in now.
        if judge(self.package, &self.copy.join(CATALOG), self.windows)? {
            Ok(())
        } else {
            Err(broken(CATALOG, "is signed with another certificate"))
        }
    }

    fn store(&mut self) -> Result<(), Failure> {
        if !self.has_service()? {
            // Windows makes it with one of the next steps.
            self.record
                .intend(&Addition::Service, self.windows)
                .map_err(|error| refused(NOT_REMEMBERED, &error))?;
            self.added.push(Addition::Service);
        }
        let doing = "the package can't be put into the driver store";
        let told = |error| refused(doing, &error);
        let digest = self.package.inf_digest();
        let intended = Addition::Package {
            name: None,
            inf: Some(digest.clone()),
        };
        let is_there = upgrade::has_package(&digest, self.windows).map_err(told)?;
        let inf = self.copy.join(INF);
        if is_there && !self.record.has(&intended) {
            // Something else added it, or an earlier run did and has written down its name.
            self.windows.add_package(&inf).map_err(told)?;
            return Ok(());
        }
        self.step(&intended, doing, |windows| {
            let name = windows.add_package(&inf)?;
            Ok(Addition::Package {
                name: Some(name),
                inf: Some(digest),
            })
        })
    }

    fn make_device(&mut self) -> Result<Vec<String>, Failure> {
        let intended = Addition::Device(None);
        let present = self.loopbacks()?;
        let doing = "the loopback port's device can't be made";
        if present.is_empty() {
            self.step(&intended, doing, |windows| {
                let instance = windows.make_device(HARDWARE_ID)?;
                Ok(Addition::Device(Some(instance)))
            })?;
        } else if self.record.has(&intended) {
            // A run that was cut off has made it.
            let instance = present[0].0.clone();
            self.step(&intended, doing, |_| Ok(Addition::Device(Some(instance))))?;
        }
        let present = self.loopbacks()?;
        Ok(present.into_iter().map(|(instance, _)| instance).collect())
    }

    fn drive(&mut self, devices: &[String]) -> Result<Restart, Failure> {
        let restart = self
            .windows
            .update_driver(HARDWARE_ID, &self.copy.join(INF))
            .map_err(|error| refused("the device can't be given its driver", &error))?;
        let runs_later = self.runs_later || restart == Restart::Needed;
        for (instance, problem) in self.loopbacks()? {
            let may_wait = matches!(problem, problems::NEEDS_RESTART | problems::UNSIGNED);
            if devices.contains(&instance) && problem != 0 && !(runs_later && may_wait) {
                let problem = problems::explain(problem);
                return Err(Failure::Device(format!("{instance}: {problem}")));
            }
        }
        let service = Addition::Service;
        if self.record.has(&service) {
            // Should Windows not keep it, the intention stays, which is as good.
            if self.has_service()? {
                self.dialog.say("added service midiuart");
                let _ = self.record.done(&service, &service, self.windows);
            } else {
                self.added.retain(|it| *it != service);
                let _ = self.record.forget(&service, self.windows);
            }
        }
        Ok(restart.or(self.runs_later.into()))
    }

    /// Writes down what is intended, does it, and writes down what it has become.
    fn step(
        &mut self,
        intended: &Addition,
        doing: &str,
        work: impl FnOnce(&mut dyn Windows) -> Called<Addition>,
    ) -> Result<(), Failure> {
        let forgotten = |error| refused(NOT_REMEMBERED, &error);
        self.record
            .intend(intended, self.windows)
            .map_err(forgotten)?;
        self.added.push(intended.clone());
        self.dialog.say(&format!("adding {}", intended.describe()));
        let done = work(self.windows).map_err(|error| refused(doing, &error))?;
        self.record
            .done(intended, &done, self.windows)
            .map_err(forgotten)?;
        self.dialog.say(&format!("added {}", done.describe()));
        self.added.pop();
        self.added.push(done);
        Ok(())
    }

    fn has_service(&self) -> Result<bool, Failure> {
        self.windows
            .has_service(SERVICE)
            .map_err(|error| refused("services can't be asked for", &error))
    }

    /// The loopback port's devices, and their problems.
    fn loopbacks(&self) -> Result<Vec<(String, u32)>, Failure> {
        let devices = self
            .windows
            .devices()
            .map_err(|error| refused("devices can't be listed", &error))?;
        let loopbacks = devices.into_iter().filter(is_own_device);
        Ok(loopbacks
            .map(|device| (device.instance, device.problem))
            .collect())
    }
}

/// Takes back what was added.
fn undone(
    failure: Failure,
    record: &mut Record,
    added: &[Addition],
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Failure {
    let undone = record.take_back(added, windows, dialog);
    let outcome = match undone.left.first() {
        None if undone.restart == Restart::Needed => {
            "; all was undone, but restart Windows to be done with it".to_owned()
        }
        None if undone.gone.is_empty() => "; nothing was changed".to_owned(),
        None => "; all was undone".to_owned(),
        Some((addition, error)) => {
            let what = addition.describe();
            format!("; {what} could not be taken back ({error}): run `driver remove`")
        }
    };
    match failure {
        Failure::Usage(text) => Failure::Usage(text + &outcome),
        Failure::Device(text) => Failure::Device(text + &outcome),
        other => other,
    }
}
