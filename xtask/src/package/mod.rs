//! Driver packages: the folder that a user downloads, and its check.

mod archive;
mod checks;
mod contents;
mod date;
pub mod edition;
mod folder;
mod osslsigncode;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;

use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::inf::ARCHITECTURES;
use crate::packages;
use crate::sign::certificate;
use crate::sign::kept;
use crate::sign::signer::Signer;
use checks::Package;
use contents::Recipe;
use edition::Edition;

/// Where earlier versions kept a key that was valid for ten years.
const OLD_KEYS: &str = "target/signing";

/// How packages are made.
#[derive(Args)]
pub struct MakeOptions {
    /// The processors; x64 and arm64 if none are named.
    #[arg(long, value_enum)]
    arch: Vec<Architecture>,
    /// Builds the images before, on Debian. Otherwise those in target/package are taken.
    #[arg(long)]
    build: bool,
    /// Installs the Debian packages that building needs. Needs root.
    #[arg(long, requires = "build")]
    install: bool,
    /// The package's date, year-month-day. Otherwise that of `SOURCE_DATE_EPOCH`, or today's.
    #[arg(long)]
    date: Option<String>,
    /// Signs with the key in this folder, which is made if it is missing, so that the same package can be
    /// made again. Otherwise the key is new, and nothing of it is kept. The folder has to be outside the
    /// checkout.
    #[arg(long, value_name = "DIR", conflicts_with = "certificate")]
    keep_key: Option<PathBuf>,
    /// A self-signed certificate for code signing alone, DER or PEM.
    #[arg(long, requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's RSA key, PKCS #8 in PEM, without password.
    #[arg(long, requires = "certificate")]
    key: Option<PathBuf>,
    /// The package for an MPU-401 at a fixed port instead; see inf/README.md.
    #[arg(long)]
    lab: bool,
}

/// What is checked.
#[derive(Args)]
pub struct VerifyOptions {
    /// Folders or zip files; if none are named, those in target/package.
    paths: Vec<PathBuf>,
    /// Installs osslsigncode if it is missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Makes a folder and a zip file for each processor, or neither.
///
/// # Errors
/// If something is missing or does not fit, and what to do then.
pub fn make(root: &Path, options: &MakeOptions) -> Result<(), Failure> {
    let edition = Edition::of(options.lab);
    let architectures = match options.arch.as_slice() {
        [] => edition.architectures(),
        named => named,
    };
    if let Some(other) = architectures.iter().find(|it| !edition.is_for(**it)) {
        return Err(Failure::unusable(format!(
            "no package for {}; take --arch {}",
            other.folder(),
            edition.architectures()[0].folder()
        )));
    }
    let date = date::chosen(options.date.as_deref())?;
    if let Some(line) = old_keys(root) {
        println!("{line}");
    }
    let signer = signer(root, options)?;
    let target = packages_folder(root);
    fs::create_dir_all(&target).map_err(Failure::at(&target))?;
    if options.build {
        for &architecture in architectures {
            packages::require(architecture, options.install)?;
            driver::build(root, architecture)?;
        }
    }
    let certificate = shown(&signer).map_err(Failure::unusable)?;
    let mut made = Vec::new();
    for &architecture in architectures {
        let recipe = Recipe {
            root,
            edition,
            architecture,
            date,
            signer: &signer,
        };
        let files = contents::of(&recipe)?;
        let package = Package::new(edition.package_name(architecture), files);
        if let Some((check, error)) = package.broken().first() {
            let name = package.name();
            return Err(Failure::found(format!("{name}: {check}: {error}")));
        }
        let zip = archive::packed(package.name(), package.files(), date)
            .map_err(|error| Failure::about(&target, &error))?;
        made.push((package, zip));
    }
    for (package, zip) in made {
        let (name, files) = (package.name(), package.files());
        folder::replace(&target, name, files, &zip)?;
        let size: usize = files.values().map(Vec::len).sum();
        let count = files.len();
        println!("{size:>8} bytes  target/package/{name}, {count} files");
        println!("{:>8} bytes  target/package/{name}.zip", zip.len());
    }
    print!("{certificate}");
    Ok(())
}

/// Who signs all packages of a run.
fn signer(root: &Path, options: &MakeOptions) -> Result<Signer, Failure> {
    match (&options.certificate, &options.key, &options.keep_key) {
        (Some(certificate), Some(key), _) => Signer::load(certificate, key),
        (_, _, Some(folder)) => kept::signer(folder, root),
        _ => Signer::new(SystemTime::now()),
    }
}

/// What to compare with what `midiuart-test driver install` shows, before it trusts the certificate.
fn shown(signer: &Signer) -> Result<String, String> {
    let certificate = &signer.certificate;
    let owner = &certificate.tbs_certificate.subject;
    let expires = certificate.tbs_certificate.validity.not_after;
    let fingerprint = certificate::fingerprint(certificate)?;
    Ok(format!(
        "certificate  {owner}\nSHA-256      {fingerprint}\nexpires      {expires}\n"
    ))
}

/// The line about keys that an earlier version has left; they are not used.
fn old_keys(root: &Path) -> Option<String> {
    let folder = root.join(OLD_KEYS);
    folder.exists().then(|| {
        format!(
            "{} has a key of an earlier version, which is not used any more: delete the folder, and \
             remove its certificate from the machines that trust it",
            folder.display()
        )
    })
}

/// Checks packages, a line for each check.
///
/// # Errors
/// If something is wrong with one, or can't be read.
pub fn verify(root: &Path, options: &VerifyOptions) -> Result<(), Failure> {
    if cfg!(unix) {
        packages::require_all(&["osslsigncode"], options.install)?;
    }
    let paths = match options.paths.as_slice() {
        [] => built(root)?,
        named => named.to_vec(),
    };
    let mut broken = 0;
    for path in &paths {
        println!("{}", path.display());
        broken += folder::read(path)?.report();
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure::found("1 check failed")),
        _ => Err(Failure::found(format!("{broken} checks failed"))),
    }
}

/// All packages that were made.
fn built(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let target = packages_folder(root);
    let mut paths = Vec::new();
    for edition in Edition::ALL {
        for architecture in ARCHITECTURES {
            let name = edition.package_name(architecture);
            paths.extend([target.join(&name), target.join(format!("{name}.zip"))]);
        }
    }
    paths.retain(|path| path.exists());
    if paths.is_empty() {
        return Err(Failure::unusable(
            "no package in target/package; `cargo xtask package` makes one",
        ));
    }
    Ok(paths)
}

/// The folder of the general package for a processor, be it there or not.
pub fn folder_of(root: &Path, architecture: Architecture) -> PathBuf {
    packages_folder(root).join(Edition::General.package_name(architecture))
}

fn packages_folder(root: &Path) -> PathBuf {
    root.join("target/package")
}
