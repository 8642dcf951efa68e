//! Packages of built images: made, checked, and broken.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::checks::Package;
use super::contents::{CERTIFICATE, Files, IMAGE, NOTES, SUMS, TEST_PROGRAM, sums};
use super::{MakeOptions, OLD_KEYS, archive, folder, make, old_keys, shown};
use crate::architecture::Architecture;
use crate::sign::certificate::{self, common_name};
use crate::sign::kept;
use crate::sign::tests::{KeyFiles, Made, OTHER, OWN, with_bag};

const DATE: &str = "2026-01-31";

/// A project's folder with what packages are made of, and a kept key.
struct Project {
    root: TempDir,
    keys: TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            root: tempfile::tempdir().expect("a folder"),
            keys: OWN.files.folder(),
        };
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for file in [
            "inf/midiuart.inx",
            "inf/INSTALL.txt",
            "inf/lab/midiuart-isa.inx",
            "inf/lab/INSTALL.txt",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "target/package/x64/midiuart.sys",
            "target/package/arm64/midiuart.sys",
        ] {
            let bytes = fs::read(own.join(file)).expect("`cargo xtask driver` first, for both");
            project.write(file, &bytes);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    /// Makes packages; with the kept key, unless another one is named.
    fn make(&self, options: MakeOptions) -> Result<(), String> {
        let keep_key = options.certificate.is_none();
        self.make_with(&MakeOptions {
            keep_key: keep_key.then(|| self.keys.path().to_owned()),
            ..options
        })
    }

    fn make_with(&self, options: &MakeOptions) -> Result<(), String> {
        make(self.root.path(), options).map_err(|failure| format!("{failure:?}"))
    }

    fn package(&self, name: &str) -> Package {
        folder::read(&self.path(&format!("target/package/{name}"))).expect("a package")
    }

    /// What is in the folder of packages.
    fn packages(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("target/package")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn options(architectures: &[Architecture]) -> MakeOptions {
    MakeOptions {
        arch: architectures.to_vec(),
        date: Some(DATE.to_owned()),
        keep_key: None,
        certificate: None,
        key: None,
        lab: false,
        build: false,
        install: false,
    }
}

fn name(architecture: &str) -> String {
    format!("midiuart-{}-{architecture}", env!("CARGO_PKG_VERSION"))
}

/// The package for x64, and its files.
fn good() -> (String, Files) {
    let project = Project::new();
    project.make(options(&[Architecture::X64])).expect("made");
    let files = project.package(&name("x64")).files().clone();
    (name("x64"), files)
}

fn broken(name: &str, files: Files) -> Vec<(&'static str, String)> {
    Package::new(name.to_owned(), files).broken()
}

/// Files with a list of digests that fits.
fn with_right_sums(mut files: Files) -> Files {
    files.remove(SUMS);
    let sums = sums(&files);
    files.insert(SUMS.to_owned(), sums.into_bytes());
    files
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn packages_are_made_for_both_processors_and_pass() {
    let project = Project::new();
    project.make(options(&[])).expect("made");
    for architecture in ["x64", "arm64"] {
        for name in [name(architecture), format!("{}.zip", name(architecture))] {
            assert_eq!(project.package(&name).broken(), [], "{name}");
        }
    }
    assert_eq!(project.packages().len(), 2 + 4);
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn each_run_signs_with_a_key_of_its_own_and_leaves_none() {
    let project = Project::new();
    project.write(&format!("{OLD_KEYS}/midiuart-test.key"), b"an old key");
    let certificates = || {
        project.make_with(&options(&[])).expect("made");
        let of = |architecture| {
            let package = project.package(&name(architecture));
            assert_eq!(package.broken(), []);
            package.certificate().expect("a certificate")
        };
        assert_eq!(of("x64"), of("arm64"));
        of("x64")
    };
    assert_ne!(certificates(), certificates());
    let mut folders = vec![project.root.path().to_owned()];
    let mut keys = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path).expect("a file"))
                .contains("PRIVATE KEY")
                || path.extension().is_some_and(|extension| extension == "key")
            {
                keys.push(path);
            }
        }
    }
    assert_eq!(keys, [project.path("target/signing/midiuart-test.key")]);
}

#[test]
fn an_old_key_is_told_in_a_line() {
    let root = tempfile::tempdir().expect("a folder");
    assert_eq!(old_keys(root.path()), None);
    fs::create_dir_all(root.path().join(OLD_KEYS)).expect("a folder");
    let line = old_keys(root.path()).expect("a line");
    assert!(
        line.contains("delete the folder") && !line.contains('\n'),
        "{line}"
    );
}

