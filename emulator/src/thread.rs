//! Kernel threads as a scenario sees them.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use crate::beside::Point;
use crate::machine::Machine;
use crate::machine::threads::KernelThread;
use crate::pc::Pc;

/// A kernel thread. Clones are the same thread; dropping them does not end it.
#[derive(Clone)]
pub struct Thread {
    kernel: Rc<KernelThread>,
}

impl Thread {
    /// What it is called in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.kernel.name
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.kernel.is_finished()
    }

    /// Has the thread lose the processor at a point, counted from now.
    pub fn preempt_at(&self, point: Point) {
        self.kernel.preemption.set(point);
    }

    /// Whether it has reached the point at which it was to lose the processor.
    #[must_use]
    pub fn was_preempted(&self) -> bool {
        self.kernel.preemption.is_over()
    }
}

impl Pc {
    /// Starts a kernel thread, at `PASSIVE_LEVEL`. It begins when the scenario gives the processor
    /// away: where it waits, as in [`Self::run_for`] and [`Self::join`].
    ///
    /// # Panics
    /// On Windows on ARM64, where there are no threads but the scenario's; or if the host has no memory.
    pub fn spawn(&self, name: &str, body: impl FnOnce() + 'static) -> Thread {
        Thread {
            kernel: self.machine.spawn(name, None, Box::new(body)),
        }
    }

    /// The thread that runs now: the scenario's is the first of all.
    #[must_use]
    pub fn current_thread(&self) -> Thread {
        Thread {
            kernel: self.machine.current_thread(),
        }
    }

    /// Waits for the end of a thread. The machine stops with `THREAD_STUCK_IN_DEVICE_DRIVER` if all
    /// threads wait for each other, or if none has ended for a minute.
    pub fn join(&self, thread: &Thread) {
        self.machine.join(&thread.kernel);
    }

    /// Runs `work`, which can start threads that borrow, and waits for their ends.
    ///
    /// # Panics
    /// As [`Self::spawn`].
    pub fn scope<'env, R>(&self, work: impl FnOnce(&Scope<'env>) -> R) -> R {
        let scope = Scope {
            machine: Rc::clone(&self.machine),
            threads: RefCell::default(),
            _borrows: PhantomData,
        };
        let result = work(&scope);
        for index in 0.. {
            let thread = scope.threads.borrow().get(index).cloned();
            let Some(thread) = thread else {
                break;
            };
            self.join(&thread);
        }
        result
    }
}

/// Starts threads that may borrow what outlives them, see [`Pc::scope`].
pub struct Scope<'env> {
    machine: Rc<Machine>,
    threads: RefCell<Vec<Thread>>,
    _borrows: PhantomData<&'env mut &'env ()>,
}

impl<'env> Scope<'env> {
    /// Starts a kernel thread as [`Pc::spawn`] does.
    ///
    /// # Panics
    /// As [`Pc::spawn`].
    pub fn spawn(&self, name: &str, body: impl FnOnce() + 'env) -> Thread {
        self.spawn_when(None, name, body)
    }

    /// Starts a kernel thread that begins when another loses the processor at its point, or ends.
    pub fn spawn_at_point_of(
        &self,
        other: &Thread,
        name: &str,
        body: impl FnOnce() + 'env,
    ) -> Thread {
        self.spawn_when(Some(&other.kernel), name, body)
    }

    fn spawn_when(
        &self,
        starts_with: Option<&Rc<KernelThread>>,
        name: &str,
        body: impl FnOnce() + 'env,
    ) -> Thread {
        let body: Box<dyn FnOnce() + 'env> = Box::new(body);
        // SAFETY: only the lifetime is lengthened. `'env` outlives the scope, and when the scope is
        // over, the thread has ended or never runs again; what is on its stack then is never dropped.
        let body: Box<dyn FnOnce()> = unsafe { std::mem::transmute(body) };
        let thread = Thread {
            kernel: self.machine.spawn(name, starts_with, body),
        };
        self.threads.borrow_mut().push(thread.clone());
        thread
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // Only a panic leaves threads behind.
        for thread in self.threads.borrow().iter() {
            thread.kernel.abandon();
        }
    }
}
