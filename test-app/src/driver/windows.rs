//! What installing a driver takes from Windows.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::ks_probe::{Asking, KernelStreaming};
use super::machine::Machine;
use super::place::Access;

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

/// What Windows says of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it says about the signature.
    pub verdict: Signature,
    /// The certificate (DER) that it took for the signer's, if it found one.
    pub signer: Option<Vec<u8>>,
}

/// A package of whichever product in the driver store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPackage {
    /// The name that Windows gave its INF file, like `oem12.inf`.
    pub name: String,
    /// The INF file.
    pub inf: Vec<u8>,
}

/// Keeps other runs of this program from installing and removing, until it is dropped.
pub trait Lock {}

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
    /// The service of its driver.
    pub service: Option<String>,
}

/// The parts of Windows that drivers are installed with.
pub trait Windows {
    /// What this machine is, and what it lets be installed.
    ///
    /// # Errors
    /// If Windows does not tell.
    fn machine(&self) -> Called<Machine>;

    /// The time.
    fn now(&self) -> SystemTime;

    /// Keeps other runs from installing and removing; `None` if another one does.
    ///
    /// # Errors
    /// If Windows refuses.
    fn lock(&self) -> Called<Option<Box<dyn Lock>>>;

    /// The security identifier of the user who runs this program, as text.
    ///
    /// # Errors
    /// If Windows does not say.
    fn user(&self) -> Called<String>;

    /// Who may do what with a file or folder.
    ///
    /// # Errors
    /// If Windows does not say.
    fn access(&self, path: &Path) -> Called<Access>;

    /// A folder that is not there yet, for files that only SYSTEM and administrators may change.
    ///
    /// # Errors
    /// If Windows does not say where.
    fn new_copy(&self) -> Called<PathBuf>;

    /// Makes that folder with those files. It has no other.
    ///
    /// # Errors
    /// If it can't be made.
    fn make_copy(&mut self, folder: &Path, files: &[(&str, &[u8])]) -> Called<()>;

    /// All folders that [`make_copy`](Self::make_copy) made.
    ///
    /// # Errors
    /// If they can't be listed.
    fn copies(&self) -> Called<Vec<PathBuf>>;

    /// Removes such a folder.
    ///
    /// # Errors
    /// If it can't be removed.
    fn remove_copy(&mut self, folder: &Path) -> Called<()>;

    /// Judges a catalog's signature.
    ///
    /// # Errors
    /// If it can't be judged at all.
    fn signature(&self, catalog: &Path) -> Called<Judgement>;

    /// The certificates (DER) of a store.
    ///
    /// # Errors
    /// If the store can't be opened.
    fn certificates(&self, store: Store) -> Called<Vec<Vec<u8>>>;

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

    /// The packages in the driver store that did not come with Windows.
    ///
    /// # Errors
    /// If they can't be listed.
    fn packages(&self) -> Called<Vec<StoredPackage>>;

    /// Puts the package with that INF file into the driver store, unless it is there; returns the name
    /// that Windows gave it.
    ///
    /// # Errors
    /// If Windows refuses it.
    fn add_package(&mut self, inf: &Path) -> Called<String>;

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

    /// Whether there is a device of that name, whichever driver it has.
    ///
    /// # Errors
    /// If Windows does not say.
    fn has_device(&self, instance: &str) -> Called<bool>;

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

    /// The path of a service's image, as the service's key has it; `None` if there is none.
    ///
    /// # Errors
    /// If services can't be asked for.
    fn service_image(&self, name: &str) -> Called<Option<String>>;

    /// Removes a service; one that is not there is none.
    ///
    /// # Errors
    /// If Windows refuses.
    fn remove_service(&mut self, name: &str) -> Called<()>;

    /// What an earlier installation wrote about itself, word for word.
    ///
    /// # Errors
    /// If it can't be read.
    fn record(&self) -> Called<Option<String>>;

    /// Keeps that text for [`record`](Self::record); nothing is left of `None`.
    ///
    /// # Errors
    /// If it can't be written.
    fn keep_record(&mut self, text: Option<&str>) -> Called<()>;
}
