//! A write puts a byte behind the end of its memory.

use core::alloc::Layout;

use portcls::com::Pool;

use super::Fault;
use crate::device::Device;
use crate::kernel::pool::NonPagedPool;

pub(crate) struct Planted;

impl Fault for Planted {
    fn write(_device: &Device) {
        let layout = Layout::new::<[u64; 4]>();
        let memory = NonPagedPool::allocate(layout);
        if memory.is_null() {
            return;
        }
        let behind = memory.wrapping_add(layout.size());
        // SAFETY: none: it is behind the end.
        unsafe { behind.write_volatile(0) };
        // SAFETY: allocated with this layout, and not used any more.
        unsafe { NonPagedPool::free(memory, layout) };
    }
}
