//! Writing to standard output.

use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;
use crate::visible;

/// Writes `text` and flushes; nothing in it but ends of lines acts on a terminal ([`visible`]).
///
/// A reader that went away (`midiuart-test … | head`) has seen enough: that is no failure.
///
/// # Errors
/// [`Failure::Device`] if the output cannot be written, as on a full disk.
pub fn print(output: &mut dyn Write, text: &str) -> Result<(), Failure> {
    output
        .write_all(visible::lines(text).as_bytes())
        .and_then(|()| output.flush())
        .or_else(|error: io::Error| match error.kind() {
            ErrorKind::BrokenPipe => Ok(()),
            _ => Err(Failure::Device(format!("cannot write the output: {error}"))),
        })
}
