//! Who may read and write a file: a new one as the user's settings have it, one that takes another's place
//! as that had it.

use std::fs::Metadata;
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Sets what a part file may be read by until it is whole. `before` is what is at the target.
#[cfg(unix)]
pub fn of_new_file(builder: &mut Builder<'_, '_>, before: Option<&Metadata>) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    // The user's umask takes away from the mode of a new file, as always. Who might not read the old file
    // must not be able to open the part either.
    let mode = if before.is_some() { 0o600 } else { 0o666 };
    builder.permissions(Permissions::from_mode(mode));
}

/// On Windows a new file has what its folder says.
#[cfg(not(unix))]
pub fn of_new_file(_builder: &mut Builder<'_, '_>, _before: Option<&Metadata>) {}

/// Puts a part, all of which is written, in the target's place.
#[cfg(unix)]
pub fn replace(part: NamedTempFile, target: &Path, before: Option<&Metadata>) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    const OF_THE_GROUP: u32 = 0o070;
    if let Some(before) = before {
        let mut mode = before.mode() & 0o777;
        let is_of_another_group = part.as_file().metadata()?.gid() != before.gid();
        if is_of_another_group && fchown(part.as_file(), None, Some(before.gid())).is_err() {
            // What its group might do, this one might not.
            mode &= !OF_THE_GROUP;
        }
        part.as_file()
            .set_permissions(Permissions::from_mode(mode))?;
    }
    part.as_file().sync_all()?;
    part.persist(target)?;
    Ok(())
}

/// `ReplaceFileW` leaves the target its access list, its owner and its attributes.
#[cfg(windows)]
pub fn replace(part: NamedTempFile, target: &Path, before: Option<&Metadata>) -> io::Result<()> {
    use std::os::windows::ffi::OsStrExt;
    use std::ptr;
    use windows_sys::Win32::Storage::FileSystem::ReplaceFileW;
    part.as_file().sync_all()?;
    if before.is_none() {
        part.persist(target)?;
        return Ok(());
    }
    // Closes the file, and removes it unless it has gone to its place.
    let part = part.into_temp_path();
    let wide = |path: &Path| -> Vec<u16> { path.as_os_str().encode_wide().chain([0]).collect() };
    let (target, part_name) = (wide(target), wide(&part));
    // SAFETY: both names end with a zero; the other parameters may be null.
    let done = unsafe {
        ReplaceFileW(
            target.as_ptr(),
            part_name.as_ptr(),
            ptr::null(),
            0,
            ptr::null(),
            ptr::null(),
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Elsewhere the target's place is all there is.
#[cfg(not(any(unix, windows)))]
pub fn replace(part: NamedTempFile, target: &Path, _before: Option<&Metadata>) -> io::Result<()> {
    part.as_file().sync_all()?;
    part.persist(target)?;
    Ok(())
}
