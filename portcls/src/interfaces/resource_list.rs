//! `IResourceList`: the hardware resources that a device was given.

use super::interface;
use crate::interfaces::IUnknownVtbl;
use crate::types::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_LIST, CM_RESOURCE_TYPE, NTSTATUS, ULONG,
};

interface! {
    /// Resources, translated and raw; offered by the system. All at `PASSIVE_LEVEL`.
    IResourceList(IID_IResourceList), IResourceListVtbl: IUnknown(IUnknownVtbl) {
        /// How many resources there are.
        3 => fn NumberOfEntries() -> ULONG;
        /// How many of one type there are.
        4 => fn NumberOfEntriesOfType(kind: CM_RESOURCE_TYPE) -> ULONG;
        /// The n-th of one type as the processor sees it, or null.
        5 => fn FindTranslatedEntry(
            kind: CM_RESOURCE_TYPE,
            index: ULONG,
        ) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// The n-th of one type as the bus sees it, or null.
        6 => fn FindUntranslatedEntry(
            kind: CM_RESOURCE_TYPE,
            index: ULONG,
        ) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// Adds a resource.
        7 => fn AddEntry(
            translated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
            untranslated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
        ) -> NTSTATUS;
        /// Adds a resource of another list.
        8 => fn AddEntryFromParent(
            parent: *mut IResourceList,
            kind: CM_RESOURCE_TYPE,
            index: ULONG,
        ) -> NTSTATUS;
        /// The list as the processor sees it.
        9 => fn TranslatedList() -> *mut CM_RESOURCE_LIST;
        /// The list as the bus sees it.
        10 => fn UntranslatedList() -> *mut CM_RESOURCE_LIST;
    }
}
