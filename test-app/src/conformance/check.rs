//! What a check is.

use super::bench::Bench;
use super::verdict::Checked;

/// A check.
pub struct Check {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it checks, in a line.
    pub what: &'static str,
    /// Where that is written.
    pub source: Source,
    /// How much it sends.
    pub traffic: Traffic,
    /// Whether it is carried out only if it is named.
    pub only_if_named: bool,
    /// Carries it out.
    pub run: fn(&Bench) -> Checked,
}

impl Check {
    /// A check that sends little.
    #[must_use]
    pub const fn new(
        name: &'static str,
        what: &'static str,
        source: Source,
        run: fn(&Bench) -> Checked,
    ) -> Self {
        Self {
            name,
            what,
            source,
            traffic: Traffic::Little,
            only_if_named: false,
            run,
        }
    }

    /// The same, but it sends more.
    #[must_use]
    pub const fn sending(self, traffic: Traffic) -> Self {
        Self { traffic, ..self }
    }

    /// The same, but it takes so long that it has to be asked for.
    #[must_use]
    pub const fn only_if_named(self) -> Self {
        Self {
            only_if_named: true,
            ..self
        }
    }
}

/// Where it is written what a port has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The documentation of a function, structure or message of `mmeapi.h`, by its name.
    Mmeapi(&'static str),
    /// A part of the Windows Logo Kit's MIDI test for drivers, MIDDRV32.
    LogoTest(&'static str),
    /// A test of Windows MIDI Services for drivers, by its name in `Midi2DriverTests`.
    DriverTests(&'static str),
    /// The MIDI 1.0 specification, by what it is about there.
    Midi(&'static str),
    /// What users of MIDI ports report.
    Reports(&'static str),
}

impl Source {
    /// In words.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Mmeapi(name) => format!("mmeapi.h: {name}"),
            Self::LogoTest(part) => format!("logo test MIDDRV32: {part}"),
            Self::DriverTests(test) => format!("Midi2DriverTests: {test}"),
            Self::Midi(subject) => format!("MIDI 1.0: {subject}"),
            Self::Reports(symptom) => format!("users' reports: {symptom}"),
        }
    }
}

/// How much a check sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// So little that it need not be counted.
    Little,
    /// About that many bytes.
    Bytes(usize),
    /// About that many bytes for each message of a long run.
    EachMessage(usize),
}

impl Traffic {
    /// In bytes, if a long run has that many messages.
    #[must_use]
    pub const fn bytes(self, messages: usize) -> usize {
        match self {
            Self::Little => 0,
            Self::Bytes(bytes) => bytes,
            Self::EachMessage(bytes) => bytes * messages,
        }
    }
}
