//! A write, at `DISPATCH_LEVEL`, calls code that may be paged out.

use core::hint::black_box;

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

#[inline(never)]
#[cfg_attr(feature = "wdk", unsafe(link_section = "PAGE"))]
fn pageable(number: usize) -> usize {
    black_box(number)
}

impl Fault for Planted {
    fn write(device: &Device) {
        pageable(core::ptr::from_ref(device).addr());
    }
}
