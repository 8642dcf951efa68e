//! A host for which there are no further stacks.

use std::ops::Range;

const NONE: &str =
    "on this host (Windows on ARM64) an emulated PC has no thread but the scenario's";

/// There are none.
pub(super) struct Stack(());

#[expect(clippy::unused_self, reason = "as on other hosts")]
impl Stack {
    /// # Panics
    /// Always.
    pub(super) fn new(_: Box<dyn FnOnce()>) -> Self {
        panic!("{NONE}");
    }

    pub(super) fn addresses(&self) -> Range<usize> {
        unreachable!("{NONE}")
    }

    pub(super) fn resume(&self) {
        unreachable!("{NONE}")
    }

    pub(super) fn suspend(&self) {
        unreachable!("{NONE}")
    }
}
