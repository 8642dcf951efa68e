//! Signatures: made, checked, and broken byte by byte.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{CertificateSet, SignedData};
use der::asn1::{Any, ObjectIdentifier};
use der::{DateTime, Decode, Encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{self, SigningKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::sha2::Sha256;
use tempfile::TempDir;
use x509_cert::Certificate;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::ext::AsExtension;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use super::catalog::{self, Contents, hexadecimal};
use super::certificate::{CODE_SIGNING, test_name};
use super::signer::{self, Signer};
use super::{image, kept};
use crate::architecture::Architecture;
use crate::verify::{Image, checksum_of};

/// A certificate with its key, as files.
#[derive(Clone)]
pub struct KeyFiles {
    pub certificate: Vec<u8>,
    key: String,
}

impl KeyFiles {
    pub fn of(tester: &Tester) -> Self {
        tester.files.clone()
    }

    /// A folder of its own with both, as `--keep-key` has it.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(Self::certificate_in(&folder), &self.certificate).expect("written");
        fs::write(Self::key_in(&folder), &self.key).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(Self::key_in(&folder), mode).expect("set");
        }
        folder
    }

    pub fn certificate_in(folder: &TempDir) -> PathBuf {
        folder.path().join(kept::CERTIFICATE)
    }

    pub fn key_in(folder: &TempDir) -> PathBuf {
        folder.path().join(kept::KEY)
    }
}

/// Who signs in tests.
pub struct Tester {
    pub certificate: Certificate,
    pub files: KeyFiles,
}

/// One that is made once, as finding a key takes long.
pub static OWN: LazyLock<Tester> = LazyLock::new(Tester::make);
/// Another one.
pub static OTHER: LazyLock<Tester> = LazyLock::new(Tester::make);

impl Tester {
    fn make() -> Self {
        let (key, certificate) = signer::made(SystemTime::now()).expect("a signer");
        let key = key.to_pkcs8_pem(LineEnding::LF).expect("a key");
        Self {
            files: KeyFiles {
                certificate: certificate.to_der().expect("encoded"),
                key: key.to_string(),
            },
            certificate,
        }
    }

    pub fn signer(&self) -> Signer {
        let folder = self.files.folder();
        let (certificate, key) = (KeyFiles::certificate_in(&folder), KeyFiles::key_in(&folder));
        Signer::load(&certificate, &key).expect("a signer")
    }

    fn key(&self) -> SigningKey<Sha256> {
        SigningKey::new(RsaPrivateKey::from_pkcs8_pem(&self.files.key).expect("a key"))
    }
}

/// A self-signed certificate of [`OWN`]'s key, or one that should not be taken.
pub struct Made {
    pub profile: Profile,
    pub usages: Vec<ObjectIdentifier>,
    /// In place of the profile's.
    pub key_usage: Option<KeyUsage>,
    pub begin: SystemTime,
    pub validity: Duration,
    /// If it is not that of the key.
    pub name: Option<String>,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            profile: Profile::Leaf {
                issuer: Name::default(),
                enable_key_agreement: false,
                enable_key_encipherment: false,
            },
            usages: vec![CODE_SIGNING],
            key_usage: None,
            begin: SystemTime::now() - Duration::from_hours(1),
            validity: signer::VALIDITY,
            name: None,
        }
    }
}

impl Made {
    pub fn certificate(self) -> Certificate {
        let key = OWN.key();
        let info = rsa::signature::Keypair::verifying_key(&key);
        let info = SubjectPublicKeyInfoOwned::from_key(info).expect("a key");
        let own_name = format!("CN={}", test_name(&info.to_der().expect("encoded")));
        let name = Name::from_str(&self.name.unwrap_or(own_name)).expect("a name");
        let profile = match self.profile {
            Profile::Leaf { .. } => Profile::Leaf {
                issuer: name.clone(),
                enable_key_agreement: false,
                enable_key_encipherment: false,
            },
            other => other,
        };
        let validity = Validity {
            not_before: Time::try_from(self.begin).expect("a time"),
            not_after: Time::try_from(self.begin + self.validity).expect("a time"),
        };
        let number = SerialNumber::from(42_u32);
        let mut builder = CertificateBuilder::new(profile, number, validity, name, info, &key)
            .expect("a certificate");
        if !self.usages.is_empty() {
            let usages = ExtendedKeyUsage(self.usages);
            builder.add_extension(&usages).expect("added");
        }
        let made = builder.build::<pkcs1v15::Signature>().expect("signed");
        match self.key_usage {
            Some(usage) => with_key_usage(made, usage),
            None => made,
        }
    }
}

