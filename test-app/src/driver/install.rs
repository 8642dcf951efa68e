//! Installing: steps that are all done, or none of them.

use super::advice::refused;
use super::machine::Machine;
use super::package::{CATALOG, CERTIFICATE, Package};
use super::problems;
use super::record::{Addition, Record};
use super::windows::{Restart, Signature, Store, SystemError, Validity, Windows};
use super::{HARDWARE_ID, SERVICE};
use crate::failure::Failure;

/// What is installed, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The package.
    pub package: Package,
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
    pub remarks: Vec<&'static str>,
}

/// Installs the package: checks first, then the certificate, the package, the device, the driver.
///
/// # Errors
/// What stands in the way; the machine is as it was before.
pub fn install(plan: &Plan, windows: &mut dyn Windows) -> Result<Installed, Failure> {
    let machine = windows
        .machine()
        .map_err(|error| refused("this machine does not tell what it is", &error))?;
    let thumbprint = check(plan, &machine, windows)?;
    let mut record = windows
        .record()
        .map_err(|error| refused("what is installed can't be read", &error))?;
    let before = record.0.len();
    let mut steps = Steps {
        package: &plan.package,
        thumbprint,
        runs_later: plan.before_test_mode && machine.test_mode == Some(false),
        record: &mut record,
        windows: &mut *windows,
    };
    let runs_later = steps.runs_later;
    match steps.all() {
        Ok((devices, restart)) => {
            let mut remarks = machine.remarks();
            if runs_later {
                remarks.push(
                    "test mode is still off: run `bcdedit /set testsigning on`, with Secure Boot off",
                );
            }
            Ok(Installed {
                added: record.0.split_off(before),
                devices,
                restart,
                remarks,
            })
        }
        Err(failure) => Err(undone(failure, &mut record, before, windows)),
    }
}

/// Checks all that can be checked before anything is changed; returns the certificate's thumbprint.
fn check(plan: &Plan, machine: &Machine, windows: &dyn Windows) -> Result<String, Failure> {
    let package = &plan.package;
    machine.lets_change()?;
    package.is_for(machine.architecture)?;
    let certificate = windows
        .certificate(&package.certificate)
        .map_err(|_| broken(CERTIFICATE, "is no certificate"))?;
    match certificate.validity {
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
    judge(package, windows)?;
    if !plan.before_test_mode {
        machine.loads_test_drivers()?;
    }
    Ok(certificate.thumbprint)
}

/// The catalog's signature; returns whether it is trusted already.
fn judge(package: &Package, windows: &dyn Windows) -> Result<bool, Failure> {
    let signature = windows
        .signature(&package.catalog)
        .map_err(|error| refused("the catalog's signature can't be checked", &error))?;
    match signature {
        Signature::Trusted => Ok(true),
        Signature::Untrusted => Ok(false),
        Signature::Broken => Err(broken(CATALOG, "was changed after it was signed")),
        Signature::Expired => Err(broken(CATALOG, "was signed with an expired certificate")),
        Signature::Refused(code) => Err(refused(
            "Windows does not accept the catalog's signature",
            &SystemError {
                function: "WinVerifyTrust",
                code,
            },
        )),
    }
}

fn broken(name: &str, fault: &str) -> Failure {
    Failure::Usage(format!("{name} {fault}: unpack the package again"))
}

struct Steps<'a> {
    package: &'a Package,
    thumbprint: String,
    /// The driver is not expected to run before Windows is restarted.
    runs_later: bool,
    record: &'a mut Record,
    windows: &'a mut dyn Windows,
}

impl Steps<'_> {
    fn all(&mut self) -> Result<(Vec<String>, Restart), Failure> {
        self.trust()?;
        self.store()?;
        let devices = self.make_device()?;
        let restart = self.drive(&devices)?;
        Ok((devices, restart))
    }

    fn trust(&mut self) -> Result<(), Failure> {
        for store in Store::ALL {
            let doing = format!("the certificate can't be put into {}", store.name());
            let told = |error| refused(&doing, &error);
            let is_there = self.windows.has_certificate(store, &self.thumbprint);
            if !is_there.map_err(told)? {
                let certificate = &self.package.certificate;
                self.windows
                    .add_certificate(store, certificate)
                    .map_err(told)?;
                self.added(Addition::Certificate {
                    store,
                    thumbprint: self.thumbprint.clone(),
                })?;
            }
        }
        if judge(self.package, self.windows)? {
            Ok(())
        } else {
            Err(broken(CATALOG, "is signed with another certificate"))
        }
    }

    fn store(&mut self) -> Result<(), Failure> {
        if !self.has_service()? {
            // Windows makes it with one of the next steps.
            self.added(Addition::Service)?;
        }
        let stored = self
            .windows
            .add_package(&self.package.inf)
            .map_err(|error| refused("the package can't be put into the driver store", &error))?;
        if stored.is_new {
            self.added(Addition::Package(stored.name))?;
        }
        Ok(())
    }

    fn make_device(&mut self) -> Result<Vec<String>, Failure> {
        let present = self.loopbacks()?;
        if !present.is_empty() {
            return Ok(present.into_iter().map(|(instance, _)| instance).collect());
        }
        let instance = self
            .windows
            .make_device(HARDWARE_ID)
            .map_err(|error| refused("the loopback port's device can't be made", &error))?;
        self.added(Addition::Device(instance.clone()))?;
        Ok(vec![instance])
    }

    fn drive(&mut self, devices: &[String]) -> Result<Restart, Failure> {
        let restart = self
            .windows
            .update_driver(HARDWARE_ID, &self.package.inf)
            .map_err(|error| refused("the device can't be given its driver", &error))?;
        let runs_later = self.runs_later || restart == Restart::Needed;
        for (instance, problem) in self.loopbacks()? {
            let may_wait = matches!(problem, problems::NEEDS_RESTART | problems::UNSIGNED);
            if devices.contains(&instance) && problem != 0 && !(runs_later && may_wait) {
                let problem = problems::explain(problem);
                return Err(Failure::Device(format!("{instance}: {problem}")));
            }
        }
        if !self.has_service()? {
            self.record
                .forget(&Addition::Service, self.windows)
                .map_err(|error| refused("what is added can't be remembered", &error))?;
        }
        Ok(restart.or(self.runs_later.into()))
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
        let loopbacks = devices.into_iter().filter(|device| device.is_loopback);
        Ok(loopbacks
            .map(|device| (device.instance, device.problem))
            .collect())
    }

    fn added(&mut self, addition: Addition) -> Result<(), Failure> {
        self.record
            .add(addition, self.windows)
            .map_err(|error| refused("what is added can't be remembered", &error))
    }
}

/// Takes back what was added since the record had `before` additions.
fn undone(
    failure: Failure,
    record: &mut Record,
    before: usize,
    windows: &mut dyn Windows,
) -> Failure {
    let undone = record.take_back(before, windows);
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
