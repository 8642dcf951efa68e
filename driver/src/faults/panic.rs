//! A write panics.

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

impl Fault for Planted {
    fn write(_device: &Device) {
        panic!("planted");
    }
}
