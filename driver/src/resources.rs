//! From a device's resources and parameters to its UART.

use portcls::com::{ComPtr, Resource};
use portcls::interfaces::IResourceList;
use portcls::status::{Outcome, STATUS_DEVICE_CONFIGURATION_ERROR};
use portcls::types::{
    CM_RESOURCE_TYPE_DMA, CM_RESOURCE_TYPE_INTERRUPT, CM_RESOURCE_TYPE_MEMORY,
    CM_RESOURCE_TYPE_PORT,
};

use crate::bus::Registers;
use crate::kernel::registers::MappedRegisters;
use crate::parameters::Parameters;
use crate::uart::AnyUart;
use crate::uart::mpu401::Mpu401;
use crate::uart::ns16550::{self, Ns16550};
use crate::uart::software::SoftwareUart;

/// Registers that an MPU-401 has.
const MPU401_REGISTERS: u8 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mpu401,
    Ns16550,
    Software,
}

/// A UART, and whether it has an interrupt.
pub struct Found {
    /// The UART.
    pub uart: AnyUart<Registers>,
    /// Its interrupt, if it has one: whether other devices share the line.
    pub interrupt: Option<bool>,
}

/// Finds out what UART a device is. `PASSIVE_LEVEL`.
///
/// # Errors
/// `STATUS_DEVICE_CONFIGURATION_ERROR` if the resources are not those of such a UART: one range of
/// registers that is long enough, at most one interrupt, no DMA; none at all for a software UART.
#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
pub fn find_uart(
    resources: Option<&ComPtr<IResourceList>>,
    parameters: &Parameters,
) -> Outcome<Found> {
    let count = |kind| resources.map_or(0, |resources| resources.count(kind));
    let find = |kind| resources.and_then(|resources| resources.find(kind, 0));
    let interrupts = count(CM_RESOURCE_TYPE_INTERRUPT);
    let ranges = count(CM_RESOURCE_TYPE_PORT) + count(CM_RESOURCE_TYPE_MEMORY);
    if interrupts > 1 || ranges > 1 || count(CM_RESOURCE_TYPE_DMA) > 0 {
        return Err(STATUS_DEVICE_CONFIGURATION_ERROR);
    }
    let range = find(CM_RESOURCE_TYPE_PORT).or_else(|| find(CM_RESOURCE_TYPE_MEMORY));
    let length = match range {
        Some(Resource::Ports { length, .. } | Resource::Memory { length, .. }) => length,
        _ => 0,
    };
    let kind = match parameters.uart {
        1 => Kind::Mpu401,
        2 => Kind::Ns16550,
        3 => Kind::Software,
        _ if range.is_none() => Kind::Software,
        _ if length < u32::from(ns16550::REGISTERS) => Kind::Mpu401,
        _ => Kind::Ns16550,
    };
    let interrupt = match find(CM_RESOURCE_TYPE_INTERRUPT) {
        Some(Resource::Interrupt { is_shared }) if kind != Kind::Software => Some(is_shared),
        _ => None,
    };
    let registers = |needed: u8| match range {
        Some(Resource::Ports { start, length }) if length >= needed.into() => u16::try_from(start)
            .map(Registers::Ports)
            .map_err(|_| STATUS_DEVICE_CONFIGURATION_ERROR),
        Some(Resource::Memory { start, length }) if length >= needed.into() => {
            MappedRegisters::map(start, needed).map(Registers::Memory)
        }
        _ => Err(STATUS_DEVICE_CONFIGURATION_ERROR),
    };
    let uart = match kind {
        Kind::Mpu401 => AnyUart::Mpu401(Mpu401::new(
            registers(MPU401_REGISTERS)?,
            parameters.acknowledge_expected != 0,
        )),
        Kind::Ns16550 => AnyUart::Ns16550(Ns16550::new(
            registers(ns16550::REGISTERS)?,
            ns16550::Settings {
                baud_clock: parameters.baud_clock,
                baud_rate: parameters.baud_rate,
                fifo_depth: parameters.fifo_depth,
                has_interrupt: interrupt.is_some(),
            },
        )),
        Kind::Software => AnyUart::Software(SoftwareUart::new(parameters.paced != 0)),
    };
    Ok(Found { uart, interrupt })
}
