//! What an installation adds to Windows: written down before it is done, and taken back by it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::certificate::hexadecimal;
use super::dialog::Dialog;
use super::inf;
use super::windows::{Called, Device, Restart, Store, SystemError, Windows};
use super::{HARDWARE_ID, SERVICE};

/// The form in which it is written. Version 1 was a list of additions that were done.
const VERSION: u64 = 2;
/// The driver's image, by which its service is known.
const IMAGE: &str = "midiuart.sys";

/// Something that was not there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// A folder for the package's files that only administrators may write to, while they are installed.
    Copy(PathBuf),
    /// A certificate in a store of the machine.
    Certificate {
        /// The store.
        store: Store,
        /// The certificate's SHA-1 digest in hexadecimal digits.
        thumbprint: String,
    },
    /// The driver's service.
    Service,
    /// A package in the driver store.
    Package {
        /// The name that Windows gave it; none before it is done.
        name: Option<String>,
        /// The SHA-256 digest of its INF file; version 1 did not have it.
        inf: Option<String>,
    },
    /// A device of the loopback port, by Windows' name; none before it is done.
    Device(Option<String>),
}

/// What is there of an addition.
enum Found {
    /// It is there, in so many parts.
    There(Vec<Target>),
    /// It is not there.
    Absent,
    /// Something else has its name.
    Foreign(String),
}

/// What is removed.
enum Target {
    Copy(PathBuf),
    Certificate(Store, String),
    Service,
    Package(String),
    Device(String),
}

impl Target {
    fn remove(&self, windows: &mut dyn Windows) -> Called<Restart> {
        match self {
            Self::Copy(folder) => windows.remove_copy(folder)?,
            Self::Certificate(store, thumbprint) => {
                windows.remove_certificate(*store, thumbprint)?;
            }
            Self::Service => windows.remove_service(SERVICE)?,
            Self::Package(name) => return windows.remove_package(name),
            Self::Device(instance) => return windows.remove_device(instance),
        }
        Ok(Restart::NotNeeded)
    }
}

impl Addition {
    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Copy(folder) => format!("protected copy {}", folder.display()),
            Self::Certificate { store, .. } => format!("certificate in {}", store.name()),
            Self::Service => format!("service {SERVICE}"),
            Self::Package {
                name: Some(name), ..
            } => format!("package {name}"),
            Self::Package { name: None, .. } => "package".to_owned(),
            Self::Device(Some(instance)) => format!("device {instance}"),
            Self::Device(None) => format!("device {HARDWARE_ID}"),
        }
    }

    /// Looks for it, and for what else may have its name by now.
    fn find(&self, windows: &dyn Windows) -> Called<Found> {
        let found = |is_there: bool, target| {
            if is_there {
                Found::There(vec![target])
            } else {
                Found::Absent
            }
        };
        Ok(match self {
            Self::Copy(folder) => {
                let is_there = windows.copies()?.contains(folder);
                found(is_there, Target::Copy(folder.clone()))
            }
            Self::Certificate { store, thumbprint } => found(
                windows.has_certificate(*store, thumbprint)?,
                Target::Certificate(*store, thumbprint.clone()),
            ),
            Self::Service => match windows.has_service(SERVICE)? {
                false => Found::Absent,
                true if is_own_service(windows)? => Found::There(vec![Target::Service]),
                true => Found::Foreign(format!("service {SERVICE} runs another image")),
            },
            Self::Package { name, inf } => find_package(name.as_deref(), inf.as_deref(), windows)?,
            Self::Device(instance) => find_device(instance.as_deref(), windows)?,
        })
    }
}

/// Whether the service of the driver's name runs the driver's image, or none that is known.
///
/// # Errors
/// If services can't be asked for.
pub fn is_own_service(windows: &dyn Windows) -> Called<bool> {
    let image = windows.service_image(SERVICE)?;
    let image = image.as_deref().map(str::to_ascii_lowercase);
    Ok(image.is_none_or(|path| path.rsplit(['\\', '/']).next() == Some(IMAGE)))
}

/// Whether a device is the loopback port's: the driver's hardware id, and no other driver.
#[must_use]
pub fn is_own_device(device: &Device) -> bool {
    let service = device.service.as_deref();
    device.is_loopback && service.is_none_or(|name| name.eq_ignore_ascii_case(SERVICE))
}

