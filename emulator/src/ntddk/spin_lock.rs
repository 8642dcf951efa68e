//! Spin locks.

use super::{KIRQL, KSPIN_LOCK};
use crate::machine::current;
use crate::machine::irql::DISPATCH_LEVEL;
use crate::machine::stop::BugCheck;

portcls::system_abi! {
    /// Raises the IRQL to `DISPATCH_LEVEL` and takes a spin lock; returns the old IRQL. At or below
    /// `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `lock` points to a spin lock in memory that stays valid while it is held.
    pub unsafe fn KeAcquireSpinLockRaiseToDpc(lock: *mut KSPIN_LOCK) -> KIRQL {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(DISPATCH_LEVEL, "KeAcquireSpinLockRaiseToDpc", "IrqlKeApcLte1");
        let old = machine.raise_irql(DISPATCH_LEVEL);
        machine.lock(lock.addr(), old);
        old
    }

    /// Releases a spin lock and lowers the IRQL to `irql`.
    ///
    /// # Safety
    /// `lock` was taken with `KeAcquireSpinLockRaiseToDpc`, which returned `irql`.
    pub unsafe fn KeReleaseSpinLock(lock: *mut KSPIN_LOCK, irql: KIRQL) {
        let machine = current();
        machine.unlock(lock.addr());
        machine.lower_irql(irql);
        machine.kernel_call();
    }

    /// Takes a spin lock, at `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `lock` points to a spin lock in memory that stays valid while it is held.
    pub unsafe fn KeAcquireSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK) {
        let machine = current();
        machine.kernel_call();
        let irql = machine.irql();
        if irql < DISPATCH_LEVEL {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("SpinLockDpr: KeAcquireSpinLockAtDpcLevel was called at IRQL {irql}"),
            );
        }
        machine.lock(lock.addr(), irql);
    }

    /// Releases a spin lock, at `DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// `lock` was taken with `KeAcquireSpinLockAtDpcLevel`.
    pub unsafe fn KeReleaseSpinLockFromDpcLevel(lock: *mut KSPIN_LOCK) {
        let machine = current();
        machine.unlock(lock.addr());
        machine.kernel_call();
    }
}
