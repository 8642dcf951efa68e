//! The current IRQL.

use super::KIRQL;
use crate::machine::current;

portcls::system_abi! {
    /// The processor's interrupt request level. Any IRQL.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn KeGetCurrentIrql() -> KIRQL {
        current().irql()
    }
}
