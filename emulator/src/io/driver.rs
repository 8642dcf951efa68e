//! Drivers: loading and unloading.

use std::rc::Rc;

use portcls::status::{STATUS_NO_SUCH_DEVICE, STATUS_UNSUCCESSFUL, check};
use portcls::types::NTSTATUS;

use super::functional_device::FunctionalDevice;
use super::loaded::LoadedDriver;
use super::unload::audit;
use crate::device::Device;
use crate::image::DriverImage;
use crate::machine::Machine;
use crate::ntddk::DriverEntryFunction;

/// Where a driver comes from.
#[derive(Clone, Debug)]
pub enum DriverSource {
    /// It is linked into this program, with this entry point.
    LinkedIn(DriverEntryFunction),
    /// It is a Windows image.
    Image(DriverImage),
}

/// A driver that is loaded. Dropping it leaves it loaded.
pub struct Driver {
    machine: Rc<Machine>,
    loaded: Rc<LoadedDriver>,
}

impl Driver {
    pub(crate) fn load(machine: &Rc<Machine>, source: &DriverSource) -> Result<Self, NTSTATUS> {
        Ok(Self {
            machine: Rc::clone(machine),
            loaded: LoadedDriver::load(machine, source)?,
        })
    }

    /// Has the driver add a device to its own (`AddDevice`).
    ///
    /// # Errors
    /// The driver's status.
    pub fn add_device(&self, device: &Device) -> Result<FunctionalDevice, NTSTATUS> {
        let physical = device.physical();
        // SAFETY: the extension lives as long as the driver.
        let add_device = unsafe { (*self.loaded.extension.as_ptr()).AddDevice };
        let add_device = add_device.ok_or(STATUS_UNSUCCESSFUL)?;
        let known = self.machine.system.adapters_of(&self.loaded);
        let status = self.machine.call_driver("AddDevice", || {
            // SAFETY: the arguments are what `AddDevice` gets.
            unsafe {
                add_device(
                    self.loaded.object.as_ptr().cast(),
                    physical.object.as_ptr().cast(),
                )
            }
        });
        let added = self.machine.system.adapters_of(&self.loaded);
        let added = added.into_iter().find(|added| {
            Rc::ptr_eq(&added.physical, &physical)
                && !known.iter().any(|known| Rc::ptr_eq(known, added))
        });
        if let Err(status) = check(status) {
            if let Some(added) = added {
                added.give_up(&self.machine);
            }
            return Err(status);
        }
        let adapter = added.ok_or(STATUS_NO_SUCH_DEVICE)?;
        Ok(FunctionalDevice::new(&self.machine, adapter))
    }

    /// Unloads the driver, whose devices were removed and whose handles were closed before, and
    /// checks that it has left nothing behind.
    ///
    /// # Panics
    /// If there still are devices or handles: the I/O manager would not unload the driver.
    pub fn unload(self) {
        for adapter in self.machine.system.adapters_of(&self.loaded) {
            assert!(
                adapter.is_unused(),
                "the driver can't be unloaded: {}",
                adapter.describe()
            );
        }
        // SAFETY: the driver object lives as long as the driver.
        let unload = unsafe { (*self.loaded.object.as_ptr()).DriverUnload };
        if let Some(unload) = unload {
            self.machine.call_driver("DriverUnload", || {
                // SAFETY: this is the driver's object.
                unsafe { unload(self.loaded.object.as_ptr()) };
            });
        }
        self.machine.system.forget_adapters_of(&self.loaded);
        self.machine
            .system
            .remove_driver(&self.machine, &self.loaded);
        self.loaded.unmap(&self.machine);
        if !self.machine.system.anything_loaded() {
            audit(&self.machine);
        }
    }
}
