//! What belongs to a device, in the part of its extension that is left to portcls.

use portcls::com::{ComPtr, Own};
use portcls::functions::{PCPFNSTARTDEVICE, PORT_CLASS_DEVICE_EXTENSION_SIZE};
use portcls::interfaces::IAdapterPowerManagement;
use portcls::types::PDEVICE_OBJECT;

use crate::kernel::DeviceObject;
use crate::port::Port;

/// The part of a device's extension that is left to portcls; Wine makes it all zero.
pub struct Extension {
    /// Called when the device starts.
    pub start_device: Option<PCPFNSTARTDEVICE>,
    /// The device that Wine has made.
    pub physical_device: PDEVICE_OBJECT,
    /// The next device below.
    pub lower_device: PDEVICE_OBJECT,
    /// The subdevice.
    pub port: Option<Own<Port>>,
    /// Who is told about power.
    pub power: Option<ComPtr<IAdapterPowerManagement>>,
}

const _: () = assert!(size_of::<Extension>() <= PORT_CLASS_DEVICE_EXTENSION_SIZE);

impl Extension {
    /// That of a device.
    ///
    /// # Safety
    /// `device` was made by `PcAddAdapterDevice`; nobody else has its extension meanwhile.
    pub unsafe fn of<'a>(device: PDEVICE_OBJECT) -> &'a mut Self {
        // SAFETY: the caller's promise.
        let extension = unsafe { (*device.cast::<DeviceObject>()).extension };
        // SAFETY: long enough; zeros are no port, no routine and no power management.
        unsafe { &mut *extension.cast() }
    }
}
