//! Drivers: loading and unloading.

use std::rc::Rc;

use portcls::types::NTSTATUS;

use super::functional_device::FunctionalDevice;
use crate::device::Device;
use crate::machine::Machine;
use crate::ntddk::DriverEntryFunction;

/// Where a driver comes from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DriverSource {
    /// It is linked into this program, with this entry point.
    LinkedIn(DriverEntryFunction),
}

/// A driver that is loaded. Dropping it leaves it loaded.
pub struct Driver {
    #[expect(dead_code, reason = "next commit")]
    pub(crate) machine: Rc<Machine>,
}

impl Driver {
    /// Has the driver add a device to its own (`AddDevice`).
    ///
    /// # Errors
    /// The driver's status.
    pub fn add_device(&self, device: &Device) -> Result<FunctionalDevice, NTSTATUS> {
        let _ = device;
        todo!()
    }

    /// Unloads the driver, whose devices were removed and whose handles were closed before, and
    /// checks that it has left nothing behind.
    ///
    /// # Panics
    /// If there still are devices or handles: the I/O manager would not unload the driver.
    pub fn unload(self) {
        todo!()
    }
}
