//! A driver that is loaded: its driver object.

use std::rc::Rc;

use portcls::status::check;
use portcls::types::NTSTATUS;

use super::driver::DriverSource;
use super::system::Zeroed;
use crate::machine::Machine;
use crate::ntddk::{DRIVER_EXTENSION, DRIVER_OBJECT, PDRIVER_DISPATCH, UNICODE_STRING};

/// `IO_TYPE_DRIVER`.
const DRIVER_TYPE: i16 = 4;

/// A driver with its driver object.
pub(crate) struct LoadedDriver {
    pub(crate) object: Zeroed<DRIVER_OBJECT>,
    pub(crate) extension: Zeroed<DRIVER_EXTENSION>,
    /// The path of the service key, which the driver may keep.
    registry_path: Vec<u16>,
}

impl LoadedDriver {
    /// Makes the driver object and calls the driver's entry point.
    pub(crate) fn load(machine: &Machine, source: DriverSource) -> Result<Rc<Self>, NTSTATUS> {
        let DriverSource::LinkedIn(entry) = source;
        // SAFETY: zeros are a valid driver object: numbers, null pointers and no functions.
        let object: Zeroed<DRIVER_OBJECT> = unsafe { Zeroed::new() };
        // SAFETY: as above.
        let extension: Zeroed<DRIVER_EXTENSION> = unsafe { Zeroed::new() };
        // SAFETY: both are ours alone still.
        let fields = unsafe { &mut *object.as_ptr() };
        fields.Type = DRIVER_TYPE;
        fields.Size = size_of::<DRIVER_OBJECT>().try_into().unwrap_or(0);
        fields.DriverExtension = extension.as_ptr();
        // SAFETY: as above.
        unsafe { (*extension.as_ptr()).DriverObject = object.as_ptr() };
        let path = r"\Registry\Machine\System\CurrentControlSet\Services\driver";
        let driver = Rc::new(Self {
            object,
            extension,
            registry_path: path.encode_utf16().collect(),
        });
        machine.system.add_driver(Rc::clone(&driver));
        let path = UNICODE_STRING::borrowing(&driver.registry_path);
        let status = machine.call_driver("DriverEntry", || {
            // SAFETY: the arguments are what an entry point gets.
            unsafe { entry(driver.object.as_ptr(), &raw const path) }
        });
        if let Err(status) = check(status) {
            machine.system.remove_driver(&driver);
            return Err(status);
        }
        Ok(driver)
    }

    /// The driver's routine for a kind of request.
    pub(crate) fn dispatch_routine(&self, major: u32) -> PDRIVER_DISPATCH {
        // SAFETY: the driver object lives as long as this does.
        let routines = unsafe { &(*self.object.as_ptr()).MajorFunction };
        *routines.get(major as usize)?
    }
}
