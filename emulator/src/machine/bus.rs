//! The bus: which device answers to which register.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::Machine;
use super::events::Event;
use super::stop::BugCheck;
use crate::hardware::chip::Chip;
use crate::hardware::wire::MidiWire;
use crate::time::Instant;

/// How the processor reaches a device's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registers {
    /// By `in` and `out` at these I/O ports.
    Ports(u16),
    /// By loads and stores at this physical address.
    Memory(u64),
}

/// Whether the driver may touch a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It may.
    Allowed,
    /// The device is in a sleeping state.
    Asleep,
    /// The device was stopped or removed, and the driver was told.
    TakenAway,
}

/// A UART with its cable, plugged into the bus.
pub(crate) struct PluggedDevice {
    pub(crate) chip: RefCell<Box<dyn Chip>>,
    pub(crate) wire: RefCell<MidiWire>,
    pub(crate) registers: Registers,
    pub(crate) line: Option<usize>,
    pub(crate) access: Cell<Access>,
    pub(crate) register_accesses: Cell<u64>,
    wakes_at: Cell<Option<Instant>>,
}

impl PluggedDevice {
    pub(crate) fn new(chip: Box<dyn Chip>, registers: Registers, line: Option<usize>) -> Self {
        Self {
            chip: RefCell::new(chip),
            wire: RefCell::default(),
            registers,
            line,
            access: Cell::new(Access::Allowed),
            register_accesses: Cell::new(0),
            wakes_at: Cell::new(None),
        }
    }

    /// Brings chip and wire to `now`.
    fn catch_up(&self, now: Instant) {
        let mut chip = self.chip.borrow_mut();
        let mut wire = self.wire.borrow_mut();
        while let Some(at) = wire.next_arrival().filter(|at| *at <= now) {
            chip.advance(at, wire.record());
            if let Some((value, fault)) = wire.take_arrival(at) {
                chip.receive(value, fault, at);
            }
        }
        chip.advance(now, wire.record());
    }

    fn next_change(&self) -> Option<Instant> {
        let chip = self.chip.borrow().next_change();
        let arrival = self.wire.borrow().next_arrival();
        chip.into_iter().chain(arrival).min()
    }
}

/// All devices that are plugged in.
#[derive(Default)]
pub(crate) struct Bus {
    devices: RefCell<Vec<Rc<PluggedDevice>>>,
}

impl Bus {
    pub(crate) fn plug(&self, device: PluggedDevice) -> usize {
        let mut devices = self.devices.borrow_mut();
        devices.push(Rc::new(device));
        devices.len() - 1
    }

    pub(crate) fn device(&self, index: usize) -> Rc<PluggedDevice> {
        Rc::clone(&self.devices.borrow()[index])
    }

    fn find(&self, address: Registers) -> Option<(usize, u16)> {
        let devices = self.devices.borrow();
        devices.iter().enumerate().find_map(|(index, device)| {
            let offset = match (device.registers, address) {
                (Registers::Ports(base), Registers::Ports(port)) => port.checked_sub(base)?,
                (Registers::Memory(base), Registers::Memory(at)) => {
                    u16::try_from(at.checked_sub(base)?).ok()?
                }
                _ => return None,
            };
            (offset < device.chip.borrow().register_count()).then_some((index, offset))
        })
    }
}

impl Machine {
    /// Brings a device to this moment, after something was done to it or when it said so.
    pub(crate) fn update_device(&self, index: usize) {
        let device = self.bus.device(index);
        device.catch_up(self.now());
        if let Some(line) = device.line {
            let active = device.chip.borrow().interrupt_line();
            self.drive_line(line, active);
        }
        let next = device.next_change();
        let wakes_at = device.wakes_at.get().filter(|at| *at > self.now());
        if let Some(next) = next
            && wakes_at.is_none_or(|at| next < at)
        {
            device.wakes_at.set(Some(next));
            self.schedule(next, Event::Device(index));
        } else {
            device.wakes_at.set(wakes_at);
        }
    }

    /// The processor reads a register; one where no device answers reads 0xFF.
    pub(crate) fn read_register(&self, address: Registers) -> u8 {
        let mut value = 0xFF;
        self.access(address, |chip, offset, now| value = chip.read(offset, now));
        value
    }

    /// The processor writes a register.
    pub(crate) fn write_register(&self, address: Registers, value: u8) {
        self.access(address, |chip, offset, now| chip.write(offset, value, now));
    }

    fn access(&self, address: Registers, touch: impl FnOnce(&mut dyn Chip, u16, Instant)) {
        self.pass(self.config.register_access_cost);
        let Some((index, offset)) = self.bus.find(address) else {
            return;
        };
        let device = self.bus.device(index);
        match device.access.get() {
            Access::Allowed => {}
            Access::Asleep => self.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "RegisterAccessOutsideD0: a register was touched while the device sleeps",
            ),
            Access::TakenAway => self.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "RegisterAccessAfterRemoval: a register was touched after the device was taken away",
            ),
        }
        device
            .register_accesses
            .set(device.register_accesses.get() + 1);
        device.catch_up(self.now());
        touch(&mut **device.chip.borrow_mut(), offset, self.now());
        self.update_device(index);
        self.deliver();
    }
}
