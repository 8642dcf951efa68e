//! Signatures: made, checked, and broken byte by byte.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use der::DateTime;
use tempfile::TempDir;

use super::catalog::{self, Contents, hexadecimal};
use super::certificate::{Signer, TEST_CERTIFICATE, TEST_KEY};
use super::image;
use crate::architecture::Architecture;
use crate::verify::{Image, checksum_of};

/// A test certificate with its key, as files.
pub struct SignerFiles {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// One that is made once, as finding a key takes long.
pub static OWN: LazyLock<SignerFiles> = LazyLock::new(SignerFiles::make);
/// Another one.
pub static OTHER: LazyLock<SignerFiles> = LazyLock::new(SignerFiles::make);

impl SignerFiles {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Signer::for_tests(folder.path()).expect("a signer");
        let read = |name| fs::read(folder.path().join(name)).expect("made");
        Self {
            certificate: read(TEST_CERTIFICATE),
            key: read(TEST_KEY),
        }
    }

    /// The certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Writes both under the names by which `Signer::for_tests` finds them.
    pub fn write_to(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join(TEST_CERTIFICATE), &self.certificate).expect("written");
        fs::write(folder.join(TEST_KEY), &self.key).expect("written");
    }

    /// A folder of its own with both.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        self.write_to(folder.path());
        folder
    }

    pub fn signer(&self) -> Signer {
        Signer::for_tests(self.folder().path()).expect("a signer")
    }
}

fn signer() -> Signer {
    OWN.signer()
}

const HEADERS: usize = 64;
const HEADERS_FIELD: [u8; 2] = [64, 0];
const OPTIONAL_HEADER: usize = HEADERS + 4 + 20;
const CHECKSUM: usize = OPTIONAL_HEADER + 64;
const SIGNATURE_ENTRY: usize = OPTIONAL_HEADER + 112 + 4 * 8;
const SECTION_TABLE: usize = OPTIONAL_HEADER + 240;

/// The smallest image for x64: headers, and a section of 515 bytes.
fn small_image() -> Vec<u8> {
    let mut image = vec![0; 512];
    let mut set =
        |offset: usize, bytes: &[u8]| image[offset..][..bytes.len()].copy_from_slice(bytes);
    set(0, b"MZ");
    set(0x3C, &HEADERS_FIELD);
    set(HEADERS, b"PE\0\0");
    set(HEADERS + 4, &[0x64, 0x86, 1, 0]); // x64, one section
    set(HEADERS + 20, &[240, 0]); // the optional header's size
    set(OPTIONAL_HEADER, &[0x0B, 0x02]); // 64 bits
    set(OPTIONAL_HEADER + 60, &512_u32.to_le_bytes()); // of headers
    set(OPTIONAL_HEADER + 108, &[16]); // entries of the data directory
    set(SECTION_TABLE, b".text");
    set(SECTION_TABLE + 8, &515_u32.to_le_bytes());
    set(SECTION_TABLE + 12, &0x1000_u32.to_le_bytes());
    set(SECTION_TABLE + 16, &515_u32.to_le_bytes());
    set(SECTION_TABLE + 20, &512_u32.to_le_bytes());
    image.extend([0x90; 515]);
    image
}

#[test]
fn a_signed_image_is_verified_and_has_a_right_checksum() {
    let signed = image::signed(&small_image(), &signer()).expect("signed");
    assert!(image::verify(&signed, &signer().certificate).is_ok());
    let parsed = Image::parse(&signed).expect("an image");
    assert_eq!(parsed.checksum_offset, CHECKSUM);
    assert_eq!(parsed.checksum, checksum_of(&signed, CHECKSUM));
    assert!(signed.len().is_multiple_of(8));
}

#[test]
fn a_signature_changes_no_digest() {
    let mut padded = small_image();
    padded.resize(padded.len().next_multiple_of(8), 0);
    let signed = image::signed(&small_image(), &signer()).expect("signed");
    assert_eq!(image::digests(&padded), image::digests(&signed));
}

#[test]
fn each_changed_byte_of_an_image_is_noticed() {
    let certificate = signer().certificate;
    let signed = image::signed(&small_image(), &signer()).expect("signed");
    let image_end = small_image().len().next_multiple_of(8);
    for at in 0..image_end {
        let mut changed = signed.clone();
        changed[at] ^= 0x10;
        let is_noticed = image::verify(&changed, &certificate).is_err();
        // The checksum is not signed; it is a rule of its own.
        let is_checksum = (CHECKSUM..CHECKSUM + 4).contains(&at);
        assert_eq!(is_noticed, !is_checksum, "byte {at}");
    }
}

