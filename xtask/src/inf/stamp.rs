//! What the WDK's stampinf does: a driver's INF file from an `.inx` file.

use std::fmt;

use crate::architecture::Architecture;

/// What is written into the file.
#[derive(Clone, Copy)]
pub struct Stamp<'text> {
    pub architecture: Architecture,
    pub date: Date,
    /// Three or four numbers.
    pub version: &'text str,
}

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl fmt::Display for Date {
    /// As `DriverVer` has it.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:02}/{:02}/{:04}", self.month, self.day, self.year)
    }
}

/// The INF file, with Windows' ends of lines.
///
/// # Errors
/// If there is no place for date and version.
pub fn stamped(inx: &str, stamp: Stamp) -> Result<String, String> {
    let Stamp {
        architecture,
        date,
        version,
    } = stamp;
    let version = match version.split('.').count() {
        3 => format!("{version}.0"),
        _ => version.to_owned(),
    };
    let mut places = 0;
    let mut inf = String::new();
    for line in inx.lines() {
        let (key, _) = line.split_once('=').unwrap_or_default();
        if key.trim().eq_ignore_ascii_case("DriverVer") {
            places += 1;
            inf.extend([key, "= ", &format!("{date},{version}")]);
        } else {
            inf.push_str(&line.replace("$ARCH$", decoration(architecture)));
        }
        inf.push_str("\r\n");
    }
    if places == 1 {
        Ok(inf)
    } else {
        Err(format!("{places} lines with DriverVer, not one"))
    }
}

/// A processor in INF files.
pub fn decoration(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X64 => "amd64",
        Architecture::Arm64 => "arm64",
        Architecture::X86 => "x86",
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, Stamp, stamped};
    use crate::architecture::Architecture;

    const STAMP: Stamp = Stamp {
        architecture: Architecture::Arm64,
        date: Date {
            year: 2026,
            month: 3,
            day: 9,
        },
        version: "1.2.3",
    };

    #[test]
    fn version_date_and_processor_are_written() {
        assert_eq!(
            stamped("[Version]\nDriverVer  = ; later\n[A.NT$ARCH$]\n", STAMP),
            Ok("[Version]\r\nDriverVer  = 03/09/2026,1.2.3.0\r\n[A.NTarm64]\r\n".to_owned())
        );
    }

    #[test]
    fn a_file_without_a_place_for_the_version_is_refused() {
        assert!(stamped("[Version]\n", STAMP).is_err());
    }
}
