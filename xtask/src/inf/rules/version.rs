//! Rules about the section Version.

use super::{Subject, Verdict};

const CLASS: (&str, &str) = ("MEDIA", "{4d36e96c-e325-11ce-bfc1-08002be10318}");

/// `Inf2Cat` refuses older dates (its error 22.9.7).
const FIRST_YEAR: u16 = 2009;

/// Windows installs nothing from a file without it.
pub fn signature(subject: &Subject) -> Verdict {
    expect(subject, "Signature", "$Windows NT$")
}

/// Audio and MIDI devices.
pub fn class(subject: &Subject) -> Verdict {
    expect(subject, "Class", CLASS.0)?;
    expect(subject, "ClassGuid", CLASS.1)
}

/// Somebody, and not Microsoft.
pub fn provider(subject: &Subject) -> Verdict {
    let provider = value(subject, "Provider")?;
    if provider.to_ascii_lowercase().contains("microsoft") {
        Err(format!("Provider is {provider}"))
    } else {
        Ok(provider)
    }
}

/// The catalog is called like the file.
pub fn catalog(subject: &Subject) -> Verdict {
    expect(subject, "CatalogFile", &format!("{}.cat", subject.name))
}

/// Date and version.
pub fn driver_version(subject: &Subject) -> Verdict {
    let lines = subject.inf.lines("Version").iter();
    let Some(line) = lines.clone().find(|line| line.has_key("DriverVer")) else {
        return Err("no DriverVer".to_owned());
    };
    let (date, version) = (line.field(0), line.field(1));
    let numbers = |text: &str, separator| -> Option<Vec<u16>> {
        text.split(separator)
            .map(|number| number.parse().ok())
            .collect()
    };
    let is_date = numbers(date, '/')
        .is_some_and(|date| matches!(date[..], [1..=12, 1..=31, FIRST_YEAR..=9999]));
    let is_version = numbers(version, '.').is_some_and(|version| version.len() == 4);
    if is_date && is_version {
        Ok(format!("{version} of {date}"))
    } else {
        Err(format!("DriverVer is {date},{version}"))
    }
}

/// Nobody but Windows writes to the installed files.
pub fn lockdown(subject: &Subject) -> Verdict {
    expect(subject, "PnpLockdown", "1")
}

fn expect(subject: &Subject, key: &str, wanted: &str) -> Verdict {
    let value = value(subject, key)?;
    if value.eq_ignore_ascii_case(wanted) {
        Ok(value)
    } else {
        Err(format!("{key} is {value}, should be {wanted}"))
    }
}

fn value(subject: &Subject, key: &str) -> Result<String, String> {
    let value = subject.inf.value("Version", key);
    value.ok_or_else(|| format!("no {key}"))
}
