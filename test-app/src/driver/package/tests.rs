//! Packages whose keys are made up for the test.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::image;
use super::made_up::{Bag, Kind, MadeUp, OTHER, OWN};
use super::{CATALOG, CERTIFICATE, IMAGE, INF, Package};
use crate::driver::machine::Architecture;

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

fn members() -> Vec<(&'static str, Vec<u8>)> {
    let image = driver();
    let signed = [
        &image[..HEADER + 88],
        &image[HEADER + 92..HEADER + 168],
        &image[HEADER + 176..SIGNATURE],
    ];
    vec![
        (INF, Sha256::digest(b"[Version]").to_vec()),
        (IMAGE, Sha256::digest(signed.concat()).to_vec()),
    ]
}

/// A folder with a package whose files belong together.
fn package() -> TempDir {
    package_with(&OWN.catalog(&members(), &Bag::default()), OWN.certificate())
}

fn package_with(catalog: &[u8], certificate: &[u8]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, contents) in [
        (INF, b"[Version]".as_slice()),
        (IMAGE, &driver()),
        (CATALOG, catalog),
        (CERTIFICATE, certificate),
    ] {
        fs::write(folder.path().join(name), contents).expect("a file");
    }
    folder
}

fn fault(folder: &Path) -> String {
    let failure = Package::read(folder).expect_err("a fault");
    failure.to_string()
}

/// Why the signer of a package that is whole may not be trusted.
fn distrust(folder: &Path) -> String {
    let package = Package::read(folder).expect("a package");
    package.may_be_trusted.expect_err("a fault")
}

#[test]
fn a_package_that_belongs_together_is_read() {
    let folder = package();
    let package = Package::read(folder.path()).expect("a package");
    assert_eq!(package.architecture, Architecture::X64);
    assert_eq!(package.signer.der(), OWN.certificate());
    assert_eq!(package.may_be_trusted, Ok(()));
    assert!(package.signer.is_named_as_own());
    assert!(package.is_for(Architecture::X64).is_ok());
    assert!(package.is_for(Architecture::Arm64).is_err());
}

#[test]
fn a_missing_file_is_named() {
    for name in [INF, IMAGE, CATALOG] {
        let folder = package();
        fs::remove_file(folder.path().join(name)).expect("a file");
        let line = fault(folder.path());
        assert!(line.contains(name) && line.contains("missing"), "{line}");
        assert!(line.contains("--package"), "{line}");
    }
    let folder = package();
    fs::remove_file(folder.path().join(CERTIFICATE)).expect("a file");
    let line = distrust(folder.path());
    assert!(line.contains("midiuart.cer is missing"), "{line}");
}

#[test]
fn a_changed_file_is_named() {
    for name in [INF, IMAGE] {
        let folder = package();
        let path = folder.path().join(name);
        let mut contents = fs::read(&path).expect("a file");
        contents[5] ^= 1;
        fs::write(&path, contents).expect("a file");
        let line = fault(folder.path());
        assert!(line.contains("was changed after it was signed"), "{line}");
        assert!(line.contains("unpack the package again"), "{line}");
    }
}

#[test]
fn a_digest_counts_under_its_own_name_only() {
    let [(inf, inf_digest), (image, image_digest)] = <[_; 2]>::try_from(members()).expect("two");
    let swapped = [(image, inf_digest), (inf, image_digest)];
    let folder = package_with(&OWN.catalog(&swapped, &Bag::default()), OWN.certificate());
    assert!(fault(folder.path()).contains("was changed after it was signed"));
}

#[test]
fn a_digest_outside_of_the_signed_list_counts_for_nothing() {
    // The bag of certificates is not signed: one whose subject has the digests is put into it.
    let digests = members().into_iter().flat_map(|(_, digest)| digest);
    let smuggled = MadeUp::new(&Kind::Named(digests.collect()));
    let bag = Bag {
        others: vec![&smuggled],
        ..Bag::default()
    };
    let listed = [(INF, vec![1; 32]), (IMAGE, vec![2; 32])];
    let folder = package_with(&OWN.catalog(&listed, &bag), OWN.certificate());
    assert!(fault(folder.path()).contains("was changed after it was signed"));
}

#[test]
fn a_certificate_smuggled_into_the_bag_is_not_the_signer() {
    let authority = MadeUp::new(&Kind::Authority);
    let bag = Bag {
        others: vec![&authority],
        ..Bag::default()
    };
    let catalog = OWN.catalog(&members(), &bag);
    let folder = package_with(&catalog, authority.certificate());
    let line = fault(folder.path());
    assert!(
        line.contains("midiuart.cat was not signed with midiuart.cer"),
        "{line}"
    );
    // The same bag with the signer's own is as good as without it.
    let folder = package_with(&catalog, OWN.certificate());
    let package = Package::read(folder.path()).expect("a package");
    assert_eq!(package.may_be_trusted, Ok(()));
    assert_eq!(package.signer.der(), OWN.certificate());
}

#[test]
fn a_signer_that_could_do_more_than_sign_code_is_refused_by_name() {
    for (kind, fault) in [
        (Kind::Authority, "may issue other certificates (CA)"),
        (
            Kind::CertificateSigner,
            "may issue other certificates (keyCertSign)",
        ),
        (Kind::ServerToo, "is not for code signing alone"),
        (Kind::AnyPurpose, "is not for code signing alone"),
        (
            Kind::Named(b"policies".to_vec()),
            "has an extension that no test certificate needs",
        ),
        (Kind::IssuedByOther, "was issued by another certificate"),
        (Kind::SignedByOther, "was not signed with its own key"),
    ] {
        let signer = MadeUp::new(&kind);
        let catalog = signer.catalog(&members(), &Bag::default());
        let folder = package_with(&catalog, signer.certificate());
        let line = distrust(folder.path());
        assert!(
            line.contains(&format!("midiuart.cer {fault}")),
            "{kind:?}: {line}"
        );
    }
}

#[test]
fn a_catalog_whose_signature_is_another_keys_or_of_other_bytes_is_refused() {
    let forged = Bag {
        signed_by: Some(&OTHER),
        ..Bag::default()
    };
    let changed = Bag {
        changes_list: true,
        ..Bag::default()
    };
    for (bag, fault) in [
        (forged, "was not signed with the key of its certificate"),
        (changed, "was changed after it was signed"),
    ] {
        let folder = package_with(&OWN.catalog(&members(), &bag), OWN.certificate());
        let line = distrust(folder.path());
        assert!(line.contains(fault), "{line}");
    }
}

#[test]
fn a_catalog_has_one_signer_whose_certificate_is_there_once() {
    let two = Bag {
        signers: 2,
        ..Bag::default()
    };
    let none = Bag {
        signers: 0,
        ..Bag::default()
    };
    let without = Bag {
        leaves_out_signer: true,
        ..Bag::default()
    };
    for (bag, fault) in [
        (two, "has 2 signers"),
        (none, "has 0 signers"),
        (without, "does not have its signer's certificate"),
    ] {
        let folder = package_with(&OWN.catalog(&members(), &bag), OWN.certificate());
        let line = self::fault(folder.path());
        assert!(line.contains(fault), "{line}");
    }
    let folder = package_with(b"nothing", OWN.certificate());
    assert!(fault(folder.path()).contains("is not a signed catalog"));
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
