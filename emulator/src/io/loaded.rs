//! A driver that is loaded: its driver object.

use std::rc::Rc;

use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES, check};
use portcls::types::NTSTATUS;

use super::driver::DriverSource;
use super::system::Zeroed;
use crate::image::DriverImage;
use crate::image::mapping::MappedImage;
use crate::machine::Machine;
use crate::ntddk::{DRIVER_EXTENSION, DRIVER_OBJECT, PDRIVER_DISPATCH, UNICODE_STRING};
use crate::processor::SpinWatch;

/// `IO_TYPE_DRIVER`.
const DRIVER_TYPE: i16 = 4;

/// The image of a driver, and who watches over it.
struct LoadedImage {
    mapped: Rc<MappedImage>,
    _watch: SpinWatch,
}

impl LoadedImage {
    fn new(machine: &Machine, image: &DriverImage) -> Outcome<Self> {
        let mapped = MappedImage::map(image.file()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        let mapped = Rc::new(mapped);
        machine.add_image(Rc::clone(&mapped));
        Ok(Self {
            mapped,
            _watch: SpinWatch::new(),
        })
    }
}

/// A driver with its driver object.
pub(crate) struct LoadedDriver {
    pub(crate) object: Zeroed<DRIVER_OBJECT>,
    pub(crate) extension: Zeroed<DRIVER_EXTENSION>,
    /// The path of the service key, which the driver may keep.
    registry_path: Vec<u16>,
    image: Option<LoadedImage>,
}

impl LoadedDriver {
    /// Makes the driver object and calls the driver's entry point.
    pub(crate) fn load(machine: &Machine, source: &DriverSource) -> Result<Rc<Self>, NTSTATUS> {
        let (entry, image) = match source {
            DriverSource::LinkedIn(entry) => (*entry, None),
            DriverSource::Image(image) => {
                let image = LoadedImage::new(machine, image)?;
                (image.mapped.entry(), Some(image))
            }
        };
        // SAFETY: zeros are a valid driver object: numbers, null pointers and no functions.
        let object: Zeroed<DRIVER_OBJECT> = unsafe { Zeroed::new() };
        // SAFETY: as above.
        let extension: Zeroed<DRIVER_EXTENSION> = unsafe { Zeroed::new() };
        // SAFETY: both are ours alone still.
        let fields = unsafe { &mut *object.as_ptr() };
        fields.Type = DRIVER_TYPE;
        fields.Size = size_of::<DRIVER_OBJECT>().try_into().unwrap_or(0);
        fields.DriverExtension = extension.as_ptr();
        if let Some(LoadedImage { mapped, .. }) = &image {
            fields.DriverStart = std::ptr::with_exposed_provenance_mut(mapped.base());
            fields.DriverSize = u32::try_from(mapped.addresses().len()).unwrap_or(u32::MAX);
        }
        // SAFETY: as above.
        unsafe { (*extension.as_ptr()).DriverObject = object.as_ptr() };
        let path = r"\Registry\Machine\System\CurrentControlSet\Services\driver";
        let driver = Rc::new(Self {
            object,
            extension,
            registry_path: path.encode_utf16().collect(),
            image,
        });
        machine.system.add_driver(Rc::clone(&driver));
        let path = UNICODE_STRING::borrowing(&driver.registry_path);
        let status = machine.call_driver("DriverEntry", || {
            // SAFETY: the arguments are what an entry point gets.
            unsafe { entry(driver.object.as_ptr(), &raw const path) }
        });
        if let Some(image) = &driver.image {
            image.mapped.discard_initialization();
        }
        if let Err(status) = check(status) {
            machine.system.remove_driver(machine, &driver);
            driver.unmap(machine);
            return Err(status);
        }
        Ok(driver)
    }

    /// Takes the driver's image out of memory, if it has one.
    pub(crate) fn unmap(&self, machine: &Machine) {
        if let Some(image) = &self.image {
            machine.paging.remove(&image.mapped.addresses());
            image.mapped.unload();
        }
    }

    /// The driver's routine for a kind of request.
    pub(crate) fn dispatch_routine(&self, major: u32) -> PDRIVER_DISPATCH {
        // SAFETY: the driver object lives as long as this does.
        let routines = unsafe { &(*self.object.as_ptr()).MajorFunction };
        *routines.get(major as usize)?
    }
}
