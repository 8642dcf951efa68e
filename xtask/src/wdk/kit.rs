//! The folder of the kit, and the versions in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Machine;
use crate::architecture::Architecture;
use crate::failure::Failure;

const REGISTRY_KEY: &str = r"HKLM\SOFTWARE\Microsoft\Windows Kits\Installed Roots";
const REGISTRY_VALUE: &str = "KitsRoot10";
/// The registry's halves: a kit's setup is a 32-bit program on most machines.
const REGISTRY_VIEWS: [&str; 2] = ["/reg:64", "/reg:32"];

/// An installed kit.
pub struct Kit {
    /// Its folder, usually `C:\Program Files (x86)\Windows Kits\10`.
    pub root: PathBuf,
    /// What led to it.
    pub found_by: &'static str,
}

impl Kit {
    /// Looks where the crate wdk-build looks, in its order, and then in the usual folder.
    ///
    /// # Errors
    /// If there is none, and where one can be had.
    pub fn find(machine: &mut impl Machine) -> Result<Self, Failure> {
        let places: [(&str, Option<PathBuf>); 4] = [
            (
                "WDKContentRoot",
                machine.variable("WDKContentRoot").map(PathBuf::from),
            ),
            (
                "MicrosoftKitRoot",
                machine
                    .variable("MicrosoftKitRoot")
                    .map(|folder| PathBuf::from(folder).join("Windows Kits").join("10.0")),
            ),
            (
                "registry",
                REGISTRY_VIEWS
                    .iter()
                    .find_map(|view| registered(machine, view)),
            ),
            (
                "usual folder",
                machine
                    .variable("ProgramFiles(x86)")
                    .map(|folder| PathBuf::from(folder).join("Windows Kits").join("10")),
            ),
        ];
        places
            .into_iter()
            .find_map(|(found_by, root)| {
                let root = root.filter(|root| root.is_dir())?;
                Some(Self { root, found_by })
            })
            .ok_or_else(|| {
                Failure::unusable(
                    "no Windows Driver Kit: neither WDKContentRoot nor the registry's KitsRoot10 names a \
                     folder; install the WDK for Windows 11 (or, without Windows, use `cargo xtask driver` \
                     and `cargo xtask verify-package`)",
                )
            })
    }

    /// The versions that it has libraries of, the highest first.
    pub fn versions(&self) -> Vec<Version> {
        let folders = fs::read_dir(self.root.join("Lib")).into_iter().flatten();
        let names = folders.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut versions: Vec<_> = names.filter_map(|name| Version::parse(&name)).collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions
    }

    /// What drivers for a processor are built of, and a version lacks.
    pub fn missing(&self, version: &Version, architecture: Architecture) -> Vec<PathBuf> {
        let include = self.root.join("Include").join(&version.name);
        let library = self.root.join("Lib").join(&version.name);
        let mut folders = vec![
            include.join("km").join("crt"),
            include.join("km"),
            include.join("shared"),
            library.join("km").join(architecture.folder()),
        ];
        folders.retain(|folder| !folder.is_dir());
        folders
    }

    /// The highest version that has everything for a processor. A newer Windows SDK beside the driver kit has not,
    /// and wdk-build would take it.
    ///
    /// # Errors
    /// If there is none, and what each lacks.
    pub fn version_for(&self, architecture: Architecture) -> Result<Version, Failure> {
        let versions = self.versions();
        if versions.is_empty() {
            return Err(Failure::unusable(format!(
                "{}: no version of a kit in Lib; install the WDK",
                self.root.display()
            )));
        }
        let mut lacks = Vec::new();
        for version in versions {
            match self.missing(&version, architecture).first() {
                None => return Ok(version),
                Some(folder) => lacks.push(format!("{} lacks {}", version.name, folder.display())),
            }
        }
        Err(Failure::unusable(format!(
            "no version of the kit can build drivers for {}: {}; install the WDK beside the SDK",
            architecture.folder(),
            lacks.join(", ")
        )))
    }

    /// Prints the folder and its versions.
    pub fn print(&self) {
        println!("kit       {} (by {})", self.root.display(), self.found_by);
        for version in self.versions() {
            let complete: Vec<_> = crate::inf::ARCHITECTURES
                .into_iter()
                .filter(|architecture| self.missing(&version, *architecture).is_empty())
                .map(Architecture::folder)
                .collect();
            let what = if complete.is_empty() {
                "no drivers (a Windows SDK)".to_owned()
            } else {
                format!("drivers for {}", complete.join(", "))
            };
            println!("version   {}: {what}", version.name);
        }
    }
}

/// The kit that the registry names.
fn registered(machine: &mut impl Machine, view: &str) -> Option<PathBuf> {
    let mut reg = Command::new("reg");
    reg.args(["query", REGISTRY_KEY, "/v", REGISTRY_VALUE, view]);
    let ended = machine
        .capture(&mut reg)
        .ok()
        .filter(super::machine::Ended::is_success)?;
    value_of(&ended.output).map(PathBuf::from)
}

/// The text in what `reg query` prints of a value: its name, its type, the text.
fn value_of(printed: &str) -> Option<&str> {
    printed
        .lines()
        .filter_map(|line| line.trim().strip_prefix(REGISTRY_VALUE))
        .find_map(|rest| rest.split_once("REG_SZ"))
        .map(|(_, text)| text.trim())
}

/// A version of a kit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    numbers: Vec<u32>,
    /// The name of its folders.
    pub name: String,
}

impl Version {
    /// `None` if the name is no version of four numbers.
    pub fn parse(name: &str) -> Option<Self> {
        let numbers: Option<Vec<u32>> = name.split('.').map(|part| part.parse().ok()).collect();
        Some(Self {
            numbers: numbers.filter(|numbers| numbers.len() == 4)?,
            name: name.to_owned(),
        })
    }

    /// The version that a path goes through.
    pub fn in_path(path: &Path) -> Option<Self> {
        path.iter()
            .filter_map(|part| Self::parse(part.to_str()?))
            .next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_values_are_read_with_their_spaces() {
        let printed = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows Kits\\Installed Roots\r\n    \
                       KitsRoot10    REG_SZ    C:\\Program Files (x86)\\Windows Kits\\10\\\r\n\r\n";
        assert_eq!(
            value_of(printed),
            Some(r"C:\Program Files (x86)\Windows Kits\10\")
        );
        assert_eq!(value_of("ERROR: The system was unable to find"), None);
    }

    #[test]
    fn versions_are_compared_by_number() {
        let version = |name| Version::parse(name).unwrap();
        assert!(version("10.0.26100.0") > version("10.0.9600.0"));
        assert_eq!(Version::parse("wdf"), None);
        assert_eq!(Version::parse("10.0.26100"), None);
    }
}
