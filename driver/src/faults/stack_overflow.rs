//! A write calls a function that calls itself for ever.

use core::hint::black_box;

use super::Fault;
use crate::device::Device;

pub(crate) struct Planted;

#[inline(never)]
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if black_box(depth) == u64::MAX {
        return 0;
    }
    // What is added afterwards keeps the frame until then.
    descend(depth + 1) ^ frame[1]
}

impl Fault for Planted {
    fn write(_device: &Device) {
        black_box(descend(0));
    }
}
