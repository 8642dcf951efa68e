//! The registry of the machine.

use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_QUERY_VALUE, REG_SZ, RRF_NOEXPAND, RRF_RT_REG_DWORD,
    RRF_RT_REG_EXPAND_SZ, RRF_RT_REG_SZ, RegCloseKey, RegDeleteTreeW, RegFlushKey, RegGetValueW,
    RegOpenKeyExW, RegSetKeyValueW,
};

use super::wide::{text, wide};
use crate::driver::windows::{Called, SystemError};

/// Where is remembered what an installation added.
const KEY: &str = r"SOFTWARE\midiuart-test";
const VALUE: &str = "Added";
/// The longest text that is read, in bytes.
const LONGEST: u32 = 1 << 16;

fn failed(function: &'static str, code: u32) -> SystemError {
    SystemError { function, code }
}

/// What an installation wrote down.
pub fn record() -> Called<Option<String>> {
    string(KEY, VALUE)
}

/// Keeps it; nothing is left of none.
pub fn keep_record(text: Option<&str>) -> Called<()> {
    // What the record is about, devices and services, is on the disk before the record says so.
    flush(r"SYSTEM\CurrentControlSet\Services")?;
    keep_text(KEY, VALUE, text)
}

/// Keeps a text, on the disk at once; nothing is left of its key without one.
pub fn keep_text(key: &str, value: &str, text: Option<&str>) -> Called<()> {
    let Some(text) = text else {
        let key = wide(key);
        // SAFETY: the name ends with a zero.
        let code = unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, key.as_ptr()) };
        return match code {
            ERROR_SUCCESS | ERROR_FILE_NOT_FOUND => flush("SOFTWARE"),
            _ => Err(failed("RegDeleteTreeW", code)),
        };
    };
    let data: Vec<u8> = wide(text).into_iter().flat_map(u16::to_le_bytes).collect();
    set(key, value, REG_SZ, &data)?;
    flush(key)
}

/// Sets a value of the type `kind`.
pub fn set(key: &str, value: &str, kind: u32, data: &[u8]) -> Called<()> {
    let (key, value) = (wide(key), wide(value));
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    // SAFETY: the names end with a zero, and `data` has that many bytes.
    let code = unsafe {
        RegSetKeyValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            kind,
            data.as_ptr().cast(),
            size,
        )
    };
    match code {
        ERROR_SUCCESS => Ok(()),
        _ => Err(failed("RegSetKeyValueW", code)),
    }
}

/// Writes a key to the disk now: Windows does so some seconds later, and the power may go before.
fn flush(key: &str) -> Called<()> {
    let key = wide(key);
    let mut open: HKEY = ptr::null_mut();
    // SAFETY: the name ends with a zero, and there is room for the handle.
    let code = unsafe {
        RegOpenKeyExW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            0,
            KEY_QUERY_VALUE,
            &raw mut open,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(failed("RegOpenKeyExW", code));
    }
    // SAFETY: it is open.
    let code = unsafe { RegFlushKey(open) };
    // SAFETY: it is open, and nothing uses it any more.
    unsafe { RegCloseKey(open) };
    match code {
        ERROR_SUCCESS => Ok(()),
        _ => Err(failed("RegFlushKey", code)),
    }
}

/// A number, if it is there.
pub fn number(key: &str, value: &str) -> Option<u32> {
    let (key, value) = (wide(key), wide(value));
    let mut number = 0_u32;
    let mut size = super::size_of_structure::<u32>();
    // SAFETY: the names end with a zero, and `number` has room for `size` bytes.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_DWORD,
            ptr::null_mut(),
            (&raw mut number).cast(),
            &raw mut size,
        )
    };
    (code == ERROR_SUCCESS).then_some(number)
}

/// A text, if it is there.
pub fn string(key: &str, value: &str) -> Called<Option<String>> {
    let (key, value) = (wide(key), wide(value));
    let mut size = LONGEST;
    let mut buffer = vec![0_u16; LONGEST as usize / size_of::<u16>()];
    // SAFETY: the names end with a zero, and `buffer` has room for `size` bytes.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND,
            ptr::null_mut(),
            buffer.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    match code {
        ERROR_SUCCESS => Ok(Some(text(&buffer))),
        ERROR_FILE_NOT_FOUND => Ok(None),
        _ => Err(failed("RegGetValueW", code)),
    }
}
