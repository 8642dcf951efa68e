//! The package that is to be installed: its files, and whether they are those that were signed.

mod image;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::machine::Architecture;
use crate::failure::Failure;

/// Names of files. Windows finds the others by what is in the INF file.
pub const INF: &str = "midiuart.inf";
/// The driver.
pub const IMAGE: &str = "midiuart.sys";
/// What the files' digests are signed in.
pub const CATALOG: &str = "midiuart.cat";
/// What the catalog is signed with.
pub const CERTIFICATE: &str = "midiuart.cer";

/// A package whose files belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Where the INF file is.
    pub inf: PathBuf,
    /// Where the catalog is.
    pub catalog: PathBuf,
    /// The processor it is for.
    pub architecture: Architecture,
    /// The certificate that the catalog was signed with (DER).
    pub certificate: Vec<u8>,
}

impl Package {
    /// Reads the package in `folder`, and checks that INF file and driver are those whose digests the
    /// catalog has, and that the catalog has the certificate. Whether the catalog itself was changed
    /// is for Windows to say.
    ///
    /// # Errors
    /// [`Failure::Usage`]: which file is wrong, and what to do.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let inf = read(folder, INF)?;
        let image = read(folder, IMAGE)?;
        let catalog = read(folder, CATALOG)?;
        let certificate = read(folder, CERTIFICATE)?;

        let header = image::Header::of(&image)
            .ok_or_else(|| wrong(folder, IMAGE, "is no driver for 64-bit Windows"))?;
        if !contains(&catalog, &certificate) {
            return Err(wrong(folder, CATALOG, "was not signed with midiuart.cer"));
        }
        if !contains(&catalog, &Sha256::digest(&inf)) {
            let fault = "was changed after it was signed";
            return Err(wrong(folder, INF, fault));
        }
        if !contains(&catalog, &header.digest(&image)) {
            return Err(wrong(folder, IMAGE, "was changed after it was signed"));
        }
        Ok(Self {
            inf: folder.join(INF),
            catalog: folder.join(CATALOG),
            architecture: header.architecture,
            certificate,
        })
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

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let path = folder.join(name);
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

/// Whether a catalog has those bytes. They are whole certificates and digests, which do not occur by
/// chance.
fn contains(catalog: &[u8], bytes: &[u8]) -> bool {
    !bytes.is_empty() && catalog.windows(bytes.len()).any(|window| window == bytes)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Where the header begins, and the signature, in the image of these tests.
    const HEADER: usize = 0x80;
    const SIGNATURE: usize = 0x200;

    /// The least that is an image for x64, with a signature.
    fn driver() -> Vec<u8> {
        let mut image = vec![0xA5; SIGNATURE + 8];
        let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x3C, &0x80_u32.to_le_bytes());
        put(HEADER, b"PE\0\0");
        put(HEADER + 4, &0x8664_u16.to_le_bytes());
        put(HEADER + 24, &0x20B_u16.to_le_bytes());
        put(HEADER + 168, &0x200_u32.to_le_bytes());
        image
    }

    /// A folder with a package whose files belong together.
    fn package() -> TempDir {
        let folder = TempDir::new().expect("a folder");
        let (inf, image) = (b"[Version]".to_vec(), driver());
        let signed = [
            &image[..HEADER + 88],
            &image[HEADER + 92..HEADER + 168],
            &image[HEADER + 176..SIGNATURE],
        ];
        let catalog = [
            b"begin".to_vec(),
            Sha256::digest(&inf).to_vec(),
            Sha256::digest(signed.concat()).to_vec(),
            b"certificate".to_vec(),
        ];
        for (name, contents) in [
            (INF, inf),
            (IMAGE, image),
            (CATALOG, catalog.concat()),
            (CERTIFICATE, b"certificate".to_vec()),
        ] {
            fs::write(folder.path().join(name), contents).expect("a file");
        }
        folder
    }

    #[test]
    fn a_package_that_belongs_together_is_read() {
        let folder = package();
        let package = Package::read(folder.path()).expect("a package");
        assert_eq!(package.architecture, Architecture::X64);
        assert_eq!(package.certificate, b"certificate");
        assert!(package.is_for(Architecture::X64).is_ok());
        assert!(package.is_for(Architecture::Arm64).is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        for name in [INF, IMAGE, CATALOG, CERTIFICATE] {
            let folder = package();
            fs::remove_file(folder.path().join(name)).expect("a file");
            let failure = Package::read(folder.path()).expect_err("incomplete");
            let line = failure.to_string();
            assert!(line.contains(name) && line.contains("missing"), "{line}");
            assert!(line.contains("--package"), "{line}");
        }
    }

    #[test]
    fn a_changed_file_is_named() {
        for (name, fault) in [
            (INF, "was changed after it was signed"),
            (IMAGE, "was changed after it was signed"),
            (CERTIFICATE, "was not signed with midiuart.cer"),
        ] {
            let folder = package();
            let path = folder.path().join(name);
            let mut contents = fs::read(&path).expect("a file");
            contents[5] ^= 1;
            fs::write(&path, contents).expect("a file");
            let line = Package::read(folder.path())
                .expect_err("changed")
                .to_string();
            assert!(line.contains(fault), "{line}");
            assert!(line.contains("unpack the package again"), "{line}");
        }
    }

    #[test]
    fn checksum_and_signature_may_change() {
        let folder = package();
        let path = folder.path().join(IMAGE);
        for at in [HEADER + 88, HEADER + 172, SIGNATURE] {
            let mut image = fs::read(&path).expect("a file");
            image[at] ^= 1;
            fs::write(&path, image).expect("a file");
        }
        assert!(Package::read(folder.path()).is_ok());
    }

    #[test]
    fn what_is_cut_is_no_driver() {
        let whole = driver();
        for length in 0..SIGNATURE {
            assert!(image::Header::of(&whole[..length]).is_none(), "{length}");
        }
    }
}
