//! Chips with oddities that the emulated ones do not have by themselves.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use emulated_pc::hardware::chip::{Chip, Condition, LineFault, WireByte};
use emulated_pc::hardware::mpu401::{
    ACKNOWLEDGE, COMMAND_ENTER_UART, COMMAND_RESET, DATA_REGISTER, Mpu401, Mpu401Switches,
    STATUS_COMMAND_REGISTER, STATUS_INPUT_EMPTY, STATUS_OUTPUT_BUSY,
};
use emulated_pc::hardware::ns16550::{Ns16550, Ns16550Switches};
use emulated_pc::time::Instant;
use emulated_pc::{Hardware, Pc, RegistryValue, Trigger};

use crate::stage::{Stage, load_driver};

const PORTS: u16 = 0x330;

/// What makes a chip of class `C` odd. Everything else is as the chip does it.
pub trait Oddity<C: Chip> {
    fn read(&mut self, chip: &mut C, offset: u16, now: Instant) -> u8 {
        chip.read(offset, now)
    }

    fn write(&mut self, chip: &mut C, offset: u16, value: u8, now: Instant) {
        chip.write(offset, value, now);
    }

    fn interrupt_line(&self, chip: &C) -> bool {
        chip.interrupt_line()
    }

    fn advance(&mut self, _now: Instant) {}

    fn next_change(&self) -> Option<Instant> {
        None
    }

    fn power_cycle(&mut self, chip: &mut C, now: Instant) {
        chip.power_cycle(now);
    }
}

/// A chip with an oddity.
pub struct Altered<C, O> {
    pub chip: C,
    pub oddity: O,
}

impl<C: Chip, O: Oddity<C>> Chip for Altered<C, O> {
    fn register_count(&self) -> u16 {
        self.chip.register_count()
    }

    fn read(&mut self, offset: u16, now: Instant) -> u8 {
        self.oddity.read(&mut self.chip, offset, now)
    }

    fn write(&mut self, offset: u16, value: u8, now: Instant) {
        self.oddity.write(&mut self.chip, offset, value, now);
    }

    fn interrupt_line(&self) -> bool {
        self.oddity.interrupt_line(&self.chip)
    }

    fn advance(&mut self, now: Instant, sent: &mut Vec<WireByte>) {
        self.chip.advance(now, sent);
        self.oddity.advance(now);
    }

    fn next_change(&self) -> Option<Instant> {
        let own = self.oddity.next_change();
        self.chip.next_change().into_iter().chain(own).min()
    }

    fn receive(&mut self, value: u8, fault: LineFault, now: Instant) {
        self.chip.receive(value, fault, now);
    }

    fn power_cycle(&mut self, now: Instant) {
        self.oddity.power_cycle(&mut self.chip, now);
    }

    fn set_condition(&mut self, condition: Condition) {
        self.chip.set_condition(condition);
    }
}

/// Plugs such a chip in and starts it.
pub fn start<'pc>(
    pc: &'pc Pc,
    chip: impl Chip + 'static,
    interrupt: Option<Trigger>,
    numbers: &[(&str, u32)],
) -> Stage<'pc> {
    let mut hardware = Hardware::at_ports(Box::new(chip), PORTS, interrupt);
    for (name, value) in numbers {
        hardware = hardware.with_registry(name, RegistryValue::Number(*value));
    }
    let device = pc.plug(hardware);
    let driver = load_driver(pc);
    let function = driver.add_device(&device).expect("the device is added");
    assert_eq!(function.start(), portcls::status::STATUS_SUCCESS);
    Stage {
        pc,
        device,
        driver,
        function,
    }
}

/// An MPU-401 that acknowledges every command that it knows, a reset in UART mode too (as Bochs does), but takes
/// its time for that.
pub struct LateAcknowledge {
    after: Duration,
    due: Option<Instant>,
    waits: bool,
}

impl LateAcknowledge {
    pub fn chip(after: Duration) -> Altered<Mpu401, Self> {
        let switches = Mpu401Switches {
            acknowledges_reset: false,
            acknowledges_enter_uart: false,
            ..Mpu401Switches::default()
        };
        Altered {
            chip: Mpu401::new(switches),
            oddity: Self {
                after,
                due: None,
                waits: false,
            },
        }
    }
}

impl Oddity<Mpu401> for LateAcknowledge {
    fn read(&mut self, chip: &mut Mpu401, offset: u16, now: Instant) -> u8 {
        match offset {
            DATA_REGISTER if std::mem::take(&mut self.waits) => ACKNOWLEDGE,
            STATUS_COMMAND_REGISTER if self.waits => chip.read(offset, now) & !STATUS_INPUT_EMPTY,
            _ => chip.read(offset, now),
        }
    }

    fn write(&mut self, chip: &mut Mpu401, offset: u16, value: u8, now: Instant) {
        let known =
            value == COMMAND_RESET || value == COMMAND_ENTER_UART && !chip.is_in_uart_mode();
        if offset == STATUS_COMMAND_REGISTER && known {
            self.due = Some(now + self.after);
        }
        chip.write(offset, value, now);
    }

    fn interrupt_line(&self, chip: &Mpu401) -> bool {
        self.waits || chip.interrupt_line()
    }

