//! A second opinion about signatures.

use std::fs;
use std::process::Command;

use super::checks::{Package, Verdict};
use super::contents::IMAGE;
use crate::sign::certificate;

const PROGRAM: &str = "osslsigncode";

/// The image's signature, with the package's certificate as the only one that is trusted.
pub fn image(package: &Package) -> Verdict {
    verify(package, &[("-in", IMAGE)])
}

/// The catalog's.
pub fn catalog(package: &Package) -> Verdict {
    verify(package, &[("-in", &package.named("cat")?)])
}

/// The image is in the catalog.
pub fn membership(package: &Package) -> Verdict {
    verify(
        package,
        &[("-catalog", &package.named("cat")?), ("-in", IMAGE)],
    )
}

fn verify(package: &Package, arguments: &[(&str, &str)]) -> Verdict {
    const TRUSTED: &str = "trusted.pem";
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).map_err(|error| error.to_string())
    };
    write(
        TRUSTED,
        certificate::pem(&package.certificate()?)?.as_bytes(),
    )?;
    let mut command = Command::new(PROGRAM);
    command
        .arg("verify")
        .args(["-CAfile", TRUSTED])
        .current_dir(folder.path());
    for (option, name) in arguments {
        write(name, package.file(name)?)?;
        command.args([option, name]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(format!("{PROGRAM} verify succeeds"));
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim);
    let telling = lines.find(|line| {
        let line = line.to_lowercase();
        let words = ["error", "mismatch", "verification: failed"];
        words.iter().any(|word| line.contains(word))
    });
    Err(telling.unwrap_or("it does not say why").to_owned())
}
