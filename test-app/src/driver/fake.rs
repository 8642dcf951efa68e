//! A Windows that is made of nothing but what installing changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::SERVICE;
use super::ks_probe::fake::FakeStreaming;
use super::ks_probe::{Asking, KernelStreaming};
use super::machine::{Architecture, Machine};
use super::record::Record;
use super::windows::{
    Called, Certificate, Device, Restart, Signature, Store, StoredPackage, SystemError, Validity,
    Windows,
};

pub const THUMBPRINT: &str = "00ff";
/// What Windows calls the package that is installed.
pub const PACKAGE: &str = "oem7.inf";

/// What installing changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub certificates: BTreeSet<(Store, String)>,
    pub packages: BTreeSet<String>,
    pub service: bool,
    /// Devices by their names, with the package of their driver.
    pub devices: BTreeMap<String, Option<String>>,
    pub record: Record,
}

pub struct FakeWindows {
    pub state: State,
    pub machine: Machine,
    pub validity: Validity,
    /// What is said of the catalog while the certificate is not in Root.
    pub untrusted: Signature,
    /// What is said of it then.
    pub trusted: Signature,
    /// The problem that the device has once it has its driver.
    pub problem: u32,
    pub restart: Restart,
    /// The driver's installation makes its service.
    pub makes_service: bool,
    /// The change that fails, counted from 0.
    pub failing: Option<usize>,
    /// The function that always fails.
    pub broken: Option<&'static str>,
    /// The changes that were done, by their functions.
    pub done: Vec<&'static str>,
    /// How many changes were tried.
    pub tried: usize,
}

impl Default for FakeWindows {
    fn default() -> Self {
        Self {
            state: State::default(),
            machine: Machine {
                architecture: Architecture::X64,
                is_translated: false,
                is_administrator: true,
                test_mode: Some(true),
                secure_boot: Some(false),
                memory_integrity: Some(false),
                bitlocker: Some(false),
            },
            validity: Validity::Now,
            untrusted: Signature::Untrusted,
            trusted: Signature::Trusted,
            problem: 0,
            restart: Restart::NotNeeded,
            makes_service: true,
            failing: None,
            broken: None,
            done: Vec::new(),
            tried: 0,
        }
    }
}

impl FakeWindows {
    fn change(&mut self, function: &'static str) -> Called<()> {
        let index = self.tried;
        self.tried += 1;
        if self.failing == Some(index) || self.broken == Some(function) {
            return Err(SystemError { function, code: 5 });
        }
        self.done.push(function);
        Ok(())
    }
}

impl Windows for FakeWindows {
    fn machine(&self) -> Called<Machine> {
        Ok(self.machine.clone())
    }

    fn certificate(&self, _der: &[u8]) -> Called<Certificate> {
        Ok(Certificate {
            thumbprint: THUMBPRINT.to_owned(),
            validity: self.validity,
        })
    }

    fn signature(&self, _catalog: &Path) -> Called<Signature> {
        Ok(if self.has_certificate(Store::Root, THUMBPRINT)? {
            self.trusted
        } else {
            self.untrusted
        })
    }

    fn has_certificate(&self, store: Store, thumbprint: &str) -> Called<bool> {
        let wanted = (store, thumbprint.to_owned());
        Ok(self.state.certificates.contains(&wanted))
    }

    fn add_certificate(&mut self, store: Store, _der: &[u8]) -> Called<()> {
        self.change("add_certificate")?;
        let is_new = self
            .state
            .certificates
            .insert((store, THUMBPRINT.to_owned()));
        assert!(is_new, "it was there");
        Ok(())
    }

    fn remove_certificate(&mut self, store: Store, thumbprint: &str) -> Called<()> {
        self.change("remove_certificate")?;
        let certificates = &mut self.state.certificates;
        certificates.remove(&(store, thumbprint.to_owned()));
        Ok(())
    }

    fn add_package(&mut self, _inf: &Path) -> Called<StoredPackage> {
        self.change("add_package")?;
        Ok(StoredPackage {
            name: PACKAGE.to_owned(),
            is_new: self.state.packages.insert(PACKAGE.to_owned()),
        })
    }

    fn remove_package(&mut self, name: &str) -> Called<Restart> {
        self.change("remove_package")?;
        self.state.packages.remove(name);
        for package in self.state.devices.values_mut() {
            package.take_if(|package| package == name);
        }
        Ok(self.restart)
    }

    fn devices(&self) -> Called<Vec<Device>> {
        let devices = self.state.devices.iter().map(|(instance, package)| Device {
            instance: instance.clone(),
            is_loopback: instance.starts_with("ROOT"),
            is_started: package.is_some() && self.problem == 0,
            problem: if package.is_some() { self.problem } else { 28 },
            package: package.clone(),
            version: package.as_ref().map(|_| "1.2.3.4".to_owned()),
        });
        Ok(devices.collect())
    }

    fn make_device(&mut self, hardware_id: &str) -> Called<String> {
        assert_eq!(hardware_id, super::HARDWARE_ID);
        self.change("make_device")?;
        let instance = format!(r"ROOT\MEDIA\{:04}", self.state.devices.len());
        self.state.devices.insert(instance.clone(), None);
        Ok(instance)
    }

    fn remove_device(&mut self, instance: &str) -> Called<Restart> {
        self.change("remove_device")?;
        self.state.devices.remove(instance);
        Ok(self.restart)
    }

    fn update_driver(&mut self, _hardware_id: &str, _inf: &Path) -> Called<Restart> {
        // The service is made before something else can fail.
        self.state.service |= self.makes_service;
        self.change("update_driver")?;
        for (instance, package) in &mut self.state.devices {
            if instance.starts_with("ROOT") {
                *package = Some(PACKAGE.to_owned());
            }
        }
        Ok(self.restart)
    }

    fn restart_device(&mut self, instance: &str) -> Called<Restart> {
        self.change("restart_device")?;
        assert!(self.state.devices.contains_key(instance));
        Ok(self.restart)
    }

    fn counters(&self, _instance: &str, room: usize) -> Called<Vec<u8>> {
        let function = "counters";
        if self.broken == Some(function) {
            return Err(SystemError { function, code: 5 });
        }
        Ok(vec![0; room])
    }

    fn streaming(&self, _: &str, _: Asking) -> Called<Box<dyn KernelStreaming>> {
        let function = "streaming";
        if self.broken == Some(function) {
            return Err(SystemError { function, code: 5 });
        }
        Ok(Box::new(FakeStreaming::new(|_, _| Vec::new())))
    }

    fn has_service(&self, name: &str) -> Called<bool> {
        Ok(name == SERVICE && self.state.service)
    }

    fn remove_service(&mut self, _name: &str) -> Called<()> {
        self.change("remove_service")?;
        self.state.service = false;
        Ok(())
    }

    fn record(&self) -> Called<Record> {
        Ok(self.state.record.clone())
    }

    fn keep_record(&mut self, record: &Record) -> Called<()> {
        self.change("keep_record")?;
        self.state.record = record.clone();
        Ok(())
    }
}
