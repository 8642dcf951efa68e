//! A write returns with a spin lock held.

use super::Fault;
use crate::device::Device;
use crate::kernel::spin_lock::SpinLock;

pub(crate) struct Planted;

static LOCK: SpinLock = SpinLock::new();

impl Fault for Planted {
    fn write(_device: &Device) {
        LOCK.take_for_good();
    }
}
