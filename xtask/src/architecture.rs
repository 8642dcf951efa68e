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

    /// The compiler's name for programs on it.
    pub fn target(self) -> &'static str {
        match self {
            Self::X64 => "x86_64-pc-windows-msvc",
            Self::Arm64 => "aarch64-pc-windows-msvc",
            Self::X86 => "i686-pc-windows-msvc",
        }
    }

    /// The compiler's name for drivers on it. The one for x86 is the project's own and is described by a
    /// file of this name in `xtask/cross`: the kernel saves no floating-point registers of an interrupted
    /// thread there, and the target for programs uses SSE to copy and compare memory. On x64 and ARM64
    /// the kernel saves them, by the processor's calling convention.
    pub fn kernel_target(self) -> &'static str {
        match self {
            Self::X64 | Self::Arm64 => self.target(),
            Self::X86 => "i686-kernel-windows-msvc",
        }
    }

    /// Whether the compiler knows [`Self::kernel_target`] by itself.
    pub fn has_builtin_kernel_target(self) -> bool {
        self.kernel_target() == self.target()
    }
}
