//! What the processor knows of the thread of the emulated PC that runs.

use std::ops::Range;

use super::signals::{set_stack_of_machine, stack_of_machine};
use super::trap::{TrapFrame, innermost_frame, set_innermost_frame};

/// The stack of a thread, and the traps that are being handled on it.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    stack: (usize, usize),
    innermost: *const TrapFrame,
}

impl Context {
    /// For a thread that has not run; its stack if that is not the host's.
    pub(crate) fn new(stack: Option<Range<usize>>) -> Self {
        let stack = stack.or_else(stack_of_machine).unwrap_or(0..0);
        Self {
            stack: (stack.start, stack.end),
            innermost: std::ptr::null(),
        }
    }

    /// That of the thread which runs.
    pub(crate) fn current() -> Self {
        Self {
            innermost: innermost_frame(),
            ..Self::new(None)
        }
    }

    /// The thread that this belongs to runs from now on.
    pub(crate) fn enter(self) {
        set_stack_of_machine(self.stack.0..self.stack.1);
        set_innermost_frame(self.innermost);
    }
}
