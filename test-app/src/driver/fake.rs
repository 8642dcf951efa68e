//! A Windows that is made of nothing but what installing changes.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::SERVICE;
use super::certificate::Certificate;
use super::dialog::Dialog;
use super::ks_probe::fake::FakeStreaming;
use super::ks_probe::{Asking, KernelStreaming};
use super::machine::{Architecture, Machine};
use super::package::made_up::{OWN, during};
use super::place::{Access, Grant};
use super::windows::{
    Called, Device, Judgement, Lock, Restart, Signature, Store, StoredPackage, SystemError, Windows,
};
use crate::failure::Failure;

/// What Windows calls the first package that is installed.
pub const PACKAGE: &str = "oem7.inf";
/// The INF file of the package in these tests.
pub const INF_FILE: &[u8] = b"[Version]\nCatalogFile=midiuart.cat\n[Copy]\nmidiuart.sys\n";
/// The user who runs the program.
pub const USER: &str = "S-1-5-21-1-2-3-1001";
const ADMINISTRATORS: &str = "S-1-5-32-544";
const COPIES: &str = r"C:\Windows\Temp";

/// What installing changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// DER, by store.
    pub certificates: BTreeSet<(Store, Vec<u8>)>,
    /// INF files by their names.
    pub packages: BTreeMap<String, Vec<u8>>,
    pub service: bool,
    /// Devices by their names, with the package of their driver.
    pub devices: BTreeMap<String, Option<String>>,
    pub copies: BTreeSet<PathBuf>,
    pub record: Option<String>,
}

/// When the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the change with this number.
    Before(usize),
    /// After it.
    After(usize),
}

/// What a cut unwinds with.
pub struct PowerCut;

pub struct FakeWindows {
    pub state: State,
    pub machine: Machine,
    pub now: SystemTime,
    /// What is said of the catalog while the certificate is not in Root.
    pub untrusted: Signature,
    /// What is said of it then.
    pub trusted: Signature,
    /// Who is said to have signed the catalog, if it is not the package's.
    pub signer: Option<Vec<u8>>,
    /// INF files of protected copies.
    pub infs: BTreeMap<PathBuf, Vec<u8>>,
    /// The problem that the device has once it has its driver.
    pub problem: u32,
    pub restart: Restart,
    /// The driver's installation makes its service.
    pub makes_service: bool,
    /// The image of the service of the driver's name.
    pub service_image: String,
    /// Devices keep the driver that they have.
    pub keeps_driver: bool,
    /// Devices that belong to other products: no list has them.
    pub foreign_devices: BTreeSet<String>,
    /// The service of the loopback's devices.
    pub device_service: String,
    /// Files and folders that others may change, and who.
    pub open_to: BTreeMap<PathBuf, Grant>,
    /// Another run is under way.
    pub is_locked: Flag,
    /// The change that fails, counted from 0.
    pub failing: Option<usize>,
    /// The change at which the power goes.
    pub cut: Option<Cut>,
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
            now: during(),
            untrusted: Signature::Untrusted,
            trusted: Signature::Trusted,
            signer: None,
            infs: BTreeMap::new(),
            problem: 0,
            restart: Restart::NotNeeded,
            makes_service: true,
            service_image: r"\SystemRoot\System32\DriverStore\midiuart.sys".to_owned(),
            keeps_driver: false,
            foreign_devices: BTreeSet::new(),
            device_service: SERVICE.to_owned(),
            open_to: BTreeMap::new(),
            is_locked: Flag::default(),
            failing: None,
            cut: None,
            broken: None,
            done: Vec::new(),
            tried: 0,
        }
    }
}

/// Something that is so or not, for a Windows and the locks that it gave.
#[derive(Clone, Default)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    pub fn get(&self) -> bool {
        // Ordering: Relaxed; nothing else is read by it.
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self, value: bool) {
        self.replace(value);
    }

    fn replace(&self, value: bool) -> bool {
        // Ordering: Relaxed; nothing else is read by it.
        self.0.swap(value, Ordering::Relaxed)
    }
}

/// A run that keeps others away.
struct FakeLock(Flag);

impl Lock for FakeLock {}

