//! Values of the registry that a test reads and changes.

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_INVALID_DATA, ERROR_SUCCESS};
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_NOEXPAND, RRF_RT_ANY, RegDeleteKeyValueW, RegGetValueW,
};

use super::super::registry;
use super::super::wide::wide;
use crate::driver::trial::prepared::{Prepared, RawValue};
use crate::driver::windows::{Called, SystemError};

const SETUP: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Setup";
const LOG_LEVEL: &str = "LogLevel";
const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const BUILD: &str = "CurrentBuildNumber";
const DRIVERS32: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Drivers32";

/// A key of its own: that of the installer's record is deleted as a whole once that is empty.
const PREPARED: &str = r"SOFTWARE\midiuart-test-prepared";
const CHANGES: &str = "Changes";

/// The most bytes of a value that is remembered.
const LONGEST: u32 = 1 << 12;

/// The values of `Drivers32` that are texts, and those that are numbers.
const DRIVERS: [&str; 10] = [
    "midi", "midi1", "midi2", "midi3", "midi4", "midi5", "midi6", "midi7", "midi8", "midi9",
];
const NUMBERS: [&str; 2] = ["MidisrvTransferComplete", "UseLegacyMidi"];

fn checked(function: &'static str, code: u32) -> Called<()> {
    match code {
        ERROR_SUCCESS => Ok(()),
        _ => Err(SystemError { function, code }),
    }
}

fn invalid(function: &'static str) -> SystemError {
    SystemError {
        function,
        code: ERROR_INVALID_DATA,
    }
}

/// The number of the build of Windows.
pub fn build() -> Called<u32> {
    let text = registry::string(VERSION, BUILD)?.unwrap_or_default();
    text.parse().map_err(|_| invalid(BUILD))
}

/// The value as it is.
pub fn log_level() -> Called<Option<RawValue>> {
    let (key, value) = (wide(SETUP), wide(LOG_LEVEL));
    let mut data = vec![0_u8; LONGEST as usize];
    let (mut kind, mut size) = (0, LONGEST);
    // SAFETY: the names end with a zero, `kind` has room, and `data` has room for `size` bytes.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_ANY | RRF_NOEXPAND,
            &raw mut kind,
            data.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    if code == ERROR_FILE_NOT_FOUND {
        return Ok(None);
    }
    checked("RegGetValueW", code)?;
    data.truncate(size as usize);
    Ok(Some(RawValue { kind, data }))
}

/// Sets it, or deletes it.
pub fn set_log_level(value: Option<&RawValue>) -> Called<()> {
    let name = wide(LOG_LEVEL);
    let Some(RawValue { kind, data }) = value else {
        let key = wide(SETUP);
        // SAFETY: the names end with a zero.
        let code = unsafe { RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, key.as_ptr(), name.as_ptr()) };
        return match code {
            ERROR_FILE_NOT_FOUND => Ok(()),
            _ => checked("RegDeleteKeyValueW", code),
        };
    };
    registry::set(SETUP, LOG_LEVEL, *kind, data)
}

/// What an earlier preparation changed.
pub fn prepared() -> Called<Prepared> {
    match registry::string(PREPARED, CHANGES)? {
        None => Ok(Prepared::default()),
        Some(json) => serde_json::from_str(&json).map_err(|_| invalid("the record of changes")),
    }
}

/// Remembers it on the disk, before it is changed.
pub fn keep_prepared(prepared: &Prepared) -> Called<()> {
    let json = serde_json::to_string(prepared).map_err(|_| invalid("the record of changes"))?;
    let json = (!prepared.0.is_empty()).then_some(&*json);
    registry::keep_text(PREPARED, CHANGES, json)
}

/// The values that MIDI ports come from.
pub fn drivers32() -> Called<Vec<(String, String)>> {
    let mut values = Vec::new();
    for name in DRIVERS {
        if let Some(driver) = registry::string(DRIVERS32, name)? {
            values.push((name.to_owned(), driver));
        }
    }
    for name in NUMBERS {
        if let Some(number) = registry::number(DRIVERS32, name) {
            values.push((name.to_owned(), number.to_string()));
        }
    }
    Ok(values)
}
