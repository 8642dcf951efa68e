//! `IResourceList`: the resources that a device was given.

use std::cell::RefCell;
use std::ptr::null_mut;

use portcls::com::{Class, Face, Object};
use portcls::guid::IID_IResourceList;
use portcls::interfaces::{IResourceList, IResourceListVtbl};
use portcls::status::{STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use portcls::types::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_LIST, CM_RESOURCE_TYPE, NTSTATUS, ULONG,
};

use super::objects::{OnMachine, SystemClass, SystemMemory, require_live, watched_table};
use crate::machine::current;
use crate::machine::irql::PASSIVE_LEVEL;

/// A resource as the processor and as the bus see it. Boxed, since drivers keep pointers to it.
type Entry = Box<[CM_PARTIAL_RESOURCE_DESCRIPTOR; 2]>;

/// What is in a list.
pub(crate) struct Resources {
    entries: RefCell<Vec<Entry>>,
    most: usize,
}

/// A list as an object.
pub(crate) type ResourceList = OnMachine<Resources>;

impl Resources {
    pub(crate) fn new(entries: &[CM_PARTIAL_RESOURCE_DESCRIPTOR], most: usize) -> ResourceList {
        OnMachine(Self {
            entries: RefCell::new(entries.iter().map(|entry| Box::new([*entry; 2])).collect()),
            most,
        })
    }

    fn find(
        &self,
        kind: CM_RESOURCE_TYPE,
        index: ULONG,
        side: usize,
    ) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        let mut entries = self.entries.borrow_mut();
        entries
            .iter_mut()
            .filter(|entry| CM_RESOURCE_TYPE::from(entry[0].Type) == kind)
            .nth(index as usize)
            .map_or(null_mut(), |entry| &raw mut entry[side])
    }

    fn add(&self, entry: [CM_PARTIAL_RESOURCE_DESCRIPTOR; 2]) -> NTSTATUS {
        let mut entries = self.entries.borrow_mut();
        if entries.len() >= self.most {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        entries.push(Box::new(entry));
        STATUS_SUCCESS
    }
}

impl Class for ResourceList {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IResourceListVtbl = &IResourceListVtbl {
            base: watched_table::<ResourceList, 0>(),
            NumberOfEntries: number_of_entries,
            NumberOfEntriesOfType: number_of_entries_of_type,
            FindTranslatedEntry: find_translated_entry,
            FindUntranslatedEntry: find_untranslated_entry,
            AddEntry: add_entry,
            AddEntryFromParent: add_entry_from_parent,
            TranslatedList: no_list,
            UntranslatedList: no_list,
        };
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IResourceList>(0, TABLE, &[IID_IResourceList]) }]
    };
}

impl SystemClass for ResourceList {
    const NAME: &'static str = "IResourceList";
}

/// The list behind an interface pointer, after the checks that every method makes.
///
/// # Safety
/// `this` is a resource list of the system's.
unsafe fn checked<'a>(this: *mut IResourceList, method: &str) -> &'a Resources {
    let machine = current();
    machine.kernel_call();
    require_live::<0, _>(&machine, this, method);
    machine.require_irql(PASSIVE_LEVEL, method, super::IRQL_OF_INTERFACES);
    // SAFETY: the caller's promise.
    &unsafe { Object::<ResourceList>::from_face::<0, _>(this) }
        .value()
        .0
}

portcls::system_abi! {
    unsafe fn number_of_entries(this: *mut IResourceList) -> ULONG {
        // SAFETY: this function stands only in the table of this class.
        let list = unsafe { checked(this, "IResourceList::NumberOfEntries") };
        ULONG::try_from(list.entries.borrow().len()).unwrap_or(ULONG::MAX)
    }

    unsafe fn number_of_entries_of_type(
        this: *mut IResourceList,
        kind: CM_RESOURCE_TYPE
    ) -> ULONG {
        // SAFETY: this function stands only in the table of this class.
        let list = unsafe { checked(this, "IResourceList::NumberOfEntriesOfType") };
        let entries = list.entries.borrow();
        let count = entries
            .iter()
            .filter(|entry| CM_RESOURCE_TYPE::from(entry[0].Type) == kind)
            .count();
        ULONG::try_from(count).unwrap_or(ULONG::MAX)
    }

    unsafe fn find_translated_entry(
        this: *mut IResourceList,
        kind: CM_RESOURCE_TYPE,
        index: ULONG
    ) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IResourceList::FindTranslatedEntry") }.find(kind, index, 0)
    }

    unsafe fn find_untranslated_entry(
        this: *mut IResourceList,
        kind: CM_RESOURCE_TYPE,
        index: ULONG
    ) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IResourceList::FindUntranslatedEntry") }.find(kind, index, 1)
    }

    unsafe fn add_entry(
        this: *mut IResourceList,
        translated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
        untranslated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let list = unsafe { checked(this, "IResourceList::AddEntry") };
        // SAFETY: null, or a descriptor of the caller's.
        let translated = unsafe { translated.as_ref() };
        // SAFETY: as above.
        let untranslated = unsafe { untranslated.as_ref() };
        let (Some(translated), Some(untranslated)) = (translated, untranslated) else {
            return STATUS_INVALID_PARAMETER;
        };
        list.add([*translated, *untranslated])
    }

    unsafe fn add_entry_from_parent(
        this: *mut IResourceList,
        parent: *mut IResourceList,
        kind: CM_RESOURCE_TYPE,
        index: ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let list = unsafe { checked(this, "IResourceList::AddEntryFromParent") };
        if parent.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: the caller gave a live list.
        let translated = unsafe { IResourceList::FindTranslatedEntry(parent, kind, index) };
        // SAFETY: as above.
        let raw = unsafe { IResourceList::FindUntranslatedEntry(parent, kind, index) };
        // SAFETY: null, or an entry of that list.
        let translated = unsafe { translated.as_ref() };
        // SAFETY: as above.
        let raw = unsafe { raw.as_ref() };
        let (Some(translated), Some(raw)) = (translated, raw) else {
            return STATUS_INVALID_PARAMETER;
        };
        list.add([*translated, *raw])
    }

    unsafe fn no_list(this: *mut IResourceList) -> *mut CM_RESOURCE_LIST {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IResourceList::TranslatedList") };
        null_mut()
    }
}