#[test]
fn what_is_compared_before_an_installation_is_shown() {
    use crate::sign::catalog::hexadecimal;
    use sha2::{Digest, Sha256};
    let shown = shown(&OWN.signer()).expect("a text");
    let lines: Vec<_> = shown.lines().map(|line| line.split_at(13).1).collect();
    let name = common_name(&OWN.certificate).expect("a name");
    let digest = hexadecimal(&Sha256::digest(&OWN.files.certificate)).to_uppercase();
    assert_eq!(lines[..2], [format!("CN={name}"), digest]);
    let expiry = &OWN.certificate.tbs_certificate.validity.not_after;
    assert_eq!(lines[2..], [expiry.to_string()]);
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn the_notes_name_this_package_s_certificate() {
    let (_, files) = good();
    let notes = String::from_utf8(files[NOTES].clone()).expect("text");
    let name = common_name(&OWN.certificate).expect("a name");
    for store in ["TrustedPublisher", "Root"] {
        assert!(notes.contains(&format!("certutil -delstore {store} \"{name}\"\r\n")));
    }
    assert!(!notes.contains('{'), "{notes}");
}

/// A genuine package, and a certification authority's certificate that somebody has put into the catalog's
/// bag and in place of the package's: a machine that trusted the signer would trust all that it issues.
#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn an_authority_in_the_bag_is_told_by_name() {
    use der::Encode;
    let authority = Made {
        profile: x509_cert::builder::Profile::Root,
        ..Made::default()
    };
    let authority = authority.certificate();
    let (name, files) = good();
    let tampered = |bag: &[&x509_cert::Certificate], certificate: &x509_cert::Certificate| {
        let mut files = files.clone();
        let catalog = with_bag(&files["midiuart.cat"], bag);
        files.insert("midiuart.cat".to_owned(), catalog);
        let certificate = certificate.to_der().expect("encoded");
        files.insert(CERTIFICATE.to_owned(), certificate);
        broken(&name, with_right_sums(files))
    };
    let own = &OWN.certificate;
    assert_eq!(tampered(&[own], own), []);
    let found = tampered(&[own, &authority], &authority);
    let of = |name| {
        let found = found.iter().find(|(check, _)| *check == name);
        found.map_or("passes", |(_, error)| error.as_str())
    };
    assert!(of("certificate").contains("midiuart.cer: is a certification authority's"));
    assert!(of("image-signature").contains("another certificate"));
    assert!(of("catalog-signature").contains("another certificate"));
    // Beside the genuine certificate it is told, too.
    let found = tampered(&[own, &authority], own);
    assert!(
        found
            .iter()
            .all(|(_, error)| error.contains("2 certificates come with it")),
        "{found:?}"
    );
    assert_eq!(found[0].0, "catalog-signature");
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn the_same_again_is_the_same_to_the_byte() {
    let zip = || {
        let project = Project::new();
        project.make(options(&[])).expect("made");
        // A second time over the first.
        project.make(options(&[])).expect("made");
        fs::read(project.path(&format!("target/package/{}.zip", name("arm64")))).expect("a zip")
    };
    assert_eq!(zip(), zip());
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn each_flipped_byte_is_told_with_the_file_s_name() {
    let (name, files) = good();
    for (file, bytes) in &files {
        // All bytes of short files, some of long ones.
        let step = bytes.len() / 50 + 1;
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = files.clone();
            changed.get_mut(file).expect("the file")[at] ^= 1;
            let broken = broken(&name, changed);
            let is_named = broken
                .iter()
                .any(|(_, error)| error.contains(file.as_str()));
            assert!(is_named, "byte {at} of {file}: {broken:?}");
        }
    }
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn each_flipped_byte_of_a_zip_file_is_noticed() {
    let (name, files) = good();
    let date = der::DateTime::new(2026, 1, 31, 0, 0, 0).expect("a date");
    let zip = archive::packed(&name, &files, date).expect("packed");
    assert_eq!(archive::unpacked(&zip), Ok((name, files)));
    for at in (0..zip.len()).step_by(zip.len() / 500 + 1) {
        let mut changed = zip.clone();
        changed[at] ^= 1;
        assert!(archive::unpacked(&changed).is_err(), "byte {at}");
    }
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn what_was_changed_after_signing_is_told_though_the_sums_are_right() {
    let (name, files) = good();
    let checks = |change: &dyn Fn(&mut Files)| {
        let mut changed = files.clone();
        change(&mut changed);
        let broken = broken(&name, with_right_sums(changed));
        broken
            .into_iter()
            .map(|(check, _)| check)
            .collect::<Vec<_>>()
    };
    let edited = |files: &mut Files, file: &str, old: &str, new: &str| {
        let text = String::from_utf8(files[file].clone()).expect("text");
        assert!(text.contains(old), "{old}");
        files.insert(file.to_owned(), text.replace(old, new).into_bytes());
    };
    assert_eq!(checks(&|_| ()), [""; 0]);
    assert_eq!(
        checks(&|files| edited(
            files,
            "midiuart.inf",
            "; what the driver",
            "; how the driver"
        )),
        ["catalog-members"]
    );
    assert_eq!(
        checks(&|files| edited(
            files,
            "midiuart.inf",
            "FifoDepth,0x00010001,16",
            "FifoDepth,0x00010001,1"
        )),
        ["inf-rules", "catalog-members"]
    );
    assert_eq!(
        checks(&|files| edited(files, "midiuart.inf", "*PNPB006", "ROOT\\MIDIUART")),
        ["catalog-members", "catalog-attributes"]
    );
    assert_eq!(
        checks(&|files| {
            let image = files.get_mut(IMAGE).expect("the image");
            let middle = image.len() / 2;
            image[middle] ^= 1;
        }),
        ["image-rules", "image-signature", "catalog-members"]
    );
    assert_eq!(
        checks(&|files| {
            files.insert(CERTIFICATE.to_owned(), OTHER.files.certificate.clone());
        }),
        [
            "image-signature",
            "catalog-signature",
            "catalog-members",
            "catalog-attributes"
        ]
    );
    assert_eq!(
        checks(&|files| {
            files.insert("midiuart.dll".to_owned(), Vec::new());
        }),
        ["files"]
    );
    assert_eq!(
        checks(&|files| {
            files.remove("LICENSE-MIT");
        }),
        ["files"]
    );
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn the_test_program_comes_along_signed() {
    let project = Project::new();
    let program = fs::read(project.path("target/package/x64/midiuart.sys")).expect("an image");
    project.write(&format!("target/package/x64/{TEST_PROGRAM}"), &program);
    project.make(options(&[Architecture::X64])).expect("made");
    let package = project.package(&name("x64"));
    assert!(package.files().contains_key(TEST_PROGRAM));
    assert_eq!(package.broken(), []);
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn a_certificate_that_is_named_signs() {
    let project = Project::new();
    let other = OTHER.files.folder();
    let options = MakeOptions {
        certificate: Some(KeyFiles::certificate_in(&other)),
        key: Some(KeyFiles::key_in(&other)),
        ..options(&[Architecture::X64])
    };
    project.make(options).expect("made");
    let package = project.package(&name("x64"));
    let certificate = certificate::parse(&package.files()[CERTIFICATE]).expect("a certificate");
    assert_eq!(certificate, OTHER.certificate);
    assert_eq!(package.broken(), []);
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn the_lab_has_its_own_package() {
    let project = Project::new();
    let options = MakeOptions {
        lab: true,
        ..options(&[])
    };
    project.make(options).expect("made");
    let package = project.package(&format!("midiuart-isa-{}-x64", env!("CARGO_PKG_VERSION")));
    assert_eq!(package.broken(), []);
    assert_eq!(project.packages().len(), 2 + 2);
}

/// A thing that is wrong with the inputs: the message tells it with the next step, and nothing is
/// written.
fn refused(change: impl Fn(&Project), options: MakeOptions, told: &[&str]) {
    let project = Project::new();
    change(&project);
    let before = project.packages();
    let error = project.make(options).expect_err("refused");
    for part in told {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    assert_eq!(project.packages(), before);
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn no_package_is_written_if_one_of_two_can_t_be_made() {
    refused(
        |project| {
            let image = "target/package/arm64/midiuart.sys";
            fs::remove_file(project.path(image)).expect("removed");
        },
        options(&[]),
        &["is missing", "cargo xtask driver --arch arm64"],
    );
}

#[test]
#[ignore = "needs `cargo xtask driver` for x64 and arm64"]
fn bad_inputs_are_told_and_nothing_is_written() {
    let x64 = || options(&[Architecture::X64]);
    let image = "target/package/x64/midiuart.sys";
    refused(
        |project| fs::remove_file(project.path(image)).expect("removed"),
        x64(),
        &["is missing", "cargo xtask driver --arch x64"],
    );
    refused(
        |project| {
            let other = project.path("target/package/arm64/midiuart.sys");
            fs::copy(other, project.path(image)).expect("copied");
        },
        x64(),
        &["is for ARM64, not x64", "cargo xtask driver --arch x64"],
    );
    refused(
        |project| project.write(image, b"MZ and no more"),
        x64(),
        &["no image", "cargo xtask driver --arch x64"],
    );
    refused(
        |project| project.write(&format!("target/package/x64/{TEST_PROGRAM}"), b"none"),
        x64(),
        &[TEST_PROGRAM, "x86_64-pc-windows-msvc"],
    );
    refused(
        |project| {
            let path = project.path("inf/midiuart.inx");
            let text = fs::read_to_string(&path).expect("the file");
            fs::write(path, text.replace("PnpLockdown = 1", "PnpLockdown = 0")).expect("written");
        },
        x64(),
        &["inf-rules", "lockdown"],
    );
    refused(
        |project| fs::remove_file(project.path("LICENSE-MIT")).expect("removed"),
        x64(),
        &["LICENSE-MIT"],
    );
    refused(
        |project| {
            let certificate = project.keys.path().join(kept::CERTIFICATE);
            fs::write(certificate, &OTHER.files.certificate).expect("written");
        },
        x64(),
        &["is not the key of"],
    );
    refused(
        |_| (),
        MakeOptions {
            date: Some("tomorrow".to_owned()),
            ..options(&[])
        },
        &["tomorrow", "2026-01-31"],
    );
    refused(
        |_| (),
        options(&[Architecture::X86]),
        &["no package for x86", "--arch x64"],
    );
}
