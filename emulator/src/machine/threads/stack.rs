//! A stack of its own for a thread, on the same thread of the host.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr::null;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::host_memory::page_size;
use crate::machine::boot::STACK_SIZE;

/// A thread's stack, with what runs on it.
pub(super) struct Stack {
    /// Not there while it runs, and when it has ended.
    coroutine: RefCell<Option<Coroutine<(), (), ()>>>,
    way_back: Rc<Cell<*const Yielder<(), ()>>>,
    addresses: Range<usize>,
}

impl Stack {
    /// A stack on which `body` will run.
    ///
    /// # Panics
    /// If the host has no memory.
    pub(super) fn new(body: Box<dyn FnOnce()>) -> Self {
        let stack = DefaultStack::new(STACK_SIZE).expect("the host has memory for a stack");
        // Its lowest page can't be touched, so that a stack that is used up is noticed.
        let addresses = stack.limit().get() + page_size()..stack.base().get();
        let way_back = Rc::new(Cell::new(null()));
        let own_way_back = Rc::clone(&way_back);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            own_way_back.set(yielder);
            body();
        });
        Self {
            coroutine: RefCell::new(Some(coroutine)),
            way_back,
            addresses,
        }
    }

    /// The part of the stack that can be used.
    pub(super) fn addresses(&self) -> Range<usize> {
        self.addresses.clone()
    }

    /// Goes on on this stack, until it is suspended or its body has ended.
    pub(super) fn resume(&self) {
        let coroutine = self.coroutine.take();
        let mut coroutine = coroutine.expect("a thread is run that does not run and has not ended");
        if let CoroutineResult::Yield(()) = coroutine.resume(()) {
            self.coroutine.replace(Some(coroutine));
        }
    }

    /// Goes back to where this stack, which runs, was resumed.
    pub(super) fn suspend(&self) {
        // SAFETY: this stack runs, so its body has begun, and the way back lives as long as the body.
        let way_back = unsafe { &*self.way_back.get() };
        way_back.suspend(());
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // What has not ended may have frames of the driver, through which nothing can unwind: it stays.
        std::mem::forget(self.coroutine.take());
    }
}
