//! What an installation added to Windows, and how it is taken back.

use serde::{Deserialize, Serialize};

use super::SERVICE;
use super::windows::{Called, Restart, Store, SystemError, Windows};

/// Something that was not there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// A certificate in a store of the machine.
    Certificate {
        /// The store.
        store: Store,
        /// The certificate's SHA-1 digest in hexadecimal digits.
        thumbprint: String,
    },
    /// The driver's service.
    Service,
    /// A package in the driver store, by the name that Windows gave it.
    Package(String),
    /// A device, by Windows' name.
    Device(String),
}

impl Addition {
    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Certificate { store, .. } => format!("certificate in {}", store.name()),
            Self::Service => format!("service {SERVICE}"),
            Self::Package(name) => format!("package {name}"),
            Self::Device(instance) => format!("device {instance}"),
        }
    }

    fn take_back(&self, windows: &mut dyn Windows) -> Called<Restart> {
        match self {
            Self::Certificate { store, thumbprint } => {
                windows.remove_certificate(*store, thumbprint)?;
                Ok(Restart::NotNeeded)
            }
            Self::Service => {
                windows.remove_service(SERVICE)?;
                Ok(Restart::NotNeeded)
            }
            Self::Package(name) => windows.remove_package(name),
            Self::Device(instance) => windows.remove_device(instance),
        }
    }
}

/// All that was added, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record(pub Vec<Addition>);

/// What came of taking back.
#[derive(Debug)]
pub struct TakenBack {
    /// What is gone, the newest first.
    pub gone: Vec<Addition>,
    /// What is still there, and why.
    pub left: Vec<(Addition, SystemError)>,
    /// Whether some of it goes with the next start of Windows only.
    pub restart: Restart,
}

impl Record {
    /// Remembers one more addition, in Windows too.
    ///
    /// # Errors
    /// If Windows does not remember it; it has to be taken back then, too.
    pub fn add(&mut self, addition: Addition, windows: &mut dyn Windows) -> Called<()> {
        self.0.push(addition);
        windows.keep_record(self)
    }

    /// Forgets an addition that turned out to be none.
    ///
    /// # Errors
    /// If Windows does not.
    pub fn forget(&mut self, addition: &Addition, windows: &mut dyn Windows) -> Called<()> {
        self.0.retain(|known| known != addition);
        windows.keep_record(self)
    }

    /// Takes back all but the oldest `kept` additions, the newest first. One that can't be taken back
    /// stays in the record, and those before it are taken back all the same.
    pub fn take_back(&mut self, kept: usize, windows: &mut dyn Windows) -> TakenBack {
        let mut outcome = TakenBack {
            gone: Vec::new(),
            left: Vec::new(),
            restart: Restart::NotNeeded,
        };
        for addition in self.0.split_off(kept).into_iter().rev() {
            match addition.take_back(windows) {
                Ok(restart) => {
                    outcome.restart = outcome.restart.or(restart);
                    outcome.gone.push(addition);
                }
                Err(error) => outcome.left.push((addition, error)),
            }
        }
        let left = outcome.left.iter().rev();
        self.0.extend(left.map(|(addition, _)| addition.clone()));
        // If this fails too, the record tells of more than there is; what is gone is taken back
        // without harm.
        let _ = windows.keep_record(self);
        outcome
    }
}
