//! The hardware that a run asks for.

use emulated_pc::hardware::mpu401::Mpu401;
use emulated_pc::hardware::ns16550::Ns16550;
use emulated_pc::hardware::quirk::{ChipKind, ChipOptions, options_for, quirks_of};
use emulated_pc::{Hardware, RegistryValue, Trigger};

use crate::{Installation, Trouble, Uart};

/// The usual first port of an MPU-401.
const MPU401_BASE: u16 = 0x330;
/// A usual first port of a PCI card's UART.
const NS16550_BASE: u16 = 0xE000;

/// The software UART's variation: it goes as fast as it can.
const UNPACED: &str = "unpaced";
/// For chips that never acknowledge a reset, the driver has to be told so.
const NO_ACKNOWLEDGE: &str = "no-ack";

/// The names of the variations that a UART can be given.
#[must_use]
pub fn quirks(uart: Uart) -> Vec<&'static str> {
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
#[must_use]
pub const fn describe(uart: Uart) -> &'static str {
    match uart {
        Uart::Mpu401 => "emulated MPU-401",
        Uart::Ns16550 => "emulated 16550",
        Uart::Software => "software loopback",
    }
}

/// Hardware that is yet to be built, on the machine's own thread.
pub(crate) struct Plan {
    uart: Uart,
    options: Option<ChipOptions>,
    registry: Vec<(&'static str, u32)>,
    loop_cable: bool,
}

/// Plans the hardware of a run.
pub(crate) fn plan(installation: &Installation) -> Result<Plan, Trouble> {
    let has = |name: &str| installation.quirks.iter().any(|quirk| quirk == name);
    let chip = match installation.uart {
        Uart::Mpu401 => Some(ChipKind::Mpu401),
        Uart::Ns16550 => Some(ChipKind::Ns16550),
        Uart::Software => None,
    };
    let options = chip
        .map(|chip| options_for(chip, &installation.quirks))
        .transpose()
        .map_err(|unknown| Trouble::Unusable(unknown.to_string()))?;
    let mut registry = Vec::new();
    if installation.uart == Uart::Software && has(UNPACED) {
        registry.push(("Paced", 0));
    }
    if installation.uart == Uart::Mpu401 && has(NO_ACKNOWLEDGE) {
        registry.push(("AcknowledgeExpected", 0));
    }
    Ok(Plan {
        uart: installation.uart,
        options,
        registry,
        loop_cable: installation.loop_cable,
    })
}

impl Plan {
    pub(crate) fn build(self) -> Hardware {
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
        let hardware = if self.loop_cable {
            hardware.with_loop_cable()
        } else {
            hardware
        };
        self.registry
            .into_iter()
            .fold(hardware, |hardware, (name, value)| {
                hardware.with_registry(name, RegistryValue::Number(value))
            })
    }
}
