//! What installing a driver takes from Windows.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ks_probe::{Asking, KernelStreaming};
use super::machine::Machine;
use super::record::Record;

/// A function of Windows' that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemError {
    /// The function.
    pub function: &'static str,
    /// Its error code: of Win32, of `SetupAPI`, or an `HRESULT`.
    pub code: u32,
}

impl fmt::Display for SystemError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, code } = self;
        match code {
            0..=0xFFFF => write!(formatter, "{function} failed with error {code}"),
            _ => write!(formatter, "{function} failed with error 0x{code:08X}"),
        }
    }
}

/// What a call of Windows gives.
pub type Called<T> = Result<T, SystemError>;

/// A store of certificates of the whole machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Store {
    /// Whose certificates are trusted.
    Root,
    /// Who may install drivers without being asked about.
    TrustedPublisher,
}

impl Store {
    /// All of them, in the order in which they are needed.
    pub const ALL: [Self; 2] = [Self::Root, Self::TrustedPublisher];

    /// Windows' name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "Root",
            Self::TrustedPublisher => "TrustedPublisher",
        }
    }
}

/// When a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Now.
    Now,
    /// Not yet, by this machine's clock.
    NotYet,
    /// Not any more.
    Expired,
}

/// A certificate, as Windows reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its SHA-1 digest in hexadecimal digits, by which stores find it.
    pub thumbprint: String,
    /// When it counts.
    pub validity: Validity,
}

/// What Windows says about a catalog's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It is whole, and its certificate is trusted.
    Trusted,
    /// It is whole, and its certificate is not in [`Store::Root`].
    Untrusted,
    /// The file was changed after it was signed, or is not signed.
    Broken,
    /// Its certificate has expired.
    Expired,
    /// Something else, by Windows' `HRESULT`.
    Refused(u32),
}

/// A package that was put into the driver store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPackage {
    /// The name that Windows gave its INF file, like `oem12.inf`.
    pub name: String,
    /// It was not there before.
    pub is_new: bool,
}

/// Whether Windows has to be restarted before something takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It is done.
    NotNeeded,
    /// It is done with the next start.
    Needed,
}

impl Restart {
    /// Needed if either is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Needed => self,
            Self::NotNeeded => other,
        }
    }
}

impl From<bool> for Restart {
    fn from(is_needed: bool) -> Self {
        if is_needed {
            Self::Needed
        } else {
            Self::NotNeeded
        }
    }
}

/// A device that the driver is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Windows' name for it, like `ROOT\MEDIA\0000`.
    pub instance: String,
    /// It has the hardware id [`HARDWARE_ID`](super::HARDWARE_ID).
    pub is_loopback: bool,
    /// The driver runs it.
    pub is_started: bool,
    /// Its problem code; 0 if it has none.
    pub problem: u32,
    /// The INF file it was installed with, like `oem12.inf`.
    pub package: Option<String>,
    /// The version of the driver in it.
    pub version: Option<String>,
}

/// The parts of Windows that drivers are installed with.
pub trait Windows {
    /// What this machine is, and what it lets be installed.
    ///
    /// # Errors
    /// If Windows does not tell.
    fn machine(&self) -> Called<Machine>;

    /// Reads a certificate (DER).
    ///
    /// # Errors
    /// If it is none.
    fn certificate(&self, der: &[u8]) -> Called<Certificate>;

    /// Judges a catalog's signature.
    ///
    /// # Errors
    /// If it can't be judged at all.
    fn signature(&self, catalog: &Path) -> Called<Signature>;

    /// Whether a store has the certificate with that thumbprint.
    ///
    /// # Errors
    /// If the store can't be opened.
    fn has_certificate(&self, store: Store, thumbprint: &str) -> Called<bool>;

    /// Puts a certificate (DER) that is not there into a store.
    ///
    /// # Errors
    /// If the store refuses.
    fn add_certificate(&mut self, store: Store, der: &[u8]) -> Called<()>;

    /// Takes a certificate out of a store; one that is not there is none.
    ///
    /// # Errors
    /// If the store refuses.
    fn remove_certificate(&mut self, store: Store, thumbprint: &str) -> Called<()>;

    /// Puts the package with that INF file into the driver store.
    ///
    /// # Errors
    /// If Windows refuses it.
    fn add_package(&mut self, inf: &Path) -> Called<StoredPackage>;

    /// Takes a package out of the driver store, and from all devices that use it.
    ///
    /// # Errors
    /// If Windows refuses.
    fn remove_package(&mut self, name: &str) -> Called<Restart>;

    /// The devices that the driver is for.
    ///
    /// # Errors
    /// If they can't be listed.
    fn devices(&self) -> Called<Vec<Device>>;

    /// Makes a device of that hardware id that no bus reports; returns Windows' name for it.
    ///
    /// # Errors
    /// If Windows refuses; there is no device then.
    fn make_device(&mut self, hardware_id: &str) -> Called<String>;

    /// Removes a device; one that is not there is none.
    ///
    /// # Errors
    /// If Windows refuses.
    fn remove_device(&mut self, instance: &str) -> Called<Restart>;

    /// Gives all devices of that hardware id the driver of that INF file, unless theirs is as good.
    ///
    /// # Errors
    /// If Windows refuses.
    fn update_driver(&mut self, hardware_id: &str, inf: &Path) -> Called<Restart>;

    /// Stops a device and starts it again.
    ///
    /// # Errors
    /// If Windows refuses.
    fn restart_device(&mut self, instance: &str) -> Called<Restart>;

    /// The driver's counters of a device that it runs, as the driver's property has them: at most `room`
    /// bytes.
    ///
    /// # Errors
    /// If the device can't be opened, or its driver does not answer.
    fn counters(&self, instance: &str, room: usize) -> Called<Vec<u8>>;

    /// Opens the filter of a device that the driver runs, as [`Asking`] has it.
    ///
    /// # Errors
    /// If the device can't be opened.
    fn streaming(&self, instance: &str, asking: Asking) -> Called<Box<dyn KernelStreaming>>;

    /// Whether there is a service of that name.
    ///
    /// # Errors
    /// If services can't be asked for.
    fn has_service(&self, name: &str) -> Called<bool>;

    /// Removes a service; one that is not there is none.
    ///
    /// # Errors
    /// If Windows refuses.
    fn remove_service(&mut self, name: &str) -> Called<()>;

    /// What an earlier installation added.
    ///
    /// # Errors
    /// If it can't be read.
    fn record(&self) -> Called<Record>;

    /// Remembers what was added, for [`record`](Self::record); nothing is left of an empty one.
    ///
    /// # Errors
    /// If it can't be written.
    fn keep_record(&mut self, record: &Record) -> Called<()>;
}
