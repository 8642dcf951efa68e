//! What the `PnP` manager knows: devices and drivers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcls::types::{
    CM_INTERRUPT, CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_PORT, CM_RESOURCE, CM_RESOURCE_TYPE_DMA,
    CM_RESOURCE_TYPE_INTERRUPT, CM_RESOURCE_TYPE_MEMORY, CM_RESOURCE_TYPE_PORT,
};

use super::loaded::LoadedDriver;
use crate::device::{Hardware, HardwareResource};
use crate::hardware::chip::Condition;
use crate::machine::Machine;
use crate::machine::bus::{Access, PluggedDevice, Registers};
use crate::machine::interrupts::Trigger;
use crate::machine::irql::DEVICE_LEVEL;
use crate::ntddk::{DEVICE_OBJECT, DRIVER_OBJECT, EXTENSION_TAG};
use crate::portclass::adapter::Adapter;
use crate::portclass::registry_key::KeyNode;
use crate::tracing::Tracing;

/// The vector of line 0, as on a PC.
const FIRST_VECTOR: u32 = 0x30;
/// `CmResourceShareDeviceExclusive`.
const EXCLUSIVE: u8 = 1;
/// `CmResourceShareShared`.
const SHARED: u8 = 3;

/// A structure of the kernel that starts out as zeros and stays where it is.
pub(crate) struct Zeroed<T>(*mut T);

impl<T> Zeroed<T> {
    /// # Safety
    /// Zeros are a valid `T`.
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: the caller's promise.
        Self(Box::into_raw(Box::new(unsafe { std::mem::zeroed() })))
    }

    pub(crate) const fn as_ptr(&self) -> *mut T {
        self.0
    }
}

impl<T> Drop for Zeroed<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody uses it any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A device with its physical device object.
pub(crate) struct PhysicalDevice {
    pub(crate) object: Zeroed<DEVICE_OBJECT>,
    pub(crate) registry: Rc<KeyNode>,
    /// Its number on the bus, unless it is software only.
    pub(crate) bus: Option<usize>,
    resources: RefCell<Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR>>,
}

impl PhysicalDevice {
    fn new(machine: &Machine, mut hardware: Hardware) -> Self {
        let shared = hardware.shares_line_of.take().map(|other| {
            other.physical().share_interrupt();
            other.line().expect("the other device has a line to share")
        });
        if let Some(line) = shared {
            hardware.interrupt = Some(machine.interrupts.borrow().trigger(line));
        }
        let trigger = hardware.interrupt.unwrap_or_default();
        let add_line = || machine.interrupts.borrow_mut().add_line(trigger);
        let line = shared.or_else(|| hardware.interrupt.map(|_| add_line()));
        let true_resources = true_resources(&hardware);
        let resources = hardware.resources.unwrap_or(true_resources);
        let resources = resources
            .into_iter()
            .map(|resource| describe(resource, trigger, || line.unwrap_or_else(add_line)))
            .collect();
        let bus = hardware.chip.map(|chip| {
            let device = PluggedDevice::new(chip, hardware.registers, line, hardware.loop_cable);
            let asserts = device.chip.borrow().interrupt_line();
            let index = machine.bus.plug(device);
            if asserts {
                machine.update_device(index);
            }
            index
        });
        let device = Self {
            // SAFETY: zeros are a valid device object: numbers and null pointers.
            object: unsafe { Zeroed::new() },
            registry: KeyNode::holding(&hardware.registry),
            bus,
            resources: RefCell::new(resources),
        };
        if shared.is_some() {
            device.share_interrupt();
        }
        device
    }

    /// The resources that the driver is given.
    pub(crate) fn resources(&self) -> Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR> {
        self.resources.borrow().clone()
    }

    /// Another device is on the interrupt line, too.
    fn share_interrupt(&self) {
        for resource in self.resources.borrow_mut().iter_mut() {
            if i32::from(resource.Type) == CM_RESOURCE_TYPE_INTERRUPT {
                resource.ShareDisposition = SHARED;
            }
        }
    }

