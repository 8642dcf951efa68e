//! What was shown, as a file.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;
use crate::midi::capture::Capture;
use crate::midi::decode::Group;
use crate::output_file::OutputFile;

/// The option that asks for it.
const OPTION: &str = "--record";

/// A file that is written at the end.
pub(super) struct Record {
    place: OutputFile,
    contents: Contents,
}

enum Contents {
    /// A Standard MIDI File.
    Song(Capture),
    /// System Exclusive messages alone.
    Exclusive(Vec<u8>),
}

impl Record {
    /// Makes sure that the file can be written, and that its name says what it shall have.
    pub(super) fn check(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(OsStr::to_ascii_lowercase);
        let contents = match ending.as_deref().and_then(|it| it.to_str()) {
            Some("mid") => Contents::Song(Capture::default()),
            Some("syx") => Contents::Exclusive(Vec::new()),
            _ => {
                return Err(Failure::Usage(format!(
                    "{}: {OPTION} takes a file whose name ends with .mid or .syx",
                    path.display()
                )));
            }
        };
        Ok(Self {
            place: OutputFile::check(OPTION, path)?,
            contents,
        })
    }

    /// Takes a message.
    pub(super) fn push(&mut self, at: Duration, bytes: &[u8], group: Group) {
        match &mut self.contents {
            Contents::Song(capture) => bytes.iter().for_each(|byte| capture.push(at, *byte)),
            Contents::Exclusive(all) if group == Group::Sysex => all.extend(bytes),
            Contents::Exclusive(_) => {}
        }
    }

    /// Writes it: whole, or not at all.
    pub(super) fn write(self) -> Result<(), Failure> {
        let contents = match self.contents {
            Contents::Song(capture) => capture.into_file(Duration::ZERO)?,
            Contents::Exclusive(bytes) => bytes,
        };
        self.place.write(&contents)
    }
}
