//! A write to a device that is gone reads a register.

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

impl Fault for Planted {
    fn write(device: &Device) {
        if device.is_gone() {
            device.touch_a_register();
        }
    }
}
