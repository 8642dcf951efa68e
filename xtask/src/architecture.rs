//! Processors that the driver is built for.

use clap::ValueEnum;

/// A processor under Windows' name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Architecture {
    /// x86-64
    X64,
    /// `AArch64`
    Arm64,
    /// 32 bits
    X86,
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::X64, Self::Arm64, Self::X86];

    /// The folder of its package.
    pub fn folder(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
            Self::X86 => "x86",
        }
    }

    /// The compiler's name for it.
    pub fn target(self) -> &'static str {
        match self {
            Self::X64 => "x86_64-pc-windows-msvc",
            Self::Arm64 => "aarch64-pc-windows-msvc",
            Self::X86 => "i686-pc-windows-msvc",
        }
    }
}
