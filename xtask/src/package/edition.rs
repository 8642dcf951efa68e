//! Which package: everybody's, or the one for laboratories.

use std::path::{Path, PathBuf};

use crate::architecture::Architecture;
use crate::inf::{self, ARCHITECTURES};

/// A package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// For all devices that a bus reports, and the loopback.
    General,
    /// For an MPU-401 at a fixed port.
    Lab,
}

impl Edition {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::General, Self::Lab];

    /// The one that is asked for.
    pub fn of(is_for_labs: bool) -> Self {
        if is_for_labs {
            Self::Lab
        } else {
            Self::General
        }
    }

    /// What INF file and catalog are called, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "midiuart",
            Self::Lab => "midiuart-isa",
        }
    }

    /// Folder or zip file without extension.
    pub fn package_name(self, architecture: Architecture) -> String {
        let version = env!("CARGO_PKG_VERSION");
        format!("{}-{version}-{}", self.name(), architecture.folder())
    }

    /// The INF file before it is stamped.
    pub fn inf_source(self, root: &Path) -> PathBuf {
        match self {
            Self::General => inf::source(root),
            Self::Lab => root.join("inf/lab/midiuart-isa.inx"),
        }
    }

    /// How to install it.
    pub fn notes_source(self, root: &Path) -> PathBuf {
        match self {
            Self::General => root.join("inf/INSTALL.txt"),
            Self::Lab => root.join("inf/lab/INSTALL.txt"),
        }
    }

    /// There is no ISA bus beside ARM64.
    pub fn architectures(self) -> &'static [Architecture] {
        match self {
            Self::General => &ARCHITECTURES,
            Self::Lab => &[Architecture::X64],
        }
    }

    /// Whether it is made for a processor.
    pub fn is_for(self, architecture: Architecture) -> bool {
        self.architectures().contains(&architecture)
    }

    /// The rule for INF files that this package is there to break.
    pub fn tolerated_rule(self) -> Option<&'static str> {
        match self {
            Self::General => None,
            Self::Lab => Some("no-log-config"),
        }
    }
}
