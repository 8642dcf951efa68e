//! Threads that can't be suspended.

use crate::machine::current;
use crate::machine::irql::APC_LEVEL;
use crate::machine::stop::BugCheck;

portcls::system_abi! {
    /// Keeps this thread from being suspended until [`KeLeaveCriticalRegion`]. At or below `APC_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn KeEnterCriticalRegion() {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(APC_LEVEL, "KeEnterCriticalRegion", "IrqlKeApcLte2");
        machine.critical_regions.set(machine.critical_regions.get() + 1);
    }

    /// Takes that back. At or below `APC_LEVEL`.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn KeLeaveCriticalRegion() {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(APC_LEVEL, "KeLeaveCriticalRegion", "IrqlKeApcLte2");
        let Some(left) = machine.critical_regions.get().checked_sub(1) else {
            machine.bug_check(
                BugCheck::ApcIndexMismatch,
                "a critical region was left that this thread had not entered",
            );
        };
        machine.critical_regions.set(left);
    }
}