    /// Sets what the driver may do with the registers.
    pub(crate) fn set_access(&self, machine: &Machine, access: Access) {
        if let Some(index) = self.bus {
            machine.bus.device(index).access.set(access);
        }
    }

    /// The same when the device's power changes, which gives the driver nothing back that was taken
    /// away meanwhile.
    pub(crate) fn set_access_by_power(&self, machine: &Machine, access: Access) {
        if let Some(index) = self.bus
            && machine.bus.device(index).access.get() != Access::TakenAway
        {
            self.set_access(machine, access);
        }
    }

    /// The device is pulled out.
    pub(crate) fn pull_out(&self, machine: &Machine) {
        if let Some(index) = self.bus {
            let device = machine.bus.device(index);
            device.chip.borrow_mut().set_condition(Condition::Gone);
            machine.update_device(index);
        }
    }

    /// The device gets its power back after it was without.
    pub(crate) fn power_cycle(&self, machine: &Machine) {
        if let Some(index) = self.bus {
            machine.update_device(index);
            let device = machine.bus.device(index);
            device.chip.borrow_mut().power_cycle(machine.now());
            machine.update_device(index);
        }
    }
}

fn true_resources(hardware: &Hardware) -> Vec<HardwareResource> {
    let Some(chip) = &hardware.chip else {
        return Vec::new();
    };
    let length = u32::from(chip.register_count());
    let registers = match hardware.registers {
        Registers::Ports(base) => HardwareResource::Ports {
            start: u64::from(base),
            length,
        },
        Registers::Memory(start) => HardwareResource::Memory { start, length },
    };
    let interrupt = hardware.interrupt.map(|_| HardwareResource::Interrupt);
    std::iter::once(registers).chain(interrupt).collect()
}

fn describe(
    resource: HardwareResource,
    trigger: Trigger,
    line: impl FnOnce() -> usize,
) -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
    let range = |start: u64, length| CM_PORT {
        Start: start.cast_signed(),
        Length: length,
    };
    let (kind, share, flags, u) = match resource {
        HardwareResource::Ports { start, length } => {
            let u = CM_RESOURCE {
                Port: range(start, length),
            };
            (CM_RESOURCE_TYPE_PORT, EXCLUSIVE, 1, u)
        }
        HardwareResource::Memory { start, length } => {
            let u = CM_RESOURCE {
                Memory: range(start, length),
            };
            (CM_RESOURCE_TYPE_MEMORY, EXCLUSIVE, 0, u)
        }
        HardwareResource::Interrupt => {
            let line = u32::try_from(line()).unwrap_or(0);
            let interrupt = CM_INTERRUPT {
                Level: u32::from(DEVICE_LEVEL),
                Vector: FIRST_VECTOR + line,
                Affinity: 1,
            };
            let u = CM_RESOURCE {
                Interrupt: interrupt,
            };
            let share = match trigger {
                Trigger::Level => SHARED,
                Trigger::Edge => EXCLUSIVE,
            };
            let latched = u16::from(trigger == Trigger::Edge);
            (CM_RESOURCE_TYPE_INTERRUPT, share, latched, u)
        }
        HardwareResource::Dma => {
            let u = CM_RESOURCE {
                DeviceSpecificData: [1, 0, 0],
            };
            (CM_RESOURCE_TYPE_DMA, EXCLUSIVE, 0, u)
        }
    };
    CM_PARTIAL_RESOURCE_DESCRIPTOR {
        Type: u8::try_from(kind).unwrap_or(0),
        ShareDisposition: share,
        Flags: flags,
        u,
    }
}

/// The interrupt line of a vector.
pub(crate) fn line_of_vector(vector: u32) -> Option<usize> {
    usize::try_from(vector.checked_sub(FIRST_VECTOR)?).ok()
}

