//! `IPinCount`: a miniport's say in how many pins can be opened.

use super::interface;
use crate::interfaces::IUnknownVtbl;
use crate::types::ULONG;

interface! {
    /// Implemented by a miniport whose pins compete for something.
    IPinCount(IID_IPinCount), IPinCountVtbl: IUnknown(IUnknownVtbl) {
        /// May change the counts of one pin. `PASSIVE_LEVEL`.
        3 => fn PinCount(
            pin: ULONG,
            filter_necessary: *mut ULONG,
            filter_current: *mut ULONG,
            filter_possible: *mut ULONG,
            global_current: *mut ULONG,
            global_possible: *mut ULONG,
        );
    }
}
