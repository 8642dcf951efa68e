//! Windows' texts: UTF-16 with a zero at the end.

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt;

/// A text for Windows.
pub fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// A text of Windows', up to its zero.
pub fn text(wide: &[u16]) -> String {
    let end = wide.iter().position(|unit| *unit == 0);
    String::from_utf16_lossy(&wide[..end.unwrap_or(wide.len())])
}

/// A list of texts, which an empty one ends.
pub fn texts(wide: &[u16]) -> Vec<String> {
    wide.split(|unit| *unit == 0)
        .take_while(|part| !part.is_empty())
        .map(String::from_utf16_lossy)
        .collect()
}

/// A text of Windows' whose length is not known.
///
/// # Safety
///
/// It must end with a zero.
pub unsafe fn text_at(begin: *const u16) -> String {
    let mut units = Vec::new();
    loop {
        // SAFETY: the text has not ended before this character.
        let unit = unsafe { begin.add(units.len()) };
        // SAFETY: as above.
        match unsafe { *unit } {
            0 => return String::from_utf16_lossy(&units),
            unit => units.push(unit),
        }
    }
}
