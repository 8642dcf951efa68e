//! What this machine is.

use std::process::Stdio;
use std::ptr;

use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SystemCodeIntegrityInformation,
};
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TokenElevation,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, IsWow64Process2, OpenProcessToken};
use windows_sys::Win32::System::WindowsProgramming::{
    CODEINTEGRITY_OPTION_HVCI_KMCI_ENABLED, CODEINTEGRITY_OPTION_TESTSIGN,
    SYSTEM_CODEINTEGRITY_INFORMATION,
};

use super::{checked, folders, program, registry, size_of_structure};
use crate::driver::machine::{Architecture, Machine};
use crate::driver::windows::Called;

/// The processor that this program was built for.
const OWN: Architecture = if cfg!(target_arch = "x86_64") {
    Architecture::X64
} else if cfg!(target_arch = "aarch64") {
    Architecture::Arm64
} else {
    Architecture::Other
};

/// What this machine is, and what it lets be installed.
pub fn machine() -> Called<Machine> {
    let architecture = architecture()?;
    let is_administrator = is_administrator()?;
    let code_integrity = code_integrity_options();
    let has = |option| code_integrity.map(|options| options & option != 0);
    Ok(Machine {
        architecture,
        is_translated: architecture != OWN,
        is_administrator,
        test_mode: has(CODEINTEGRITY_OPTION_TESTSIGN),
        secure_boot: Some(secure_boot()),
        memory_integrity: has(CODEINTEGRITY_OPTION_HVCI_KMCI_ENABLED),
        bitlocker: if is_administrator { bitlocker() } else { None },
    })
}

/// The processor itself: a program for x64 is told about ARM64 too.
fn architecture() -> Called<Architecture> {
    let (mut program, mut native) = (0, 0);
    // SAFETY: it needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: it is this process, and both numbers have room.
    let done = unsafe { IsWow64Process2(process, &raw mut program, &raw mut native) };
    checked("IsWow64Process2", done)?;
    Ok(Architecture::of_image(native))
}

fn is_administrator() -> Called<bool> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: it needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: it is this process, and there is room for the handle.
    let done = unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) };
    checked("OpenProcessToken", done)?;
    let mut elevation = TOKEN_ELEVATION::default();
    let mut size = size_of_structure::<TOKEN_ELEVATION>();
    // SAFETY: the token is open, and `elevation` has room for `size` bytes.
    let done = unsafe {
        GetTokenInformation(
            token,
            TokenElevation,
            (&raw mut elevation).cast(),
            size,
            &raw mut size,
        )
    };
    let outcome = checked("GetTokenInformation", done);
    // SAFETY: it is open, and nothing uses it any more.
    unsafe { CloseHandle(token) };
    outcome.map(|()| elevation.TokenIsElevated != 0)
}

/// `CODEINTEGRITY_OPTION_…`, if Windows tells.
fn code_integrity_options() -> Option<u32> {
    let size = size_of_structure::<SYSTEM_CODEINTEGRITY_INFORMATION>();
    let mut information = SYSTEM_CODEINTEGRITY_INFORMATION {
        Length: size,
        CodeIntegrityOptions: 0,
    };
    // SAFETY: `information` has room for `size` bytes.
    let status = unsafe {
        NtQuerySystemInformation(
            SystemCodeIntegrityInformation,
            (&raw mut information).cast(),
            size,
            ptr::null_mut(),
        )
    };
    (status >= 0).then_some(information.CodeIntegrityOptions)
}

/// Where firmware does not know it, Windows has no such value.
fn secure_boot() -> bool {
    let key = r"SYSTEM\CurrentControlSet\Control\SecureBoot\State";
    registry::number(key, "UEFISecureBootEnabled") == Some(1)
}

/// Whether the system's drive is protected, if Windows has the program that tells.
fn bitlocker() -> Option<bool> {
    let windows = folders::windows().ok()?;
    let drive = windows.components().next()?;
    let status = program::of_system("manage-bde.exe")
        .ok()?
        .arg("-status")
        .arg(drive.as_os_str())
        // 0: protected, 1: not.
        .arg("-protectionaserrorlevel")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    match status.code()? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}
