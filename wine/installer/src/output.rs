//! What is printed: a line for each call.

use core::fmt::{self, Display, Formatter, Write};
use core::ptr::null_mut;

use crate::setupapi::{GetStdHandle, STD_OUTPUT_HANDLE, WriteFile};

/// Longest line in bytes; longer ones are cut.
const LONGEST_LINE: usize = 1024;

/// Prints a line.
macro_rules! say {
    ($($argument:tt)*) => { $crate::output::write(format_args!($($argument)*)) };
}
pub(crate) use say;

struct Line {
    bytes: [u8; LONGEST_LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.length < LONGEST_LINE {
                self.bytes[self.length] = byte;
                self.length += 1;
            }
        }
        Ok(())
    }
}

/// Prints a line; the macro's function.
pub fn write(arguments: fmt::Arguments<'_>) {
    let mut line = Line {
        bytes: [0; LONGEST_LINE],
        length: 0,
    };
    if writeln!(line, "{arguments}").is_err() {
        return;
    }
    let mut written = 0;
    // SAFETY: takes a number only.
    let output = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    // SAFETY: the line has so many bytes. There is nobody to tell if it fails.
    unsafe {
        WriteFile(
            output,
            line.bytes.as_ptr(),
            u32::try_from(line.length).unwrap_or(0),
            &raw mut written,
            null_mut(),
        )
    };
}

/// A text in UTF-16, up to its zero.
pub struct Text<'a>(pub &'a [u16]);

impl Display for Text<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let units = self.0.iter().copied().take_while(|unit| *unit != 0);
        for unit in char::decode_utf16(units) {
            formatter.write_char(unit.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}