impl Drop for FakeLock {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Agrees to everything, or to nothing, and keeps what is said.
pub struct FakeDialog {
    pub agrees: bool,
    pub asked: Vec<String>,
    pub lines: Vec<String>,
}

impl Default for FakeDialog {
    fn default() -> Self {
        Self {
            agrees: true,
            asked: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl Dialog for FakeDialog {
    fn agree(&mut self, lines: &[String], question: &str) -> Result<(), Failure> {
        self.asked.extend_from_slice(lines);
        self.asked.push(question.to_owned());
        if self.agrees {
            Ok(())
        } else {
            Err(Failure::Usage("no".to_owned()))
        }
    }

    fn say(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

impl FakeWindows {
    fn change(&mut self, function: &'static str, work: impl FnOnce(&mut Self)) -> Called<()> {
        let index = self.tried;
        self.tried += 1;
        if self.cut == Some(Cut::Before(index)) {
            resume_unwind(Box::new(PowerCut));
        }
        if self.failing == Some(index) || self.broken == Some(function) {
            return Err(SystemError { function, code: 5 });
        }
        work(self);
        self.done.push(function);
        if self.cut == Some(Cut::After(index)) {
            resume_unwind(Box::new(PowerCut));
        }
        Ok(())
    }

    /// The INF file with this text has the files of its package beside it.
    fn inf(&self, path: &Path) -> Vec<u8> {
        let folder = path.parent().expect("a folder");
        assert!(
            self.state.copies.contains(folder),
            "{} is no protected copy",
            path.display()
        );
        self.infs.get(folder).expect("an INF file").clone()
    }
}

impl Windows for FakeWindows {
    fn machine(&self) -> Called<Machine> {
        Ok(self.machine.clone())
    }

    fn now(&self) -> SystemTime {
        self.now
    }

    fn lock(&self) -> Called<Option<Box<dyn Lock>>> {
        if self.is_locked.replace(true) {
            return Ok(None);
        }
        Ok(Some(Box::new(FakeLock(self.is_locked.clone()))))
    }

    fn user(&self) -> Called<String> {
        Ok(USER.to_owned())
    }

    fn access(&self, path: &Path) -> Called<Access> {
        let own = |to: &str| Grant {
            to: to.to_owned(),
            rights: 0x1F_01FF,
            is_inherited_only: false,
        };
        let mut grants = vec![own(ADMINISTRATORS), own("S-1-5-18"), own(USER)];
        grants.extend(self.open_to.get(path).cloned());
        Ok(Access {
            owner: ADMINISTRATORS.to_owned(),
            grants: Some(grants),
        })
    }

    fn new_copy(&self) -> Called<PathBuf> {
        let number = self.state.copies.len();
        Ok(Path::new(COPIES).join(format!("midiuart-test-{number}")))
    }

    fn make_copy(&mut self, folder: &Path, files: &[(&str, &[u8])]) -> Called<()> {
        let inf = files.iter().find(|(name, _)| name.ends_with("inf"));
        let inf = inf.expect("an INF file").1.to_vec();
        let folder = folder.to_owned();
        self.change("make_copy", |it| {
            it.infs.insert(folder.clone(), inf);
            assert!(it.state.copies.insert(folder), "it was there");
        })
    }

    fn copies(&self) -> Called<Vec<PathBuf>> {
        Ok(self.state.copies.iter().cloned().collect())
    }

    fn remove_copy(&mut self, folder: &Path) -> Called<()> {
        let folder = folder.to_owned();
        self.change("remove_copy", |it| _ = it.state.copies.remove(&folder))
    }

    fn signature(&self, _catalog: &Path) -> Called<Judgement> {
        let signer = OWN.certificate().to_vec();
        let signer = self.signer.clone().unwrap_or(signer);
        let is_trusted = (self.state.certificates).contains(&(Store::Root, signer.clone()));
        Ok(Judgement {
            verdict: if is_trusted {
                self.trusted
            } else {
                self.untrusted
            },
            signer: Some(signer),
        })
    }

    fn has_certificate(&self, store: Store, thumbprint: &str) -> Called<bool> {
        let mut certificates = self.state.certificates.iter();
        Ok(certificates.any(|(other, der)| *other == store && thumbprint_of(der) == thumbprint))
    }

    fn certificates(&self, store: Store) -> Called<Vec<Vec<u8>>> {
        let certificates = self.state.certificates.iter();
        let certificates = certificates.filter(|(other, _)| *other == store);
        Ok(certificates.map(|(_, der)| der.clone()).collect())
    }

    fn add_certificate(&mut self, store: Store, der: &[u8]) -> Called<()> {
        let certificate = (store, der.to_vec());
        self.change("add_certificate", |it| {
            assert!(it.state.certificates.insert(certificate), "it was there");
        })
    }

    fn remove_certificate(&mut self, store: Store, thumbprint: &str) -> Called<()> {
        self.change("remove_certificate", |it| {
            let certificates = &mut it.state.certificates;
            certificates.retain(|(other, der)| *other != store || thumbprint_of(der) != thumbprint);
        })
    }

    fn packages(&self) -> Called<Vec<StoredPackage>> {
        let packages = self.state.packages.iter();
        let packages = packages.map(|(name, inf)| StoredPackage {
            name: name.clone(),
            inf: inf.clone(),
        });
        Ok(packages.collect())
    }

    fn add_package(&mut self, inf: &Path) -> Called<String> {
        let inf = self.inf(inf);
        let packages = &self.state.packages;
        let name = packages.iter().find(|(_, other)| **other == inf);
        let name = name.map(|(name, _)| name.clone());
        let mut numbers = 7..;
        let name = name.unwrap_or_else(|| {
            let mut names = numbers.by_ref().map(|number| format!("oem{number}.inf"));
            let free = names.find(|name| !packages.contains_key(name));
            free.expect("a free name")
        });
        self.change("add_package", |it| {
            it.state.packages.insert(name.clone(), inf);
        })?;
        Ok(name)
    }

    fn remove_package(&mut self, name: &str) -> Called<Restart> {
        self.change("remove_package", |it| {
            it.state.packages.remove(name);
            for package in it.state.devices.values_mut() {
                package.take_if(|package| package == name);
            }
        })?;
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
            service: package.as_ref().map(|_| self.device_service.clone()),
        });
        Ok(devices.collect())
    }

    fn has_device(&self, instance: &str) -> Called<bool> {
        let is_own = self.state.devices.contains_key(instance);
        Ok(is_own || self.foreign_devices.contains(instance))
    }

    fn make_device(&mut self, hardware_id: &str) -> Called<String> {
        assert_eq!(hardware_id, super::HARDWARE_ID);
        let instance = format!(r"ROOT\MEDIA\{:04}", self.state.devices.len());
        self.change("make_device", |it| {
            it.state.devices.insert(instance.clone(), None);
        })?;
        Ok(instance)
    }

    fn remove_device(&mut self, instance: &str) -> Called<Restart> {
        self.change("remove_device", |it| {
            it.state.devices.remove(instance);
        })?;
        Ok(self.restart)
    }

    fn update_driver(&mut self, _hardware_id: &str, inf: &Path) -> Called<Restart> {
        // The service is made before something else can fail.
        self.state.service |= self.makes_service;
        let inf = self.inf(inf);
        self.change("update_driver", |it| {
            let mut packages = it.state.packages.iter();
            let name = packages.find(|(_, other)| **other == inf);
            let name = name.expect("a package").0.clone();
            for (instance, package) in &mut it.state.devices {
                if instance.starts_with("ROOT") && !(it.keeps_driver && package.is_some()) {
                    *package = Some(name.clone());
                }
            }
        })?;
        Ok(self.restart)
    }

    fn restart_device(&mut self, instance: &str) -> Called<Restart> {
        self.change("restart_device", |_| ())?;
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

    fn service_image(&self, name: &str) -> Called<Option<String>> {
        let is_there = self.has_service(name)?;
        Ok(is_there.then(|| self.service_image.clone()))
    }

    fn remove_service(&mut self, _name: &str) -> Called<()> {
        self.change("remove_service", |it| it.state.service = false)
    }

    fn record(&self) -> Called<Option<String>> {
        Ok(self.state.record.clone())
    }

    fn keep_record(&mut self, text: Option<&str>) -> Called<()> {
        let text = text.map(str::to_owned);
        self.change("keep_record", |it| it.state.record = text)
    }
}

pub fn thumbprint_of(der: &[u8]) -> String {
    Certificate::read(der).expect("a certificate").thumbprint()
}
