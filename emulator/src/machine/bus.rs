//! The bus: which device answers to which register.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::events::Event;
use super::stop::BugCheck;
use crate::hardware::chip::{Chip, LineFault, WireByte};
use crate::hardware::wire::{BYTE_TIME, FarEnd, MidiWire};
use crate::time::Instant;

/// How far a byte's length may be off before the far end misreads its last bits.
const READABLE_DEVIATION: Duration = Duration::from_nanos(9_600);

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
    /// The device was not started, so the driver does not know its registers.
    NotStarted,
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
    /// A cable leads from the output to the input.
    loop_cable: bool,
    pub(crate) access: Cell<Access>,
    pub(crate) register_accesses: Cell<u64>,
    wakes_at: Cell<Option<Instant>>,
    /// How many bytes of the wire's record are in the accounts below.
    accounted: Cell<usize>,
    account: Cell<WireAccount>,
    far_end_byte_time: Cell<Duration>,
    far_end_busy_until: Cell<Instant>,
}

/// What a chip has sent in all.
#[derive(Clone, Copy, Default)]
pub(crate) struct WireAccount {
    pub(crate) bytes: u64,
    pub(crate) busy: Duration,
    pub(crate) unreadable: u64,
}

impl PluggedDevice {
    pub(crate) fn new(
        chip: Box<dyn Chip>,
        registers: Registers,
        line: Option<usize>,
        loop_cable: bool,
    ) -> Self {
        Self {
            loop_cable,
            chip: RefCell::new(chip),
            wire: RefCell::default(),
            registers,
            line,
            access: Cell::new(Access::NotStarted),
            register_accesses: Cell::new(0),
            wakes_at: Cell::new(None),
            accounted: Cell::new(0),
            account: Cell::default(),
            far_end_byte_time: Cell::new(BYTE_TIME),
            far_end_busy_until: Cell::new(Instant::POWER_ON),
        }
    }

    /// The far end was told to send; returns when that begins.
    pub(crate) fn far_end_occupied(&self, bytes: usize, now: Instant) -> Instant {
        let start = self.far_end_busy_until.get().max(now);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let end = start + self.far_end_byte_time.get() * bytes;
        self.far_end_busy_until.set(end);
        start
    }

    pub(crate) fn set_far_end_speed_deviation(&self, parts_per_million: i32) {
        let mut wire = self.wire.borrow_mut();
        wire.far_end_mut().set_speed_deviation(parts_per_million);
        let mut probe = FarEnd::default();
        probe.set_speed_deviation(parts_per_million);
        probe.send(&[0], Instant::POWER_ON);
        let byte = probe.next_arrival().unwrap_or(Instant::POWER_ON);
        self.far_end_byte_time.set(byte - Instant::POWER_ON);
    }

    /// What the chip has sent in all, up to the last update.
    pub(crate) fn account(&self) -> WireAccount {
        let wire = self.wire.borrow();
        let mut account = self.account.get();
        for byte in &wire.sent()[self.accounted.get()..] {
            let time = byte.end - byte.start;
            account.bytes += 1;
            account.busy += time;
            if time.abs_diff(BYTE_TIME) > READABLE_DEVIATION {
                account.unreadable += 1;
            }
        }
        self.accounted.set(wire.sent().len());
        self.account.set(account);
        account
    }

    /// Takes the wire's record away.
    pub(crate) fn take_sent(&self) -> Vec<WireByte> {
        self.account();
        self.accounted.set(0);
        self.wire.borrow_mut().take_sent()
    }

    /// Brings chip and wire to `now`.
    fn catch_up(&self, now: Instant) {
        let mut chip = self.chip.borrow_mut();
        let mut wire = self.wire.borrow_mut();
        while let Some(at) = wire.next_arrival().filter(|at| *at <= now) {
            self.advance(&mut **chip, &mut wire, at);
            if let Some((value, fault)) = wire.take_arrival(at) {
                chip.receive(value, fault, at);
            }
        }
        self.advance(&mut **chip, &mut wire, now);
    }

    /// Lets the chip send until `now`; it hears what it sends if a cable leads back.
    fn advance(&self, chip: &mut dyn Chip, wire: &mut MidiWire, now: Instant) {
        if !self.loop_cable {
            return chip.advance(now, wire.record());
        }
        let mut reached = Instant::POWER_ON;
        while reached < now {
            let change = chip.next_change();
            reached = change
                .filter(|at| reached < *at && *at < now)
                .unwrap_or(now);
            let heard = wire.sent().len();
            chip.advance(reached, wire.record());
            for byte in &wire.sent()[heard..] {
                chip.receive(byte.value, LineFault::default(), byte.end);
            }
        }
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
            let level = device.chip.borrow().interrupt_line();
            self.drive_line(line, index, level);
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
            Access::NotStarted => self.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "RegisterAccessBeforeStart: a register was touched before the device was started",
            ),
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