#[test]
fn an_image_that_somebody_else_signed_is_refused() {
    let signed = image::signed(&small_image(), &OTHER.signer()).expect("signed");
    let error = image::verify(&signed, &signer().certificate).expect_err("refused");
    assert!(error.contains("another certificate"), "{error}");
}

#[test]
fn images_are_signed_once() {
    let signed = image::signed(&small_image(), &signer()).expect("signed");
    assert_eq!(
        image::signed(&signed, &signer()),
        Err("is signed already".to_owned())
    );
    let error = image::verify(&small_image(), &signer().certificate);
    assert_eq!(error, Err("it is not signed".to_owned()));
    assert_ne!(&signed[SIGNATURE_ENTRY..][..8], &[0; 8]);
}

const INF: &[u8] = b"[Version]\r\n";

fn contents<'files>(
    files: &'files [(&'files str, &'files [u8])],
    hardware_ids: &'files [String],
) -> Contents<'files> {
    Contents {
        architecture: Architecture::X64,
        hardware_ids,
        files,
        date: DateTime::new(2026, 1, 31, 0, 0, 0).expect("a date"),
    }
}

#[test]
fn a_catalog_lists_each_file_twice_and_the_devices() {
    let (image, ids) = (small_image(), ["ROOT\\A".to_owned(), "*B".to_owned()]);
    let files: [(&str, &[u8]); 2] = [("A.inf", INF), ("a.sys", &image)];
    let signed = catalog::signed(&contents(&files, &ids), &signer()).expect("signed");
    let catalog = catalog::verified(&signed, &signer().certificate).expect("verified");
    assert_eq!(catalog.members.len(), 4);
    for (name, bytes) in files {
        for digest in catalog::digests(name, bytes).expect("digests") {
            assert_eq!(catalog.members[&digest], name.to_lowercase());
        }
    }
    assert_eq!(catalog.attributes["HWID1"], "root\\a");
    assert_eq!(catalog.attributes["HWID2"], "*b");
    assert!(catalog.attributes["OS"].starts_with("_v100_X64_RS3,"));
}

#[test]
fn a_changed_catalog_says_nothing_else() {
    let certificate = signer().certificate;
    let signed = catalog::signed(&contents(&[("a.inf", INF)], &[]), &signer()).expect("signed");
    let right = catalog::verified(&signed, &certificate).expect("verified");
    let mut noticed = 0;
    for at in 0..signed.len() {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        match catalog::verified(&changed, &certificate) {
            Ok(catalog) => assert_eq!(catalog.members, right.members, "byte {at}"),
            Err(_) => noticed += 1,
        }
    }
    // All but the copy of the certificate and the names of algorithms.
    assert!(noticed > signed.len() / 2, "{noticed} of {}", signed.len());
}

#[test]
fn the_same_again_is_the_same_to_the_byte() {
    let (image, ids) = (small_image(), ["ROOT\\A".to_owned()]);
    let files: [(&str, &[u8]); 2] = [("a.inf", INF), ("a.sys", &image)];
    let make = || catalog::signed(&contents(&files, &ids), &signer()).expect("signed");
    assert_eq!(make(), make());
    assert_eq!(
        image::signed(&image, &signer()),
        image::signed(&image, &signer())
    );
}

/// As a catalog of Microsoft's signing service has an INF file, apart from name and digest.
#[test]
fn members_are_written_as_windows_tools_write_them() {
    let signed = catalog::signed(&contents(&[("a.inf", INF)], &[]), &signer()).expect("signed");
    let [sha1, sha256] = catalog::digests("a.inf", INF).expect("digests");
    let kind = "3010060a2b060104018237 0c0203 3102 8200";
    let windows = "3034060a2b060104018237 0c0201 3126 3024 1e0c004f005300410074007400720204 \
                   10010001 040e 32003a00310030002e0030000000";
    let name = "302e060a2b060104018237 0c0201 3120 301e 1e0800460069006c00650204 10010001 \
                040c 61002e0069006e0066000000";
    let digest = format!(
        "3055060a2b060104018237 020104 3147 3045 3010 060a2b060104018237 020119 a202 8000 \
         3031 300d 0609608648016503040201 0500 0420 {}",
        hexadecimal(&sha256)
    );
    for expected in [
        format!("0414{} 3178 {kind} {name} {windows}", hexadecimal(&sha1)),
        format!(
            "0420{} 3181cf {kind} {name} {windows} {digest}",
            hexadecimal(&sha256)
        ),
    ] {
        let expected = expected.replace(' ', "");
        assert!(hexadecimal(&signed).contains(&expected), "{expected}");
    }
}
