//! What is there of the driver, of whichever version and whoever added it.

use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::SERVICE;
use super::certificate::{Certificate, hexadecimal};
use super::inf;
use super::record::{Addition, Record, is_own_service};
use super::windows::{Called, Store, Windows};

/// A certificate in a store of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundCertificate {
    /// The store.
    pub store: Store,
    /// Whom it names.
    pub subject: String,
    /// Its SHA-256 digest.
    pub sha256: String,
    /// Its SHA-1 digest.
    pub thumbprint: String,
    /// Whether an installation has written down that it added it.
    pub recorded: bool,
}

/// A package, a device, a service or a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Windows' name for it.
    pub name: String,
    /// Whether an installation has written down that it added it.
    pub recorded: bool,
}

/// The line about a thing of that name.
type Line = fn(&str) -> String;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Test certificates.
    pub certificates: Vec<FoundCertificate>,
    /// Packages in the driver store.
    pub packages: Vec<Found>,
    /// Devices that the driver is for.
    pub devices: Vec<Found>,
    /// The driver's service.
    pub services: Vec<Found>,
    /// Protected copies of packages.
    pub copies: Vec<Found>,
    /// Whether there is a record of an installation.
    pub record: bool,
}

impl Leftovers {
    /// Asks Windows.
    ///
    /// # Errors
    /// If it does not tell.
    pub fn find(record: &Record, is_administrator: bool, windows: &dyn Windows) -> Called<Self> {
        let mut found = Self {
            certificates: certificates(record, windows)?,
            packages: packages(record, windows)?,
            record: !record.is_empty(),
            ..Self::default()
        };
        for device in windows.devices()? {
            let what = Addition::Device(Some(device.instance.clone()));
            found.devices.push(Found {
                recorded: record.has(&what) || record.has(&Addition::Device(None)),
                name: device.instance,
            });
        }
        if windows.has_service(SERVICE)? && is_own_service(windows)? {
            found.services.push(Found {
                name: SERVICE.to_owned(),
                recorded: record.has(&Addition::Service),
            });
        }
        // Nobody else may look there.
        if is_administrator {
            for folder in windows.copies()? {
                found.copies.push(Found {
                    name: folder.display().to_string(),
                    recorded: record.has(&Addition::Copy(folder)),
                });
            }
        }
        Ok(found)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// A line for each thing, with what removes it; only what no record has, or all of it.
    #[must_use]
    pub fn lines(&self, with_recorded: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let wanted = |recorded: bool| with_recorded || !recorded;
        for found in self.certificates.iter().filter(|it| wanted(it.recorded)) {
            let (store, thumbprint) = (found.store.name(), &found.thumbprint);
            lines.push(format!(
                "certificate in {store}: {}, SHA-256 {}; `certutil -delstore {store} {thumbprint}` removes it, or `driver remove --certificate`",
                found.subject, found.sha256
            ));
        }
        let kinds: [(&[Found], Line); 4] = [
            (&self.devices, |name| {
                format!("device {name}; `pnputil /remove-device \"{name}\"` removes it")
            }),
            (&self.packages, |name| {
                format!("package {name}; `pnputil /delete-driver {name} /uninstall` removes it")
            }),
            (&self.services, |name| {
                format!("service {name}; `sc delete {name}` removes it")
            }),
            (&self.copies, |name| {
                format!("folder {name}; `rmdir /s /q \"{name}\"` removes it")
            }),
        ];
        for (found, line) in kinds {
            let found = found.iter().filter(|it| wanted(it.recorded));
            lines.extend(found.map(|it| line(&it.name)));
        }
        lines
    }
}

/// The project's own test certificates, and those of the record.
fn certificates(record: &Record, windows: &dyn Windows) -> Called<Vec<FoundCertificate>> {
    let mut found = Vec::new();
    for store in Store::ALL {
        let all = windows.certificates(store)?;
        for certificate in all.iter().filter_map(|der| Certificate::read(der)) {
            let thumbprint = certificate.thumbprint();
            let recorded = record.has(&Addition::Certificate {
                store,
                thumbprint: thumbprint.clone(),
            });
            if recorded || certificate.is_named_as_own() {
                found.push(FoundCertificate {
                    store,
                    subject: certificate.subject(),
                    sha256: certificate.sha256(),
                    thumbprint,
                    recorded,
                });
            }
        }
    }
    Ok(found)
}

fn packages(record: &Record, windows: &dyn Windows) -> Called<Vec<Found>> {
    let mut found = Vec::new();
    for package in windows.packages()? {
        let digest = hexadecimal(&Sha256::digest(&package.inf));
        let is_own = inf::is_own(&package.inf);
        let recorded = record.steps.iter().any(|step| match &step.what {
            Addition::Package {
                inf: Some(known), ..
            } => *known == digest,
            Addition::Package { name, inf: None } => is_own && name.as_ref() == Some(&package.name),
            _ => false,
        });
        if recorded || is_own {
            found.push(Found {
                name: package.name,
                recorded,
            });
        }
    }
    Ok(found)
}

/// What an installation did not add, as remarks after it. A machine that does not tell is not asked again.
#[must_use]
pub fn remarks(record: &Record, windows: &dyn Windows) -> Vec<String> {
    let found = Leftovers::find(record, true, windows);
    let lines = found.map(|found| found.lines(false)).unwrap_or_default();
    lines
        .into_iter()
        .map(|line| format!("not added by this program: {line}"))
        .collect()
}

/// The folders of copies, as [`Addition`]s.
#[must_use]
pub fn copies(found: &Leftovers) -> Vec<Addition> {
    let folders = found.copies.iter();
    folders
        .map(|it| Addition::Copy(PathBuf::from(&it.name)))
        .collect()
}
