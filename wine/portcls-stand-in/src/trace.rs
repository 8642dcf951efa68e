//! What happened, a line each, by way of `DbgPrint`.

use core::fmt::{self, Display, Formatter, Write};
use core::sync::atomic::{AtomicUsize, Ordering};

use portcls::guid;
use portcls::status::status_name;
use portcls::types::{GUID, NTSTATUS, UNICODE_STRING};

use crate::kernel::DbgPrint;

/// Longest line in bytes; longer ones are cut.
const LONGEST_LINE: usize = 256;

static IMAGE: AtomicUsize = AtomicUsize::new(0);

/// Writes a line.
macro_rules! trace {
    ($($argument:tt)*) => { $crate::trace::write(format_args!($($argument)*)) };
}
pub(crate) use trace;

/// Where the driver's image lies.
pub fn image_is_at(start: usize) {
    // Ordering: only shown.
    IMAGE.store(start, Ordering::Relaxed);
}

struct Line {
    bytes: [u8; LONGEST_LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            // One byte stays zero.
            if self.length + 1 < LONGEST_LINE {
                self.bytes[self.length] = byte;
                self.length += 1;
            }
        }
        Ok(())
    }
}

/// Writes a line; the macro's function.
pub fn write(arguments: fmt::Arguments<'_>) {
    let mut line = Line {
        bytes: [0; LONGEST_LINE],
        length: 0,
    };
    if line.write_fmt(arguments).is_ok() {
        // SAFETY: both end with a zero. There is nobody to tell if it fails.
        unsafe { DbgPrint(c"portcls: %s\n".as_ptr(), line.bytes.as_ptr()) };
    }
}

/// A status code by its name.
pub struct Status(pub NTSTATUS);

impl Display for Status {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match status_name(self.0) {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "{:#010x}", self.0),
        }
    }
}

/// An address of the driver, as an offset in its image.
pub struct Address(pub usize);

impl Display for Address {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        // Ordering: only shown.
        let image = IMAGE.load(Ordering::Relaxed);
        write!(formatter, "image+{:#x}", self.0.wrapping_sub(image))
    }
}

/// A GUID by its name.
pub struct Name(pub GUID);

impl Display for Name {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match guid::ALL.iter().find(|(_, guid)| *guid == self.0) {
            Some((name, _)) => formatter.write_str(name),
            None => write!(formatter, "{{{:08x}-…}}", self.0.Data1),
        }
    }
}

/// A text in UTF-16, as far as it is ASCII.
pub struct Text<'a>(pub &'a [u16]);

impl Display for Text<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for unit in char::decode_utf16(self.0.iter().copied()) {
            formatter.write_char(unit.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

impl Text<'_> {
    /// The text of a counted string.
    ///
    /// # Safety
    /// `string` is null, or a string that lives as long as the text is shown.
    pub unsafe fn of(string: *const UNICODE_STRING) -> Self {
        // SAFETY: the caller's promise.
        let Some(string) = (unsafe { string.as_ref() }) else {
            return Self(&[]);
        };
        if string.Buffer.is_null() {
            return Self(&[]);
        }
        // SAFETY: the caller's promise.
        Self(unsafe { core::slice::from_raw_parts(string.Buffer, usize::from(string.Length / 2)) })
    }
}
