//! Who may open the device, and what kind it is: values of the hardware key that Windows makes properties of
//! the device's objects (page "Setting device object properties in the registry").

use super::universal::{Key, registry_lines};
use super::{Subject, Verdict, number};
use crate::inf::parser::Line;

/// `FILE_DEVICE_SOUND` of wdm.h.
const DEVICE_TYPE: u32 = 0x1D;
/// `REG_DWORD`
const NUMBER_FLAGS: u32 = 0x0001_0001;

/// Everything for the system; reading, writing and executing for administrators, everyone and restricted
/// code; nothing inherited. SECURITY.md says what that means.
const SECURITY: &str = "D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)";

/// Each device is a sound device.
pub fn device_type(subject: &Subject) -> Verdict {
    let line = only(subject, "DeviceType")?;
    let value = line.field(4);
    if number(line.field(3)) == Some(NUMBER_FLAGS) && number(value) == Some(DEVICE_TYPE) {
        Ok("FILE_DEVICE_SOUND".to_owned())
    } else {
        Err(format!(
            "line {}: {value}, should be {DEVICE_TYPE:#x}",
            line.number
        ))
    }
}

/// Each device has the security descriptor that SECURITY.md describes, to the letter.
pub fn security(subject: &Subject) -> Verdict {
    let line = only(subject, "Security")?;
    let value = subject.inf.expand(line.field(4));
    // A text has no flags.
    if line.field(3).is_empty() && value == SECURITY {
        Ok(value)
    } else {
        Err(format!(
            "line {}: {value}, should be {SECURITY}",
            line.number
        ))
    }
}

/// The line that sets a property of the devices, in the one install section.
fn only<'subject>(subject: &'subject Subject, name: &str) -> Result<&'subject Line, String> {
    let [install] = &subject.layout.installs[..] else {
        return Err(format!(
            "{} install sections",
            subject.layout.installs.len()
        ));
    };
    let mut lines = registry_lines(subject).into_iter().filter(|(key, line)| {
        *key == Key::Hardware
            && line.field(1).is_empty()
            && line.field(2).eq_ignore_ascii_case(name)
    });
    match (lines.next(), lines.next()) {
        (Some((_, line)), None) => Ok(line),
        (None, _) => Err(format!("[{install}.HW] sets no {name}")),
        (Some(_), Some((_, second))) => Err(format!("line {}: {name} again", second.number)),
    }
}
