//! A write reads from address zero.

use core::hint::black_box;
use core::ptr::without_provenance;

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

impl Fault for Planted {
    fn write(_device: &Device) {
        let nowhere: *const u32 = without_provenance(black_box(0));
        // SAFETY: none: nothing is there.
        black_box(unsafe { nowhere.read_volatile() });
    }
}
