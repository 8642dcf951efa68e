//! What a machine is, and what on it stands in the way of the driver.

use serde::Serialize;

use crate::failure::Failure;

/// A processor that Windows runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64
    X64,
    /// `AArch64`
    Arm64,
    /// Neither; there is no driver for it.
    Other,
}

impl Architecture {
    /// As packages are called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
            Self::Other => "another processor",
        }
    }

    /// By the number in an image's header (`IMAGE_FILE_MACHINE_…` of winnt.h).
    #[must_use]
    pub const fn of_image(machine: u16) -> Self {
        match machine {
            0x8664 => Self::X64,
            0xAA64 => Self::Arm64,
            _ => Self::Other,
        }
    }
}

/// A machine with Windows. What Windows does not tell is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Its processor, whatever this program was built for.
    pub architecture: Architecture,
    /// This program was built for another processor, and is translated.
    pub is_translated: bool,
    /// This program may change the machine.
    pub is_administrator: bool,
    /// Drivers load that are signed by any trusted certificate.
    pub test_mode: Option<bool>,
    /// The firmware starts only what it trusts, and forbids test mode.
    pub secure_boot: Option<bool>,
    /// The hypervisor checks the kernel's code.
    pub memory_integrity: Option<bool>,
    /// The system's drive is protected by `BitLocker`; told to administrators only.
    pub bitlocker: Option<bool>,
}

impl Machine {
    /// Whether this program may change the machine at all.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn lets_change(&self) -> Result<(), Failure> {
        if self.is_translated {
            let own = self.architecture.name();
            return Err(Failure::Device(format!(
                "this program was built for another processor and can install no drivers: take the one of the {own} package"
            )));
        }
        if !self.is_administrator {
            return Err(Failure::Device(
                "no administrator rights: open a command prompt with \"Run as administrator\" and repeat the command there".into(),
            ));
        }
        Ok(())
    }

    /// Whether drivers with a test signature load.
    ///
    /// # Errors
    /// What stands in the way, and what to do.
    pub fn loads_test_drivers(&self) -> Result<(), Failure> {
        if self.test_mode != Some(false) {
            return Ok(());
        }
        let recovery = match self.bitlocker {
            Some(false) => "",
            Some(true) => {
                "BitLocker protects this machine and asks for its recovery key after that, so run `manage-bde -protectors -disable %SystemDrive%` before; "
            }
            None => "if BitLocker is on, have its recovery key ready; ",
        };
        let steps = if self.secure_boot == Some(true) {
            "Secure Boot forbids test mode: turn it off in the firmware's settings, then run"
        } else {
            "run"
        };
        Err(Failure::Device(format!(
            "test mode is off and the driver has a test signature, so Windows would not load it; {recovery}{steps} `bcdedit /set testsigning on`, restart Windows, and repeat this command (--before-test-mode installs all the same)"
        )))
    }

    /// What is no obstacle, but good to know.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.memory_integrity == Some(true) {
            remarks.push(
                "memory integrity is on and can stay on: in test mode it loads test-signed drivers too; should the device end with code 39, report that as an error of the driver".to_owned(),
            );
        }
        remarks
    }

    /// What protects the machine less than it could, as it was set for drivers with a test signature, and
    /// how that ends.
    #[must_use]
    pub fn weakened(&self) -> Vec<String> {
        let mut weakened = Vec::new();
        if self.test_mode == Some(true) {
            weakened.push(
                "test mode is on: `bcdedit /set testsigning off`, then restart Windows, ends it"
                    .to_owned(),
            );
        }
        if self.secure_boot == Some(false) {
            weakened.push(
                "Secure Boot is off: `shutdown /r /fw /t 0` restarts into the firmware's settings, where it is turned on (after test mode is off)".to_owned(),
            );
        }
        if self.memory_integrity == Some(false) {
            weakened.push(
                r"memory integrity is off: `reg add HKLM\SYSTEM\CurrentControlSet\Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity /v Enabled /t REG_DWORD /d 1 /f`, then restart Windows, turns it on where the machine can have it".to_owned(),
            );
        }
        weakened
    }
}