/// The certificate with another key usage, signed again.
fn with_key_usage(mut made: Certificate, usage: KeyUsage) -> Certificate {
    use rsa::signature::{SignatureEncoding, Signer};
    let own = &mut made.tbs_certificate;
    let extensions = own.extensions.as_mut().expect("extensions");
    let usage = usage.to_extension(&own.subject, &[]).expect("encoded");
    for extension in extensions.iter_mut() {
        if extension.extn_id == usage.extn_id {
            *extension = usage.clone();
        }
    }
    let signature = OWN.key().sign(&own.to_der().expect("encoded")).to_vec();
    made.signature = der::asn1::BitString::from_bytes(&signature).expect("a signature");
    made
}

/// A signature (of a catalog) with another bag of certificates, which nothing signs.
pub fn with_bag(signed: &[u8], certificates: &[&Certificate]) -> Vec<u8> {
    let mut info = ContentInfo::from_der(signed).expect("a signature");
    let mut data: SignedData = info.content.decode_as().expect("signed data");
    let bag = certificates.iter().map(|&certificate| certificate.clone());
    let bag: Vec<_> = bag.map(CertificateChoices::Certificate).collect();
    data.certificates = Some(CertificateSet::try_from(bag).expect("a bag"));
    info.content = Any::encode_from(&data).expect("encoded");
    info.to_der().expect("encoded")
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

/// The bag of certificates is not covered by the signature: whoever has a signed catalog may put others into
/// it, and call one of them the package's.
#[test]
fn a_certificate_that_was_put_into_the_bag_is_refused() {
    let own = OWN.certificate.clone();
    let authority = Made {
        profile: Profile::Root,
        ..Made::default()
    };
    let authority = authority.certificate();
    let signed = catalog::signed(&contents(&[("a.inf", INF)], &[]), &signer()).expect("signed");
    let refused = |bag: &[&Certificate], certificate| {
        let tampered = with_bag(&signed, bag);
        let error = catalog::verified(&tampered, certificate).err();
        error.expect("refused")
    };
    assert!(catalog::verified(&with_bag(&signed, &[&own]), &own).is_ok());
    for (bag, part) in [
        (&[&own, &authority][..], "2 certificates come with it"),
        (&[&authority], "is not the package's"),
        (&[], "0 certificates"),
    ] {
        let error = refused(bag, &own);
        assert!(error.contains(part), "{error}");
    }
    // The authority has the same name and key, and is the package's certificate.
    for bag in [&[&own, &authority][..], &[&authority], &[&own]] {
        let error = refused(bag, &authority);
        assert!(error.contains("another certificate"), "{error}");
    }
}

/// The issuer's name and serial number don't make a certificate the signer's: all bytes do.
#[test]
fn a_certificate_that_only_looks_like_the_signer_s_is_refused() {
    let own = OWN.certificate.clone();
    let mut longer = own.clone();
    let end = SystemTime::now() + Duration::from_hours(24 * 3650);
    longer.tbs_certificate.validity.not_after = Time::try_from(end).expect("a time");
    let signed = catalog::signed(&contents(&[("a.inf", INF)], &[]), &signer()).expect("signed");
    let error = catalog::verified(&signed, &longer).err().expect("refused");
    assert!(error.contains("is not the package's"), "{error}");
    let tampered = with_bag(&signed, &[&longer]);
    let error = catalog::verified(&tampered, &own).err().expect("refused");
    assert!(error.contains("is not the package's"), "{error}");
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
