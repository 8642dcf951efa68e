//! The reference to the service group is given back twice when the device is removed.

use portcls::interfaces::IUnknown;

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

impl Fault for Planted {
    fn removal(device: &Device) {
        if let Some(group) = device.group_without_reference() {
            // SAFETY: none: the reference is given back again when the device forgets the group.
            unsafe { IUnknown::Release(group) };
        }
    }
}
