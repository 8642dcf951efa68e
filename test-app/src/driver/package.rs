//! The package that is to be installed: its files, read once, and whether they are those that were signed.

mod catalog;
mod image;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::certificate::{Certificate, hexadecimal};
use super::machine::Architecture;
use crate::failure::Failure;
use catalog::Catalog;

/// Names of files. Windows finds the others by what is in the INF file.
pub const INF: &str = "midiuart.inf";
/// The driver.
pub const IMAGE: &str = "midiuart.sys";
/// What the files' digests are signed in.
pub const CATALOG: &str = "midiuart.cat";
/// What the catalog is signed with.
pub const CERTIFICATE: &str = "midiuart.cer";

/// Longer files are no files of a package.
const LONGEST: u64 = 64 << 20;

/// A package whose files belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Where it was read.
    pub folder: PathBuf,
    /// The INF file.
    pub inf: Vec<u8>,
    /// The driver.
    pub image: Vec<u8>,
    /// The catalog.
    pub catalog: Vec<u8>,
    /// The processor it is for.
    pub architecture: Architecture,
    /// Who signed the catalog.
    pub signer: Certificate,
    /// Whether the signer may be put into the machine's stores, or why not.
    pub may_be_trusted: Result<(), String>,
}

impl Package {
    /// Reads the package in `folder`, each file once, and checks that INF file and driver are those that
    /// the catalog lists by name and digest, and that the catalog was signed with the certificate that
    /// lies in the package for people to look at.
    ///
    /// # Errors
    /// [`Failure::Usage`]: which file is wrong, and what to do.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let inf = read(folder, INF)?;
        let image = read(folder, IMAGE)?;
        let catalog = read(folder, CATALOG)?;
        let certificate = read(folder, CERTIFICATE);

        let header = image::Header::of(&image)
            .ok_or_else(|| wrong(folder, IMAGE, "is no driver for 64-bit Windows"))?;
        let listed = Catalog::read(&catalog).map_err(|fault| wrong(folder, CATALOG, &fault))?;
        for (name, digest) in [
            (INF, Sha256::digest(&inf).to_vec()),
            (IMAGE, header.digest(&image)),
        ] {
            if !listed.lists(name, &digest) {
                return Err(wrong(folder, name, "was changed after it was signed"));
            }
        }
        // Without it, a signature that Windows trusts already will do.
        let may_be_trusted = match certificate {
            Ok(certificate) if listed.signer.der() != certificate => {
                return Err(wrong(folder, CATALOG, "was not signed with midiuart.cer"));
            }
            Ok(_) => may_be_trusted(&listed),
            Err(failure) => Err(failure.to_string()),
        };
        Ok(Self {
            folder: folder.to_owned(),
            architecture: header.architecture,
            signer: listed.signer,
            inf,
            image,
            catalog,
            may_be_trusted,
        })
    }

    /// Its files that Windows needs, by their names.
    #[must_use]
    pub fn files(&self) -> [(&'static str, &[u8]); 3] {
        [
            (INF, &self.inf),
            (IMAGE, &self.image),
            (CATALOG, &self.catalog),
        ]
    }

    /// The SHA-256 digest of the INF file, by which the package is known once it is installed.
    #[must_use]
    pub fn inf_digest(&self) -> String {
        hexadecimal(&Sha256::digest(&self.inf))
    }

    /// Whether a machine with that processor can use it.
    ///
    /// # Errors
    /// [`Failure::Usage`]: that it can't, and which one it needs.
    pub fn is_for(&self, architecture: Architecture) -> Result<(), Failure> {
        let (own, wanted) = (self.architecture.name(), architecture.name());
        match architecture {
            Architecture::Other => Err(Failure::Device(
                "there is no driver for this machine's processor, only for x64 and arm64".into(),
            )),
            _ if self.architecture == architecture => Ok(()),
            _ => Err(Failure::Usage(format!(
                "the package is for {own} and this machine is {wanted}: take the package for {wanted}"
            ))),
        }
    }
}

/// Whether a catalog's signer may be put into a machine's stores: it is good for nothing but code, and its
/// key has signed the catalog.
fn may_be_trusted(catalog: &Catalog) -> Result<(), String> {
    let refused = |fault| {
        format!(
            "{CERTIFICATE} {fault}, so it is not put into this machine's stores: take another package"
        )
    };
    catalog.signer.serves_only_to_sign_code().map_err(refused)?;
    let broken = |fault| format!("{CATALOG} {fault}: unpack the package again");
    catalog.verify().map_err(broken)
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let path = folder.join(name);
    let length = fs::metadata(&path).map(|it| it.len());
    if length.is_ok_and(|length| length > LONGEST) {
        return Err(wrong(folder, name, "is too long"));
    }
    fs::read(&path).map_err(|error| {
        let path = path.display();
        Failure::Usage(match error.kind() {
            ErrorKind::NotFound => format!(
                "{path} is missing: unpack the whole package, and name its folder with --package"
            ),
            _ => format!("{path} can't be read: {error}"),
        })
    })
}

fn wrong(folder: &Path, name: &str, fault: &str) -> Failure {
    let path = folder.join(name);
    Failure::Usage(format!(
        "{} {fault}: unpack the package again",
        path.display()
    ))
}

#[cfg(test)]
pub(in crate::driver) mod made_up;
#[cfg(test)]
mod tests;