    fn advance(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.waits = true;
        }
    }

    fn next_change(&self) -> Option<Instant> {
        self.due
    }

    fn power_cycle(&mut self, chip: &mut Mpu401, now: Instant) {
        self.due = None;
        self.waits = false;
        chip.power_cycle(now);
    }
}

/// An MPU-401 that takes no command while its status says that it can't ("DRR").
pub struct BusyIsBusy;

impl BusyIsBusy {
    pub fn chip() -> Altered<Mpu401, Self> {
        Altered {
            chip: Mpu401::new(Mpu401Switches::default()),
            oddity: Self,
        }
    }
}

impl Oddity<Mpu401> for BusyIsBusy {
    fn write(&mut self, chip: &mut Mpu401, offset: u16, value: u8, now: Instant) {
        let busy = chip.read(STATUS_COMMAND_REGISTER, now) & STATUS_OUTPUT_BUSY != 0;
        if offset != STATUS_COMMAND_REGISTER || !busy {
            chip.write(offset, value, now);
        }
    }
}

/// An MPU-401 that firmware brings into UART mode, and leaves its acknowledgement unread, when the machine resumes.
pub struct UsedByFirmware;

impl UsedByFirmware {
    pub fn chip() -> Altered<Mpu401, Self> {
        Altered {
            chip: Mpu401::new(Mpu401Switches::default()),
            oddity: Self,
        }
    }
}

impl Oddity<Mpu401> for UsedByFirmware {
    fn power_cycle(&mut self, chip: &mut Mpu401, now: Instant) {
        chip.power_cycle(now);
        chip.write(STATUS_COMMAND_REGISTER, COMMAND_ENTER_UART, now);
    }
}

const INTERRUPT_ENABLE: u16 = 1;
const INTERRUPT_ID: u16 = 2;
const FIFO_CONTROL: u16 = 2;
const LINE_CONTROL: u16 = 3;
const LINE_STATUS: u16 = 5;
const DIVISOR_ACCESS: u8 = 0x80;
const DEEP_FIFO: u8 = 0x20;

/// A 16550 of whose line status a bit gets stuck at one: it interrupts for that as long as the cause is enabled.
pub struct StuckLineStatus {
    stuck: Rc<Cell<bool>>,
    /// The bit of the line status.
    bit: u8,
    /// The bit of the interrupt enable register by which its cause is enabled.
    cause: u8,
    /// What identifies the cause.
    identification: u8,
    enabled: u8,
}

impl StuckLineStatus {
    /// The bit that says that a byte can be read.
    pub fn data_ready(stuck: &Rc<Cell<bool>>) -> Altered<Ns16550, Self> {
        Self::chip(stuck, 0x01, 0x01, 0xC4)
    }

    /// The bit that says that a byte was lost.
    pub fn overrun(stuck: &Rc<Cell<bool>>) -> Altered<Ns16550, Self> {
        Self::chip(stuck, 0x02, 0x04, 0xC6)
    }

    fn chip(
        stuck: &Rc<Cell<bool>>,
        bit: u8,
        cause: u8,
        identification: u8,
    ) -> Altered<Ns16550, Self> {
        Altered {
            chip: Ns16550::new(Ns16550Switches::default()),
            oddity: Self {
                stuck: Rc::clone(stuck),
                bit,
                cause,
                identification,
                enabled: 0,
            },
        }
    }

    fn interrupts(&self) -> bool {
        self.stuck.get() && self.enabled & self.cause != 0
    }
}

impl Oddity<Ns16550> for StuckLineStatus {
    fn read(&mut self, chip: &mut Ns16550, offset: u16, now: Instant) -> u8 {
        let value = chip.read(offset, now);
        match offset {
            LINE_STATUS if self.stuck.get() => value | self.bit,
            INTERRUPT_ID if self.interrupts() => self.identification,
            _ => value,
        }
    }

    fn write(&mut self, chip: &mut Ns16550, offset: u16, value: u8, now: Instant) {
        if offset == INTERRUPT_ENABLE && chip.read(LINE_CONTROL, now) & DIVISOR_ACCESS == 0 {
            self.enabled = value;
        }
        chip.write(offset, value, now);
    }

    fn interrupt_line(&self, chip: &Ns16550) -> bool {
        self.interrupts() || chip.interrupt_line()
    }
}

/// A TL16C750: its FIFOs hold 64 bytes only if bit 5 of FIFO control was set while the divisor was accessible, and
/// 16 otherwise (TI TL16C750 data sheet, "FIFO control register").
pub struct DeepFifoOnDemand {
    deep: Rc<Cell<bool>>,
}

impl DeepFifoOnDemand {
    pub fn chip(deep: &Rc<Cell<bool>>) -> Altered<Ns16550, Self> {
        let deep = Rc::clone(deep);
        Altered {
            chip: Ns16550::new(Ns16550Switches::default()),
            oddity: Self { deep },
        }
    }
}

impl Oddity<Ns16550> for DeepFifoOnDemand {
    fn write(&mut self, chip: &mut Ns16550, offset: u16, value: u8, now: Instant) {
        if offset == FIFO_CONTROL && chip.read(LINE_CONTROL, now) & DIVISOR_ACCESS != 0 {
            self.deep.set(value & DEEP_FIFO != 0);
        }
        chip.write(offset, value, now);
    }
}
