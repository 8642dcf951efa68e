//! Folders for a package's files that only SYSTEM and the administrators may write to.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;

use super::folders::{self, of_file};
use super::wide::wide;
use super::{access, checked, size_of_structure};
use crate::driver::package::{CATALOG, IMAGE, INF};
use crate::driver::windows::{Called, SystemError};

/// What their names begin with. Users can make such folders in that place too, but this program takes only
/// what administrators or the user who runs it own for its own, and follows no links in it.
const PREFIX: &str = "midiuart-test-";
/// Owner and group: administrators. Nothing is inherited; SYSTEM and administrators may do everything, and
/// nobody else anything.
const SECURITY: &str = "O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
/// The owners of such a folder; under Wine, which keeps no owners, it is the user.
const OWNERS: [&str; 2] = ["S-1-5-32-544", "S-1-5-18"];

/// What is in them.
const FILES: [&str; 3] = [INF, IMAGE, CATALOG];

fn parent() -> Called<PathBuf> {
    Ok(folders::windows()?.join("Temp"))
}

/// A name that no folder is likely to have: one that has it is an error, not a danger.
pub fn new() -> Called<PathBuf> {
    let chance = RandomState::new().build_hasher().finish();
    Ok(parent()?.join(format!("{PREFIX}{chance:016x}")))
}

/// Makes it, with those files.
pub fn make(folder: &Path, files: &[(&str, &[u8])]) -> Called<()> {
    let text = wide(SECURITY);
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the text ends with a zero, and there is room for the answer.
    let done = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            ptr::null_mut(),
        )
    };
    checked("ConvertStringSecurityDescriptorToSecurityDescriptorW", done)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of_structure::<SECURITY_ATTRIBUTES>(),
        lpSecurityDescriptor: descriptor,
        bInheritHandle: 0,
    };
    let path = wide(folder);
    // SAFETY: the path ends with a zero, and the descriptor is whole.
    let done = unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) };
    let made = checked("CreateDirectoryW", done);
    // SAFETY: it came from that function, and nothing uses it any more.
    unsafe { LocalFree(descriptor) };
    made?;
    for (name, bytes) in files {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(folder.join(name));
        let written = file.and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(of_file("writing the protected copy"))?;
    }
    Ok(())
}

/// All that are there.
pub fn all() -> Called<Vec<PathBuf>> {
    let function = "the folder of protected copies";
    let entries = match fs::read_dir(parent()?) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(of_file(function)(error)),
    };
    let mut copies = Vec::new();
    for entry in entries {
        let path = entry.map_err(of_file(function))?.path();
        if is_own(&path) {
            copies.push(path);
        }
    }
    copies.sort();
    Ok(copies)
}

/// Removes it, if it is one.
pub fn remove(folder: &Path) -> Called<()> {
    if folder.parent() != Some(&parent()?) || !is_own(folder) {
        return Err(SystemError {
            function: "removing the protected copy",
            code: windows_sys::Win32::Foundation::ERROR_INVALID_OWNER,
        });
    }
    // Its own files and nothing else: anybody may give a folder of someone's such a name.
    for name in FILES {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(of_file("removing the protected copy")(error));
            }
            _ => {}
        }
    }
    fs::remove_dir(folder).map_err(of_file("removing the protected copy"))
}

fn is_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_folder = fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
    let is_owned = || {
        let access = access::of(path);
        access.is_ok_and(|access| {
            let owner = access.owner;
            OWNERS.contains(&&*owner) || access::user().is_ok_and(|user| user == owner)
        })
    };
    let has_only_own_files = || {
        let is_own = |entry: fs::DirEntry| FILES.iter().any(|name| entry.file_name() == *name);
        fs::read_dir(path).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(is_own)))
    };
    name.starts_with(PREFIX) && is_folder && is_owned() && has_only_own_files()
}
