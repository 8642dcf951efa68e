//! Deferred procedure calls.

use super::{BOOLEAN, KDPC, PVOID};
use crate::machine::deferred::{Dpc, Work};
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current};

portcls::system_abi! {
    /// What a DPC calls, at `DISPATCH_LEVEL`.
    pub type DeferredFunction =
        unsafe fn(dpc: *mut KDPC, context: PVOID, first: PVOID, second: PVOID);
}

/// What a DPC calls, or nothing.
pub type PKDEFERRED_ROUTINE = Option<DeferredFunction>;

/// Runs a `KDPC` of the driver.
pub(crate) fn run(machine: &Machine, address: usize) {
    let dpc = machine.deferred.borrow().dpcs.get(&address).copied();
    let (Some(dpc), false) = (dpc, machine.pool.borrow().is_freed(address)) else {
        machine.bug_check(
            BugCheck::TimerOrDpcInvalid,
            "a DPC lies in memory that was freed",
        );
    };
    // SAFETY: `KeInitializeDpc` was given a function of this type.
    let routine: PKDEFERRED_ROUTINE = unsafe { std::mem::transmute(dpc.routine) };
    let Some(routine) = routine else {
        return;
    };
    let pointer = |address: usize| -> PVOID { std::ptr::with_exposed_provenance_mut(address) };
    machine.call_driver("a DPC routine", || {
        // SAFETY: the driver gave these arguments for this routine.
        unsafe {
            routine(
                std::ptr::with_exposed_provenance_mut(address),
                pointer(dpc.context),
                pointer(dpc.arguments[0]),
                pointer(dpc.arguments[1]),
            );
        }
    });
}

portcls::system_abi! {
    /// Initialises a DPC. Any IRQL.
    ///
    /// # Safety
    /// `dpc` is memory for one; `routine` can be called with `context`.
    pub unsafe fn KeInitializeDpc(dpc: *mut KDPC, routine: PKDEFERRED_ROUTINE, context: PVOID) {
        let machine = current();
        machine.kernel_call();
        let known = Dpc {
            routine: routine.map_or(0, |routine| (routine as *const ()).expose_provenance()),
            context: context.expose_provenance(),
            arguments: [0; 2],
        };
        machine
            .deferred
            .borrow_mut()
            .dpcs
            .insert(dpc.expose_provenance(), known);
    }

    /// Queues a DPC; returns 0 if it is queued already. Any IRQL.
    ///
    /// # Safety
    /// `dpc` was initialised.
    pub unsafe fn KeInsertQueueDpc(dpc: *mut KDPC, first: PVOID, second: PVOID) -> BOOLEAN {
        let machine = current();
        let address = dpc.expose_provenance();
        if machine.deferred.borrow().is_queued(address) {
            return 0;
        }
        if let Some(known) = machine.deferred.borrow_mut().dpcs.get_mut(&address) {
            known.arguments = [first.expose_provenance(), second.expose_provenance()];
        }
        machine.queue(Work::Dpc { address });
        machine.kernel_call();
        1
    }

    /// Takes a DPC out of the queue; returns 0 if it is not in it. Any IRQL.
    ///
    /// # Safety
    /// `dpc` was initialised.
    pub unsafe fn KeRemoveQueueDpc(dpc: *mut KDPC) -> BOOLEAN {
        let machine = current();
        machine.kernel_call();
        let address = dpc.expose_provenance();
        let was_queued = machine.deferred.borrow().is_queued(address);
        machine.deferred.borrow_mut().queue.retain(
            |queued| !matches!(queued.work, Work::Dpc { address: other } if other == address),
        );
        BOOLEAN::from(was_queued)
    }

    /// Waits until every DPC that is queued has run. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn KeFlushQueuedDpcs() {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(PASSIVE_LEVEL, "KeFlushQueuedDpcs", "IrqlKeDispatchLte");
        machine.flush_dpcs();
    }
}
