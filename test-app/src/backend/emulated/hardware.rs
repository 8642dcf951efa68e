//! The hardware that a run asks for.

use emulated_pc::hardware::mpu401::Mpu401;
use emulated_pc::hardware::ns16550::Ns16550;
use emulated_pc::hardware::quirk::{ChipKind, ChipOptions, options_for, quirks_of};
use emulated_pc::{Hardware, RegistryValue, Trigger};

use crate::backend::{Setup, Uart};
use crate::failure::Failure;

/// The usual first port of an MPU-401.
const MPU401_BASE: u16 = 0x330;
/// A usual first port of a PCI card's UART.
const NS16550_BASE: u16 = 0xE000;

/// The software UART's variation: it goes as fast as it can.
const UNPACED: &str = "unpaced";
/// For chips that never acknowledge a reset, the driver has to be told so.
const NO_ACKNOWLEDGE: &str = "no-ack";

/// The names of the variations that a UART can be given.
pub(super) fn quirks(uart: Uart) -> Vec<&'static str> {
    match uart {
        Uart::Mpu401 => quirks_of(ChipKind::Mpu401)
            .map(|quirk| quirk.name)
            .collect(),
        Uart::Ns16550 => quirks_of(ChipKind::Ns16550)
            .map(|quirk| quirk.name)
            .collect(),
        Uart::Software => vec![UNPACED],
    }
}

/// What the port is made of, for people.
pub(super) const fn describe(uart: Uart) -> &'static str {
    match uart {
        Uart::Mpu401 => "emulated MPU-401",
        Uart::Ns16550 => "emulated 16550",
        Uart::Software => "software loopback",
    }
}

/// Hardware that is yet to be built, on the machine's own thread.
pub(super) struct Plan {
    uart: Uart,
    options: Option<ChipOptions>,
    registry: Vec<(&'static str, u32)>,
}

/// Plans the hardware of a run.
pub(super) fn plan(setup: &Setup) -> Result<Plan, Failure> {
    let has = |name: &str| setup.quirks.iter().any(|quirk| quirk == name);
    let chip = match setup.uart {
        Uart::Mpu401 => Some(ChipKind::Mpu401),
        Uart::Ns16550 => Some(ChipKind::Ns16550),
        Uart::Software => None,
    };
    let options = chip
        .map(|chip| options_for(chip, &setup.quirks))
        .transpose()
        .map_err(|unknown| Failure::Usage(unknown.to_string()))?;
    let mut registry = Vec::new();
    if setup.uart == Uart::Software && has(UNPACED) {
        registry.push(("Paced", 0));
    }
    if setup.uart == Uart::Mpu401 && has(NO_ACKNOWLEDGE) {
        registry.push(("AcknowledgeExpected", 0));
    }
    Ok(Plan {
        uart: setup.uart,
        options,
        registry,
    })
}

impl Plan {
    pub(super) fn build(self) -> Hardware {
        let hardware = match (self.uart, self.options) {
            (Uart::Mpu401, Some(options)) => {
                let interrupt = options.has_interrupt.then_some(Trigger::Edge);
                Hardware::at_ports(
                    Box::new(Mpu401::new(options.mpu401)),
                    MPU401_BASE,
                    interrupt,
                )
            }
            (Uart::Ns16550, Some(options)) => {
                let interrupt = options.has_interrupt.then_some(Trigger::Level);
                let chip = Box::new(Ns16550::new(options.ns16550));
                Hardware::at_ports(chip, NS16550_BASE, interrupt)
            }
            _ => Hardware::software(),
        };
        self.registry
            .into_iter()
            .fold(hardware, |hardware, (name, value)| {
                hardware.with_registry(name, RegistryValue::Number(value))
            })
    }
}
