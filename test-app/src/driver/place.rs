//! Who else may change the files that an administrator runs or installs.

use std::path::{Path, PathBuf};

use super::advice::refused;
use super::windows::Windows;
use crate::failure::Failure;

/// A right that a file or folder gives to somebody (an entry of its access control list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// To whom: a security identifier as text, like `S-1-5-32-545`.
    pub to: String,
    /// What (`ACCESS_MASK`).
    pub rights: u32,
    /// It is for what will be in the folder, not for the folder itself.
    pub is_inherited_only: bool,
}

/// Who may do what with a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who owns it and so may give rights to anybody.
    pub owner: String,
    /// What is given to whom; `None` gives everything to everybody.
    pub grants: Option<Vec<Grant>>,
}

/// SYSTEM, the administrators, and the service that installs Windows' own files.
const TRUSTED: [&str; 3] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];
/// Entries for whoever owns or makes a file: the owner is looked at by itself.
const OWNER_RIGHTS: &str = "S-1-3-4";
/// Names of groups that folders are often open to.
const NAMES: [(&str, &str); 5] = [
    ("S-1-1-0", "Everyone"),
    ("S-1-5-4", "Interactive users"),
    ("S-1-5-11", "Authenticated Users"),
    ("S-1-5-32-545", "Users"),
    ("S-1-5-32-546", "Guests"),
];

// Rights (winnt.h).
const WRITE_DATA: u32 = 0x2;
const APPEND_DATA: u32 = 0x4;
const DELETE_CHILD: u32 = 0x40;
const DELETE: u32 = 0x1_0000;
const WRITE_DAC: u32 = 0x4_0000;
const WRITE_OWNER: u32 = 0x8_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;

/// What changes a file, or a folder's files.
const CHANGING: u32 = WRITE_DATA | APPEND_DATA | GENERIC_WRITE | DELETE_CHILD | REPLACING;
/// What puts another file or folder in the place of one.
const REPLACING: u32 = DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL;

/// Refuses files and folders that others than SYSTEM, the administrators and the current user can
/// change, or whose folders they can replace.
///
/// # Errors
/// Which, by whom, and what to do.
pub fn check(places: &[PathBuf], windows: &dyn Windows) -> Result<(), Failure> {
    let told = |error| refused("it can't be found out who may change the files", &error);
    let user = windows.user().map_err(told)?;
    for place in places {
        if let Some(other) = stranger(&windows.access(place).map_err(told)?, CHANGING, &user) {
            let place = place.display();
            return Err(Failure::Device(format!(
                "{place} can be changed by {other}, and with it what runs here as administrator: unpack the package again below your own profile, as in Downloads, or into a folder that only administrators may write to: `icacls FOLDER /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F`"
            )));
        }
        for folder in place
            .ancestors()
            .skip(1)
            .filter(|it| !it.as_os_str().is_empty())
        {
            let rights = DELETE_CHILD | REPLACING;
            // The root of a drive can't be replaced by its own name.
            let rights = if folder.parent().is_none() {
                rights & !DELETE
            } else {
                rights
            };
            if let Some(other) = stranger(&windows.access(folder).map_err(told)?, rights, &user) {
                let (place, folder) = (place.display(), folder.display());
                return Err(Failure::Device(format!(
                    "{place} can be replaced by {other}, who may change {folder}: unpack the package again below your own profile, as in Downloads"
                )));
            }
        }
    }
    Ok(())
}

/// The files of a package and its folder, as [`check`] takes them.
#[must_use]
pub fn of_package(folder: &Path, files: &[&str]) -> Vec<PathBuf> {
    let mut places = vec![folder.to_owned()];
    places.extend(
        files
            .iter()
            .map(|name| folder.join(name))
            .filter(|it| it.exists()),
    );
    places
}

/// Somebody who has one of the rights and should not.
fn stranger(access: &Access, rights: u32, user: &str) -> Option<String> {
    let is_trusted = |id: &str| TRUSTED.contains(&id) || id == user || id == OWNER_RIGHTS;
    let name = |id: &str| {
        let known = NAMES.iter().find(|(known, _)| *known == id);
        known.map_or(id, |(_, name)| *name).to_owned()
    };
    if !is_trusted(&access.owner) {
        return Some(name(&access.owner));
    }
    let Some(grants) = &access.grants else {
        return Some(name("S-1-1-0"));
    };
    let mut grants = grants.iter().filter(|grant| !grant.is_inherited_only);
    let grant = grants.find(|grant| grant.rights & rights != 0 && !is_trusted(&grant.to));
    grant.map(|grant| name(&grant.to))
}
