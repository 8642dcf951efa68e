//! A host for which there are no further stacks.

use std::ops::Range;

/// There are none.
pub(super) enum Stack {}

impl Stack {
    /// # Panics
    /// Always.
    pub(super) fn new(_: Box<dyn FnOnce()>) -> Self {
        panic!("on this host (Windows on ARM64) an emulated PC has no thread but the scenario's");
    }

    pub(super) fn addresses(&self) -> Range<usize> {
        match *self {}
    }

    pub(super) fn resume(&self) {
        match *self {}
    }

    pub(super) fn suspend(&self) {
        match *self {}
    }
}
