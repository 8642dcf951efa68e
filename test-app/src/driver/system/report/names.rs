//! The names that may not occur in a report.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::Security::TOKEN_QUERY;
use windows_sys::Win32::Storage::FileSystem::GetShortPathNameW;
use windows_sys::Win32::System::SystemInformation::{
    COMPUTER_NAME_FORMAT, ComputerNameDnsDomain, ComputerNameNetBIOS,
    ComputerNamePhysicalDnsFullyQualified, ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::Win32::System::WindowsProgramming::GetUserNameW;
use windows_sys::Win32::UI::Shell::{GetProfilesDirectoryW, GetUserProfileDirectoryW};

use crate::driver::report::evidence::Names;
use crate::driver::report::scrub::PROFILES_OF_NOBODY;
use crate::driver::system::wide::{text, wide};
use crate::driver::system::{checked, registry};
use crate::driver::windows::Called;

/// Room for a name or a path, in characters.
const LONGEST: usize = 1 << 10;

/// Names, from Windows itself. What the environment says besides is removed, too.
pub fn names() -> Called<Names> {
    let profile = profile()?;
    let profiles = called("GetProfilesDirectoryW", |buffer, size| {
        // SAFETY: there is room for that many characters.
        unsafe { GetProfilesDirectoryW(buffer, size) }
    })?;
    let mut users = vec![called("GetUserNameW", |buffer, size| {
        // SAFETY: there is room for that many characters.
        unsafe { GetUserNameW(buffer, size) }
    })?];
    users.extend(variables(&["USERNAME"]));
    users.extend(folders(Path::new(&profiles)));
    let mut computers = Vec::new();
    for kind in [
        ComputerNameNetBIOS,
        ComputerNamePhysicalDnsHostname,
        ComputerNamePhysicalDnsFullyQualified,
    ] {
        computers.push(computer(kind)?);
    }
    computers.extend(variables(&["COMPUTERNAME"]));
    let mut domains = vec![computer(ComputerNameDnsDomain)?];
    domains.extend(variables(&["USERDOMAIN", "USERDNSDOMAIN"]));
    let owners = ["RegisteredOwner", "RegisteredOrganization"].into_iter();
    let owners = owners.filter_map(|value| {
        let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
        registry::string(key, value).ok().flatten()
    });
    Ok(Names {
        users,
        computers,
        domains,
        profiles: [short(&profile), Some(profile)]
            .into_iter()
            .flatten()
            .collect(),
        owners: owners.collect(),
    })
}

fn variables(names: &[&str]) -> Vec<String> {
    names
        .iter()
        .filter_map(|name| env::var(name).ok())
        .collect()
}

/// The users who have a profile in a folder.
fn folders(profiles: &Path) -> Vec<String> {
    let entries = fs::read_dir(profiles).into_iter().flatten().flatten();
    let folders = entries.map(|it| it.path()).filter(|path| path.is_dir());
    let names = folders.filter_map(|path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let is_of_nobody = PROFILES_OF_NOBODY.contains(&name.to_lowercase().as_str());
        (!is_of_nobody).then_some(name)
    });
    names.collect()
}

fn computer(kind: COMPUTER_NAME_FORMAT) -> Called<String> {
    called("GetComputerNameExW", |buffer, size| {
        // SAFETY: there is room for that many characters.
        unsafe { GetComputerNameExW(kind, buffer, size) }
    })
}

/// The folder of the user's profile.
fn profile() -> Called<String> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: it needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: it is this process, and there is room for the handle.
    let done = unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) };
    checked("OpenProcessToken", done)?;
    let profile = called("GetUserProfileDirectoryW", |buffer, size| {
        // SAFETY: the token is open, and there is room for that many characters.
        unsafe { GetUserProfileDirectoryW(token, buffer, size) }
    });
    // SAFETY: it is open, and nothing uses it any more.
    unsafe { CloseHandle(token) };
    profile
}

/// A path in its short form (8.3), if the drive has those.
fn short(path: &str) -> Option<String> {
    let path = wide(path);
    let mut buffer = [0; LONGEST];
    let room = u32::try_from(LONGEST).unwrap_or_default();
    // SAFETY: the path ends with a zero, and there is room for that many characters.
    let size = unsafe { GetShortPathNameW(path.as_ptr(), buffer.as_mut_ptr(), room) };
    (1..room).contains(&size).then(|| text(&buffer))
}

/// The text of a function that takes room for one.
fn called(function: &'static str, get: impl FnOnce(*mut u16, *mut u32) -> i32) -> Called<String> {
    let mut buffer = [0_u16; LONGEST];
    let mut size = u32::try_from(LONGEST).unwrap_or_default();
    let done = get(buffer.as_mut_ptr(), &raw mut size);
    checked(function, done)?;
    Ok(text(&buffer))
}
