//! What is in a package.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use der::{DateTime, Encode};
use sha2::{Digest, Sha256};

use super::edition::Edition;
use crate::architecture::Architecture;
use crate::driver;
use crate::failure::Failure;
use crate::inf::{self, Date, Stamp};
use crate::sign::catalog::{self, Contents, hexadecimal};
use crate::sign::certificate;
use crate::sign::image;
use crate::sign::signer::Signer;
use crate::verify::Image;

/// The driver.
pub const IMAGE: &str = "midiuart.sys";
/// What the signatures are checked with.
pub const CERTIFICATE: &str = "midiuart.cer";
/// The user's tool; it need not be there.
pub const TEST_PROGRAM: &str = "midiuart-test.exe";
/// How to install and remove the package.
pub const NOTES: &str = "INSTALL.txt";
/// Both licences.
pub const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// What stands in the sources of [`NOTES`] for the name that `certutil` finds the certificate by.
const CERTIFICATE_NAME: &str = "{CERTIFICATE}";
/// The digests of all other files.
pub const SUMS: &str = "SHA256SUMS";

/// Files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What a package is made from.
pub struct Recipe<'run> {
    pub root: &'run Path,
    pub edition: Edition,
    pub architecture: Architecture,
    pub date: DateTime,
    pub signer: &'run Signer,
}

/// Makes the files of a package: the same from the same inputs, to the byte.
///
/// # Errors
/// If something is missing or does not fit, and what to do then.
pub fn of(recipe: &Recipe) -> Result<Files, Failure> {
    let name = recipe.edition.name();
    let inf = inf_file(recipe)?;
    let image = image_file(recipe)?;
    let hardware_ids =
        inf::hardware_ids(&inf).map_err(|error| Failure::about(Path::new(name), &error))?;
    let inf_name = format!("{name}.inf");
    let catalog = Contents {
        architecture: recipe.architecture,
        hardware_ids: &hardware_ids,
        files: &[(&inf_name, inf.as_bytes()), (IMAGE, &image)],
        date: recipe.date,
    };
    let catalog = catalog::signed(&catalog, recipe.signer)
        .map_err(|error| Failure::about(Path::new(IMAGE), &error))?;
    let certificate = recipe.signer.certificate.to_der();
    let certificate =
        certificate.map_err(|error| Failure::about(Path::new(CERTIFICATE), &error))?;

    let mut files = Files::from([
        (inf_name, inf.into_bytes()),
        (IMAGE.to_owned(), image),
        (format!("{name}.cat"), catalog),
        (CERTIFICATE.to_owned(), certificate),
        (NOTES.to_owned(), notes(recipe)?),
    ]);
    for license in LICENSES {
        files.insert(license.to_owned(), text_file(&recipe.root.join(license))?);
    }
    if let Some(program) = test_program(recipe)? {
        files.insert(TEST_PROGRAM.to_owned(), program);
    }
    let sums = sums(&files);
    files.insert(SUMS.to_owned(), sums.into_bytes());
    Ok(files)
}

/// The digests of all files, as `sha256sum --check` reads them.
pub fn sums(files: &Files) -> String {
    let lines = files.iter().map(|(name, bytes)| {
        let digest = hexadecimal(&Sha256::digest(bytes));
        format!("{digest}  {name}\n")
    });
    lines.collect()
}

fn inf_file(recipe: &Recipe) -> Result<String, Failure> {
    let path = recipe.edition.inf_source(recipe.root);
    let inx = fs::read_to_string(&path).map_err(Failure::at(&path))?;
    let stamp = Stamp {
        architecture: recipe.architecture,
        date: Date {
            year: recipe.date.year(),
            month: recipe.date.month(),
            day: recipe.date.day(),
        },
        version: env!("CARGO_PKG_VERSION"),
    };
    inf::stamped(&inx, stamp).map_err(|error| Failure::about(&path, &error))
}

fn image_file(recipe: &Recipe) -> Result<Vec<u8>, Failure> {
    let path = driver::image(recipe.root, recipe.architecture);
    let arch = recipe.architecture.folder();
    let advice = format!("`cargo xtask driver --arch {arch}` makes it");
    if !path.exists() {
        return Err(Failure::about(&path, &format!("is missing; {advice}")));
    }
    signed_image(&path, recipe, &advice)
}

/// The user's tool, if it was built for Windows and put beside the image.
fn test_program(recipe: &Recipe) -> Result<Option<Vec<u8>>, Failure> {
    let path = driver::image(recipe.root, recipe.architecture).with_file_name(TEST_PROGRAM);
    if !path.exists() {
        return Ok(None);
    }
    let advice = format!(
        "build it for {}, or remove it",
        recipe.architecture.target()
    );
    signed_image(&path, recipe, &advice).map(Some)
}

/// How to install and remove the package, with the name by which Windows finds the certificate again.
fn notes(recipe: &Recipe) -> Result<Vec<u8>, Failure> {
    let path = recipe.edition.notes_source(recipe.root);
    let text = text_file(&path)?;
    let text = String::from_utf8_lossy(&text);
    if !text.contains(CERTIFICATE_NAME) {
        let error = format!("nowhere names the certificate, as {CERTIFICATE_NAME}");
        return Err(Failure::about(&path, &error));
    }
    let name = certificate::store_name(&recipe.signer.certificate);
    Ok(text.replace(CERTIFICATE_NAME, &name).into_bytes())
}

fn signed_image(path: &PathBuf, recipe: &Recipe, advice: &str) -> Result<Vec<u8>, Failure> {
    let about = |error: String| Failure::about(path, &format!("{error}; {advice}"));
    let bytes = fs::read(path).map_err(Failure::at(path))?;
    let parsed = Image::parse(&bytes).map_err(|error| about(format!("no image: {error}")))?;
    let wanted = recipe.architecture.folder();
    if !parsed.machine.eq_ignore_ascii_case(wanted) {
        return Err(about(format!("is for {}, not {wanted}", parsed.machine)));
    }
    image::signed(&bytes, recipe.signer).map_err(about)
}

/// With Windows' ends of lines.
fn text_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::at(path))?;
    Ok(text.replace('\n', "\r\n").into_bytes())
}
