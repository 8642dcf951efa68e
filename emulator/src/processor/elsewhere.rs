//! A host that can't run driver images.

use std::ops::Range;
use std::rc::Rc;

use crate::image::mapping::MappedImage;
use crate::machine::Machine;
use crate::machine::stop::StackFrame;

/// Whether a driver's access to memory that is not there is told from one that is.
pub(crate) const CATCHES_FAULTS: bool = false;

/// Nothing is caught here.
pub(crate) struct Guarded;

impl Guarded {
    pub(crate) const fn new(_: *const Machine) -> Self {
        Self
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {}
}

/// Nothing is known of threads here.
#[derive(Clone, Copy)]
pub(crate) struct Context;

impl Context {
    pub(crate) fn new(_: Option<Range<usize>>) -> Self {
        Self
    }

    pub(crate) const fn current() -> Self {
        Self
    }

    #[expect(
        clippy::unused_self,
        reason = "where images run, it takes what it holds"
    )]
    pub(crate) const fn enter(self) {}
}

/// Nothing is watched here.
pub(crate) struct SpinWatch;

impl SpinWatch {
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// There are no images.
pub(crate) const fn driver_frames(_: &[Rc<MappedImage>]) -> Vec<StackFrame> {
    Vec::new()
}
