//! Devices as a scenario plugs them in, and the far ends of their cables.

use std::rc::Rc;
use std::time::Duration;

use crate::hardware::chip::{Chip, Condition, LineFault, WireByte};
use crate::io::system::PhysicalDevice;
use crate::machine::bus::{PluggedDevice, Registers, WireAccount};
use crate::machine::events::Event;
use crate::machine::interrupts::{InterruptCounts, Trigger};
use crate::machine::{Machine, current};
use crate::time::Instant;

/// What is plugged in.
pub struct Hardware {
    /// The UART; without one the device is root-enumerated software and has no resources.
    pub chip: Option<Box<dyn Chip>>,
    /// Where the chip's registers appear.
    pub registers: Registers,
    /// Whether, and how, the chip interrupts.
    pub interrupt: Option<Trigger>,
    /// The device whose interrupt line the chip is on, too, as it is triggered; `None` for a line of its own.
    pub shares_line_of: Option<Device>,
    /// The values under the device's registry keys. A backslash in a name leads to a subkey.
    pub registry: Vec<(String, RegistryValue)>,
    /// Resources that the driver is told instead of the true ones.
    pub resources: Option<Vec<HardwareResource>>,
    /// Whether a cable leads from the UART's output to its input; nobody else is at its ends then.
    pub loop_cable: bool,
}

impl Hardware {
    /// A UART whose registers appear at I/O port `base` and whose interrupt is as `interrupt` says.
    #[must_use]
    pub fn at_ports(chip: Box<dyn Chip>, base: u16, interrupt: Option<Trigger>) -> Self {
        Self {
            chip: Some(chip),
            registers: Registers::Ports(base),
            interrupt,
            shares_line_of: None,
            registry: Vec::new(),
            resources: None,
            loop_cable: false,
        }
    }

    /// A UART whose registers appear at physical address `base`.
    #[must_use]
    pub fn in_memory(chip: Box<dyn Chip>, base: u64, interrupt: Option<Trigger>) -> Self {
        Self {
            registers: Registers::Memory(base),
            ..Self::at_ports(chip, 0, interrupt)
        }
    }

    /// A device that is software only.
    #[must_use]
    pub fn software() -> Self {
        Self {
            chip: None,
            registers: Registers::Ports(0),
            interrupt: None,
            shares_line_of: None,
            registry: Vec::new(),
            resources: None,
            loop_cable: false,
        }
    }

    /// Leads the UART's output to its own input.
    #[must_use]
    pub fn with_loop_cable(mut self) -> Self {
        self.loop_cable = true;
        self
    }

    /// Puts the chip on the interrupt line of a device that is plugged in, which must have one: the line is
    /// active while either drives it, and both devices' resources say that it is shared.
    #[must_use]
    pub fn sharing_line_of(mut self, device: &Device) -> Self {
        self.shares_line_of = Some(device.clone());
        self
    }

    /// Adds a registry value.
    #[must_use]
    pub fn with_registry(mut self, name: &str, value: RegistryValue) -> Self {
        self.registry.push((name.to_owned(), value));
        self
    }
}

