//! `IMiniport`: what every miniport offers.

use super::interface;
use crate::descriptors::PCFILTER_DESCRIPTOR;
use crate::interfaces::IUnknownVtbl;
use crate::ks::PKSDATARANGE;
use crate::types::{NTSTATUS, PVOID, ULONG};

interface! {
    /// Any miniport; implemented by the driver.
    IMiniport(IID_IMiniport), IMiniportVtbl: IUnknown(IUnknownVtbl) {
        /// Returns the filter's description, which lives as long as the miniport.
        /// `PASSIVE_LEVEL`.
        3 => fn GetDescription(description: *mut *const PCFILTER_DESCRIPTOR) -> NTSTATUS;
        /// Finds the format that two data ranges have in common. `PASSIVE_LEVEL`.
        4 => fn DataRangeIntersection(
            pin: ULONG,
            client_range: PKSDATARANGE,
            own_range: PKSDATARANGE,
            format_capacity: ULONG,
            format: PVOID,
            format_length: *mut ULONG,
        ) -> NTSTATUS;
    }
}