fn find_package(name: Option<&str>, inf: Option<&str>, windows: &dyn Windows) -> Called<Found> {
    let packages = windows.packages()?;
    let is_it = |text: &[u8]| match inf {
        Some(digest) => hexadecimal(&Sha256::digest(text)) == digest,
        None => inf::is_own(text),
    };
    let same = packages.iter().filter(|package| is_it(&package.inf));
    // Without a digest, the name has to do.
    let same = same.filter(|package| inf.is_some() || name == Some(&package.name));
    let targets: Vec<_> = same.map(|it| Target::Package(it.name.clone())).collect();
    let has_name = packages.iter().any(|it| name == Some(&it.name));
    Ok(match name {
        _ if !targets.is_empty() => Found::There(targets),
        Some(name) if has_name => {
            Found::Foreign(format!("package {name} is another product's by now"))
        }
        _ => Found::Absent,
    })
}

fn find_device(instance: Option<&str>, windows: &dyn Windows) -> Called<Found> {
    let devices = windows.devices()?;
    let own = devices.into_iter().filter(is_own_device);
    let own = own.map(|device| device.instance);
    let own: Vec<_> = own
        .filter(|own| instance.is_none_or(|instance| instance == own))
        .map(Target::Device)
        .collect();
    Ok(match instance {
        _ if !own.is_empty() => Found::There(own),
        Some(instance) if windows.has_device(instance)? => {
            Found::Foreign(format!("device {instance} is another product's by now"))
        }
        _ => Found::Absent,
    })
}

/// Whether a step was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was to be done next; nobody knows whether it was.
    Intended,
    /// It was done.
    Done,
}

/// A step of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whether it was carried out.
    pub state: State,
    /// What it adds.
    pub what: Addition,
}

/// All steps, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The steps.
    pub steps: Vec<Step>,
    /// Steps of a newer version of this program, which this one can't take back.
    pub unknown: Vec<Value>,
    /// There is a record, and it can't be read.
    pub is_unreadable: bool,
}

/// What came of taking back.
#[derive(Debug)]
pub struct TakenBack {
    /// What is gone, the newest first.
    pub gone: Vec<Addition>,
    /// What stays since it is something else by now.
    pub foreign: Vec<String>,
    /// What is still there, and why.
    pub left: Vec<(Addition, SystemError)>,
    /// Whether some of it goes with the next start of Windows only.
    pub restart: Restart,
}

impl Default for TakenBack {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            foreign: Vec::new(),
            left: Vec::new(),
            restart: Restart::NotNeeded,
        }
    }
}

/// An addition as version 1 wrote it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldAddition {
    Certificate { store: Store, thumbprint: String },
    Service,
    Package(String),
    Device(String),
}

impl From<OldAddition> for Step {
    fn from(old: OldAddition) -> Self {
        let what = match old {
            OldAddition::Certificate { store, thumbprint } => {
                Addition::Certificate { store, thumbprint }
            }
            OldAddition::Service => Addition::Service,
            OldAddition::Package(name) => Addition::Package {
                name: Some(name),
                inf: None,
            },
            OldAddition::Device(instance) => Addition::Device(Some(instance)),
        };
        Self {
            state: State::Done,
            what,
        }
    }
}

impl Record {
    /// Reads the record that Windows keeps.
    ///
    /// # Errors
    /// If Windows does not give it.
    pub fn of(windows: &dyn Windows) -> Called<Self> {
        Ok(windows.record()?.map_or_else(Self::default, |text| {
            Self::read(&text).unwrap_or_else(|| Self {
                is_unreadable: true,
                ..Self::default()
            })
        }))
    }

    fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        if value.is_array() {
            let old: Vec<OldAddition> = serde_json::from_value(value).ok()?;
            let steps = old.into_iter().map(Step::from).collect();
            return Some(Self {
                steps,
                ..Self::default()
            });
        }
        let version = value.get("version")?.as_u64()?;
        let mut record = Self::default();
        for step in value.get("steps")?.as_array()? {
            match serde_json::from_value(step.clone()) {
                Ok(step) => record.steps.push(step),
                Err(_) if version > VERSION => record.unknown.push(step.clone()),
                Err(_) => return None,
            }
        }
        Some(record)
    }

    /// Whether it has nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unknown.is_empty() && !self.is_unreadable
    }

    /// Whether it has this addition, done or not.
    #[must_use]
    pub fn has(&self, addition: &Addition) -> bool {
        self.steps.iter().any(|step| step.what == *addition)
    }

    fn keep(&self, windows: &mut dyn Windows) -> Called<()> {
        if self.is_unreadable {
            return Ok(()); // Until it is given up.
        }
        if self.is_empty() {
            return windows.keep_record(None);
        }
        // Steps that only a newer version knows are for a newer version to read.
        let version = VERSION + u64::from(!self.unknown.is_empty());
        let steps = self.steps.iter().map(|step| json!(step));
        let steps: Vec<_> = steps.chain(self.unknown.iter().cloned()).collect();
        let text = json!({ "version": version, "steps": steps }).to_string();
        windows.keep_record(Some(&text))
    }

    /// Writes down what is done next.
    ///
    /// # Errors
    /// If Windows does not keep it; it must not be done then.
    pub fn intend(&mut self, what: &Addition, windows: &mut dyn Windows) -> Called<()> {
        if self.has(what) {
            return Ok(());
        }
        self.steps.push(Step {
            state: State::Intended,
            what: what.clone(),
        });
        let kept = self.keep(windows);
        if kept.is_err() {
            self.steps.pop();
        }
        kept
    }

    /// Writes down that what was intended is done, and the name that Windows gave it.
    ///
    /// # Errors
    /// If Windows does not keep it; the intention stays.
    pub fn done(
        &mut self,
        intended: &Addition,
        what: &Addition,
        windows: &mut dyn Windows,
    ) -> Called<()> {
        let done = Step {
            state: State::Done,
            what: what.clone(),
        };
        let before = self.steps.clone();
        match self.steps.iter().position(|step| step.what == *intended) {
            Some(place) => self.steps[place] = done.clone(),
            None => self.steps.push(done.clone()),
        }
        // One that was gone, and got the same name again.
        let mut is_first = true;
        self.steps
            .retain(|step| step.what != *what || std::mem::take(&mut is_first));
        let kept = self.keep(windows);
        if kept.is_err() {
            self.steps = before;
        }
        kept
    }

    /// Forgets an addition that turned out to be none.
    ///
    /// # Errors
    /// If Windows does not.
    pub fn forget(&mut self, addition: &Addition, windows: &mut dyn Windows) -> Called<()> {
        self.steps.retain(|step| step.what != *addition);
        self.keep(windows)
    }

    /// Gives up a record that can't be read.
    ///
    /// # Errors
    /// If Windows does not.
    pub fn give_up(&mut self, windows: &mut dyn Windows) -> Called<()> {
        self.is_unreadable = false;
        self.keep(windows)
    }

    /// Takes back the additions of `chosen`, the newest first; each is compared with what has its name.
    /// One that can't be taken back stays in the record, and the others are taken back all the same.
    pub fn take_back(
        &mut self,
        chosen: &[Addition],
        windows: &mut dyn Windows,
        dialog: &mut dyn Dialog,
    ) -> TakenBack {
        let mut outcome = TakenBack::default();
        for addition in chosen.iter().rev() {
            match take_one_back(addition, &mut outcome, windows, dialog) {
                // Should Windows not keep it, the record has more than there is: it is absent next time.
                Ok(()) => _ = self.forget(addition, windows),
                Err(error) => outcome.left.push((addition.clone(), error)),
            }
        }
        outcome
    }
}

fn take_one_back(
    addition: &Addition,
    outcome: &mut TakenBack,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Called<()> {
    match addition.find(windows)? {
        Found::Absent => {}
        Found::Foreign(what) => {
            dialog.say(&format!("{what}: it stays"));
            outcome.foreign.push(what);
        }
        Found::There(targets) => {
            let what = addition.describe();
            dialog.say(&format!("removing {what}"));
            for target in targets {
                outcome.restart = outcome.restart.or(target.remove(windows)?);
            }
            dialog.say(&format!("removed {what}"));
            outcome.gone.push(addition.clone());
        }
    }
    Ok(())
}
