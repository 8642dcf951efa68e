//! What a driver must not leave behind.

use crate::machine::Machine;
use crate::machine::deferred::{Expiry, Work};
use crate::machine::stop::BugCheck;

/// Stops the machine if something of a driver is left, now that the last one was unloaded.
pub(crate) fn audit(machine: &Machine) {
    let still_active = |reason: &str| -> ! {
        machine.bug_check(
            BugCheck::DriverUnloadedWithoutCancelling,
            format!("the driver was unloaded with {reason}"),
        )
    };
    if machine.interrupts.borrow().anything_connected() {
        still_active("an interrupt connected");
    }
    let deferred = machine.deferred.borrow();
    if deferred.timers.values().any(|timer| timer.set) {
        drop(deferred);
        still_active("a timer still set");
    }
    if deferred
        .queue
        .iter()
        .any(|queued| !matches!(queued.work, Work::System(_)))
    {
        drop(deferred);
        still_active("a DPC still queued");
    }
    let timer_left = deferred
        .timers
        .values()
        .any(|timer| matches!(timer.expiry, Expiry::Callback { .. }));
    drop(deferred);
    if timer_left {
        leaked(machine, "a timer of ExAllocateTimer was leaked");
    }
    if let Some(provider) = machine.system.tracing.first_registered() {
        leaked(
            machine,
            &format!("the event provider {provider} was left registered"),
        );
    }
    let object = machine.objects.borrow().first_live();
    if let Some((name, references)) = object {
        leaked(
            machine,
            &format!("an {name} was leaked, with {references} references"),
        );
    }
    let mappings = machine.mappings.get();
    if mappings != 0 {
        still_active(&format!("{mappings} mappings of registers not undone"));
    }
    machine.check_pool_fault(machine.pool.borrow().check());
    let (blocks, bytes) = machine.pool.borrow().in_use();
    if blocks != 0 {
        leaked(
            machine,
            &format!("{blocks} pool blocks of {bytes} bytes in all were leaked"),
        );
    }
}

fn leaked(machine: &Machine, reason: &str) -> ! {
    machine.bug_check(
        BugCheck::DriverVerifierDetectedViolation,
        format!("{reason} when the driver was unloaded"),
    )
}
