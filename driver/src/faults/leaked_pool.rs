//! Each pin that is opened takes memory that is never given back.

use core::mem::forget;

use super::Fault;
use crate::kernel::pool::PoolBytes;

pub(crate) struct Planted;

impl Fault for Planted {
    fn open() {
        if let Ok(bytes) = PoolBytes::zeroed(100) {
            forget(bytes);
        }
    }
}
