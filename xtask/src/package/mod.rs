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

use clap::Args;

use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::inf::ARCHITECTURES;
use crate::packages;
use crate::sign::certificate::Signer;
use checks::Package;
use contents::Recipe;
use edition::Edition;

/// Where the test certificate is that signs if no other is named.
const SIGNING_FOLDER: &str = "target/signing";

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
    /// A self-signed certificate for code signing, DER or PEM. Otherwise a test certificate in
    /// target/signing, which is made if it is missing.
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
    let signer = match (&options.certificate, &options.key) {
        (Some(certificate), Some(key)) => Signer::load(certificate, key)?,
        _ => Signer::for_tests(&root.join(SIGNING_FOLDER))?,
    };
    let target = packages_folder(root);
    fs::create_dir_all(&target).map_err(Failure::at(&target))?;
    if options.build {
        for &architecture in architectures {
            packages::require(architecture, options.install)?;
            driver::build(root, architecture)?;
        }
    }
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
    Ok(())
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
