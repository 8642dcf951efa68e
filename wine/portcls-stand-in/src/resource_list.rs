//! The resources of a device that has none, as Wine's root devices.

use core::ptr::null_mut;

use portcls::com::{Class, Face, unknown_table};
use portcls::guid::IID_IResourceList;
use portcls::interfaces::{IResourceList, IResourceListVtbl};
use portcls::status::STATUS_NOT_IMPLEMENTED;
use portcls::types::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_LIST, CM_RESOURCE_TYPE, NTSTATUS,
};

use crate::objects::CountedPool;

/// An empty list.
pub struct NoResources;

impl Class for NoResources {
    type Pool = CountedPool;
    const FACES: &'static [Face<Self>] = &[
        // SAFETY: the functions do not look at the object, but for the first three, which are
        // this class's.
        unsafe { Face::new::<IResourceList>(0, &TABLE, &[IID_IResourceList]) },
    ];
}

static TABLE: IResourceListVtbl = IResourceListVtbl {
    base: unknown_table::<NoResources, 0>(),
    NumberOfEntries: number_of_entries,
    NumberOfEntriesOfType: number_of_entries_of_type,
    FindTranslatedEntry: find_entry,
    FindUntranslatedEntry: find_entry,
    AddEntry: add_entry,
    AddEntryFromParent: add_entry_from_parent,
    TranslatedList: list,
    UntranslatedList: list,
};

unsafe extern "C" fn number_of_entries(_this: *mut IResourceList) -> u32 {
    0
}

unsafe extern "C" fn number_of_entries_of_type(
    _this: *mut IResourceList,
    _kind: CM_RESOURCE_TYPE,
) -> u32 {
    0
}

unsafe extern "C" fn find_entry(
    _this: *mut IResourceList,
    _kind: CM_RESOURCE_TYPE,
    _index: u32,
) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
    null_mut()
}

unsafe extern "C" fn add_entry(
    _this: *mut IResourceList,
    _translated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
    _untranslated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn add_entry_from_parent(
    _this: *mut IResourceList,
    _parent: *mut IResourceList,
    _kind: CM_RESOURCE_TYPE,
    _index: u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn list(_this: *mut IResourceList) -> *mut CM_RESOURCE_LIST {
    null_mut()
}