/// All devices and drivers.
#[derive(Default)]
pub(crate) struct System {
    devices: RefCell<Vec<Rc<PhysicalDevice>>>,
    drivers: RefCell<Vec<Rc<LoadedDriver>>>,
    adapters: RefCell<Vec<Rc<Adapter>>>,
    /// Memory that drivers have for themselves, by their object and an identification.
    driver_extensions: RefCell<BTreeMap<(usize, usize), *mut u8>>,
    pub(crate) tracing: Tracing,
}

impl System {
    pub(crate) fn plug(&self, machine: &Machine, hardware: Hardware) -> usize {
        let device = Rc::new(PhysicalDevice::new(machine, hardware));
        let mut devices = self.devices.borrow_mut();
        devices.push(device);
        devices.len() - 1
    }

    pub(crate) fn physical_device(&self, number: usize) -> Rc<PhysicalDevice> {
        Rc::clone(&self.devices.borrow()[number])
    }

    pub(crate) fn find_physical_device(
        &self,
        object: *mut DEVICE_OBJECT,
    ) -> Option<Rc<PhysicalDevice>> {
        let devices = self.devices.borrow();
        let device = devices
            .iter()
            .find(|device| device.object.as_ptr() == object);
        device.cloned()
    }

    pub(crate) fn add_driver(&self, driver: Rc<LoadedDriver>) {
        self.drivers.borrow_mut().push(driver);
    }

    pub(crate) fn find_driver(&self, object: *mut DRIVER_OBJECT) -> Option<Rc<LoadedDriver>> {
        let drivers = self.drivers.borrow();
        let driver = drivers
            .iter()
            .find(|driver| driver.object.as_ptr() == object);
        driver.cloned()
    }

    /// Forgets a driver, and frees what memory goes with its object.
    pub(crate) fn remove_driver(&self, machine: &Machine, driver: &Rc<LoadedDriver>) {
        let object = driver.object.as_ptr().addr();
        let mut extensions = self.driver_extensions.borrow_mut();
        for (_, memory) in extensions.extract_if(.., |(owner, _), _| *owner == object) {
            let freed = machine.pool.borrow_mut().free(memory.addr(), EXTENSION_TAG);
            machine.check_pool_fault(freed);
        }
        self.drivers
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, driver));
    }

    pub(crate) fn driver_extension(&self, key: (usize, usize)) -> Option<*mut u8> {
        self.driver_extensions.borrow().get(&key).copied()
    }

    pub(crate) fn add_driver_extension(&self, key: (usize, usize), memory: *mut u8) {
        self.driver_extensions.borrow_mut().insert(key, memory);
    }

    pub(crate) fn anything_loaded(&self) -> bool {
        !self.drivers.borrow().is_empty()
    }

    pub(crate) fn add_adapter(&self, adapter: Rc<Adapter>) {
        self.adapters.borrow_mut().push(adapter);
    }

    pub(crate) fn find_adapter(&self, object: *mut DEVICE_OBJECT) -> Option<Rc<Adapter>> {
        let adapters = self.adapters.borrow();
        let adapter = adapters
            .iter()
            .find(|adapter| adapter.object.as_ptr() == object);
        adapter.cloned()
    }

    /// The device objects that a driver has made, oldest first.
    pub(crate) fn adapters_of(&self, driver: &Rc<LoadedDriver>) -> Vec<Rc<Adapter>> {
        let adapters = self.adapters.borrow();
        adapters
            .iter()
            .filter(|adapter| Rc::ptr_eq(&adapter.driver, driver))
            .cloned()
            .collect()
    }

    pub(crate) fn forget_adapters_of(&self, driver: &Rc<LoadedDriver>) {
        self.adapters
            .borrow_mut()
            .retain(|adapter| !Rc::ptr_eq(&adapter.driver, driver));
    }
}
