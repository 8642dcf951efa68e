//! Who may do what with a file or folder.

use std::ffi::c_void;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_SUCCESS, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, GetNamedSecurityInfoW, SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, GetTokenInformation,
    INHERIT_ONLY_ACE, OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, TOKEN_QUERY,
    TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::SystemServices::ACCESS_ALLOWED_ACE_TYPE;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::checked;
use super::wide::{text_at, wide};
use crate::driver::place::{Access, Grant};
use crate::driver::windows::{Called, SystemError};

/// Types of entries that give rights (winnt.h): the others take them, or are for audits.
const GIVING: [u32; 5] = [
    ACCESS_ALLOWED_ACE_TYPE,
    0x4, // ACCESS_ALLOWED_COMPOUND_ACE_TYPE
    0x5, // ACCESS_ALLOWED_OBJECT_ACE_TYPE
    0x9, // ACCESS_ALLOWED_CALLBACK_ACE_TYPE
    0xB, // ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE
];
/// Those of [`GIVING`] that have the identifier where [`ACCESS_ALLOWED_ACE`] has it.
const PLAIN: [u32; 2] = [ACCESS_ALLOWED_ACE_TYPE, 0x9];
/// Who is said to have the rights of an entry that is not plain: nobody who is trusted.
const UNKNOWN: &str = "an entry of a kind that is not known";

/// Room for a `TOKEN_USER` and the longest identifier.
const ROOM: usize = 16;

/// Memory of Windows' that has to be given back.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: it is Windows', and nothing uses it any more.
        unsafe { LocalFree(self.0) };
    }
}

/// Who may do what with it.
pub fn of(path: &Path) -> Called<Access> {
    let path = wide(path);
    let mut owner: PSID = ptr::null_mut();
    let mut list: *mut ACL = ptr::null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the path ends with a zero, and there is room for the answers.
    let code = unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            ptr::null_mut(),
            &raw mut list,
            ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(SystemError {
            function: "GetNamedSecurityInfoW",
            code,
        });
    }
    let _descriptor = Local(descriptor);
    // SAFETY: the identifier is the descriptor's, which is whole.
    let owner = unsafe { identifier(owner) }?;
    if list.is_null() {
        return Ok(Access {
            owner,
            grants: None,
        });
    }
    // SAFETY: the list is the descriptor's, which is whole.
    let count = unsafe { (*list).AceCount };
    let mut grants = Vec::new();
    for index in 0..u32::from(count) {
        // SAFETY: the list is whole, and has so many entries.
        grants.extend(unsafe { grant(list, index) }?);
    }
    Ok(Access {
        owner,
        grants: Some(grants),
    })
}

/// An entry, if it gives something.
///
/// # Safety
///
/// The list must be whole.
unsafe fn grant(list: *const ACL, index: u32) -> Called<Option<Grant>> {
    let mut entry: *mut c_void = ptr::null_mut();
    // SAFETY: the list is whole, and there is room for the answer.
    let done = unsafe { GetAce(list, index, &raw mut entry) };
    checked("GetAce", done)?;
    // SAFETY: each entry begins with that.
    let ACE_HEADER {
        AceType, AceFlags, ..
    } = unsafe { *entry.cast::<ACE_HEADER>() };
    let kind = u32::from(AceType);
    if !GIVING.contains(&kind) {
        return Ok(None);
    }
    let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
    // SAFETY: entries that give something have the rights there.
    let rights = unsafe { (*entry).Mask };
    let to = if PLAIN.contains(&kind) {
        // SAFETY: the entry is whole, and plain ones have the identifier there.
        let id = unsafe { &raw mut (*entry).SidStart };
        // SAFETY: it is an identifier.
        unsafe { identifier(id.cast()) }?
    } else {
        UNKNOWN.to_owned()
    };
    Ok(Some(Grant {
        to,
        rights,
        is_inherited_only: u32::from(AceFlags) & INHERIT_ONLY_ACE != 0,
    }))
}

/// Who runs this program.
pub fn user() -> Called<String> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: it needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: it is this process, and there is room for the handle.
    let done = unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) };
    checked("OpenProcessToken", done)?;
    // As `u64`s, so that it lies as a TOKEN_USER has to.
    let mut room = [0_u64; ROOM];
    let mut size = u32::try_from(size_of_val(&room)).unwrap_or(0);
    // SAFETY: the token is open, and `room` has room for `size` bytes.
    let done = unsafe {
        GetTokenInformation(
            token,
            TokenUser,
            room.as_mut_ptr().cast(),
            size,
            &raw mut size,
        )
    };
    let outcome = checked("GetTokenInformation", done);
    // SAFETY: it is open, and nothing uses it any more.
    unsafe { CloseHandle(token) };
    outcome?;
    // SAFETY: that is what the function has put there.
    let id = unsafe { (*room.as_ptr().cast::<TOKEN_USER>()).User.Sid };
    // SAFETY: the identifier lies in `room`.
    unsafe { identifier(id) }
}

/// An identifier as text.
///
/// # Safety
///
/// It must be one.
unsafe fn identifier(id: PSID) -> Called<String> {
    let mut characters = ptr::null_mut();
    // SAFETY: it is an identifier, and there is room for the answer.
    let done = unsafe { ConvertSidToStringSidW(id, &raw mut characters) };
    checked("ConvertSidToStringSidW", done)?;
    let _characters = Local(characters.cast());
    // SAFETY: the text ends with a zero.
    Ok(unsafe { text_at(characters) })
}
