//! Processors.

use std::path::PathBuf;

use crate::{ConfigError, variable};

/// A processor that Windows drivers are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X64,
    Arm64,
    X86,
}

impl Architecture {
    pub fn of_target() -> Result<Self, ConfigError> {
        let is_windows = variable("CARGO_CFG_TARGET_OS") == "windows"
            && variable("CARGO_CFG_TARGET_ENV") == "msvc";
        match variable("CARGO_CFG_TARGET_ARCH").as_str() {
            "x86_64" if is_windows => Ok(Self::X64),
            "aarch64" if is_windows => Ok(Self::Arm64),
            "x86" if is_windows => Ok(Self::X86),
            _ => Err(ConfigError::UnsupportedTarget(variable("TARGET"))),
        }
    }

    /// Where mingw-w64's headers and import libraries are. It knows no ARM64: what a driver shares
    /// with the system has the layout of x64 there, save for processor contexts and the like.
    pub fn mingw(self) -> PathBuf {
        match self {
            Self::X64 | Self::Arm64 => "/usr/x86_64-w64-mingw32".into(),
            Self::X86 => "/usr/i686-w64-mingw32".into(),
        }
    }

    /// For which target headers are read; see [`Self::mingw`].
    pub fn clang_target(self) -> &'static str {
        match self {
            Self::X64 | Self::Arm64 => "x86_64-pc-windows-msvc",
            Self::X86 => "i686-pc-windows-msvc",
        }
    }

    /// For which target the run-time objects are made.
    pub fn assembler_target(self) -> &'static str {
        match self {
            Self::X64 => "x86_64-pc-windows-msvc",
            Self::Arm64 => "aarch64-pc-windows-msvc",
            Self::X86 => "i686-pc-windows-msvc",
        }
    }

    pub fn definitions(self) -> &'static [&'static str] {
        match self {
            Self::X64 | Self::Arm64 => &["_WIN64", "_AMD64_", "AMD64"],
            Self::X86 => &["_X86_", "i386"],
        }
    }
}