/// A registry value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryValue {
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_SZ`.
    Text(String),
}

/// A resource that a driver is told it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HardwareResource {
    /// A range of I/O ports.
    Ports {
        /// The first port.
        start: u64,
        /// How many.
        length: u32,
    },
    /// A range of physical memory.
    Memory {
        /// The first address.
        start: u64,
        /// How many bytes.
        length: u32,
    },
    /// The device's interrupt, if it has one; else one that never comes.
    Interrupt,
    /// A DMA channel.
    Dma,
}

/// A device that is plugged in. Clones are the same device.
#[derive(Clone)]
pub struct Device {
    pub(crate) machine: Rc<Machine>,
    pub(crate) number: usize,
}

impl Device {
    pub(crate) fn physical(&self) -> Rc<PhysicalDevice> {
        self.machine.system.physical_device(self.number)
    }

    fn plugged(&self) -> Option<Rc<PluggedDevice>> {
        let index = self.physical().bus?;
        Some(self.machine.bus.device(index))
    }

    /// The interrupt line, if the device has one.
    pub(crate) fn line(&self) -> Option<usize> {
        self.plugged()?.line
    }

    fn updated(&self) -> Option<Rc<PluggedDevice>> {
        self.change(Rc::clone)
    }

    /// Brings the device to this moment, does something to it, and lets that take effect.
    fn change<R>(&self, work: impl FnOnce(&Rc<PluggedDevice>) -> R) -> Option<R> {
        let index = self.physical().bus?;
        self.machine.update_device(index);
        let result = work(&self.machine.bus.device(index));
        self.machine.update_device(index);
        Some(result)
    }

    fn account(&self) -> WireAccount {
        self.updated()
            .map_or_else(WireAccount::default, |device| device.account())
    }

    /// What the chip has sent since this was last asked, oldest first.
    #[must_use]
    pub fn wire_sent(&self) -> Vec<WireByte> {
        self.updated()
            .map_or_else(Vec::new, |device| device.take_sent())
    }

    /// How many bytes the chip has sent since it was plugged in.
    #[must_use]
    pub fn wire_sent_total(&self) -> u64 {
        self.account().bytes
    }

    /// For how long the chip has been sending since it was plugged in.
    #[must_use]
    pub fn wire_busy_time(&self) -> Duration {
        self.account().busy
    }

    /// How many bytes were sent at a speed that the far end can't follow.
    #[must_use]
    pub fn wire_unreadable(&self) -> u64 {
        self.account().unreadable
    }

    /// Has the far end send bytes, after what it was told before; returns when the first start bit
    /// begins.
    #[expect(
        clippy::must_use_candidate,
        reason = "what it does matters more than what it returns"
    )]
    pub fn far_end_send(&self, bytes: &[u8]) -> Instant {
        let now = self.machine.now();
        self.change(|device| {
            device.wire.borrow_mut().far_end_mut().send(bytes, now);
            device.far_end_occupied(bytes.len(), now)
        })
        .unwrap_or(now)
    }

    /// Has the far end send bytes of which some are damaged.
    pub fn far_end_send_damaged(&self, bytes: &[(u8, LineFault)]) {
        let now = self.machine.now();
        self.change(|device| {
            device
                .wire
                .borrow_mut()
                .far_end_mut()
                .send_damaged(bytes, now);
            device.far_end_occupied(bytes.len(), now);
        });
    }

    /// Has bytes arrive whole at the chip at this very moment, whatever else is on the wire: for what is
    /// done by [`Pc::at_call`](crate::Pc::at_call).
    pub fn receive_now(&self, bytes: &[u8]) {
        let now = self.machine.now();
        self.change(|device| {
            let mut chip = device.chip.borrow_mut();
            for &byte in bytes {
                chip.receive(byte, LineFault::default(), now);
            }
        });
    }

    /// Makes the far end's clock fast, or slow if negative, by so many parts per million.
    pub fn set_far_end_speed_deviation(&self, parts_per_million: i32) {
        self.change(|device| device.set_far_end_speed_deviation(parts_per_million));
    }

    /// How many bytes of the far end have not arrived yet.
    #[must_use]
    pub fn far_end_pending(&self) -> usize {
        self.updated().map_or(0, |device| {
            device.wire.borrow().far_end().bytes_on_the_way()
        })
    }

    /// Whether the far end has nothing left to send.
    #[must_use]
    pub fn far_end_idle(&self) -> bool {
        self.far_end_pending() == 0
    }

    /// Breaks or mends the chip now.
    pub fn set_condition(&self, condition: Condition) {
        self.change(|device| device.chip.borrow_mut().set_condition(condition));
    }

    /// Breaks or mends the chip at a moment to come.
    pub fn at(&self, moment: Instant, condition: Condition) {
        let Some(index) = self.physical().bus else {
            return;
        };
        let change = move || {
            let machine = current();
            machine
                .bus
                .device(index)
                .chip
                .borrow_mut()
                .set_condition(condition);
            machine.update_device(index);
        };
        self.machine.schedule(moment, Event::Call(Box::new(change)));
    }

    /// What became of the interrupts of the device's line since power-on, those of devices that share it included;
    /// nothing if it has none.
    #[must_use]
    pub fn interrupts(&self) -> InterruptCounts {
        self.line().map_or_else(InterruptCounts::default, |line| {
            self.machine.interrupts.borrow().counts(line)
        })
    }

    /// How many register accesses there have been.
    #[must_use]
    pub fn register_accesses(&self) -> u64 {
        self.plugged()
            .map_or(0, |device| device.register_accesses.get())
    }

    /// Gives access to the chip; `None` if the device has none.
    pub fn with_chip<R>(&self, work: impl FnOnce(&mut dyn Chip) -> R) -> Option<R> {
        self.change(|device| work(&mut **device.chip.borrow_mut()))
    }
}
