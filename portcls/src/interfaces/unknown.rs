//! `IUnknown`: identity and life time of every object.

use crate::guid::IID_IUnknown;
use crate::interfaces::Interface;
use crate::types::{GUID, NTSTATUS, PVOID, ULONG};

crate::system_abi! {
    /// Slot 0 of every table.
    pub type QueryInterfaceFunction =
        unsafe fn(this: *mut IUnknown, interface: *const GUID, object: *mut PVOID) -> NTSTATUS;
    /// Slots 1 and 2 of every table.
    pub type CountFunction = unsafe fn(this: *mut IUnknown) -> ULONG;
}

/// Any object.
#[repr(C)]
pub struct IUnknown {
    /// The table of functions.
    pub table: *const IUnknownVtbl,
}

/// The functions of [`IUnknown`].
#[repr(C)]
pub struct IUnknownVtbl {
    /// Asks the object for another interface.
    pub QueryInterface: QueryInterfaceFunction,
    /// Takes a reference; returns the new count. Any IRQL.
    pub AddRef: CountFunction,
    /// Gives a reference back; returns the new count. At zero the object is gone.
    pub Release: CountFunction,
}

// SAFETY: `repr(C)`, and this is the table meant.
unsafe impl Interface for IUnknown {
    const IID: GUID = IID_IUnknown;
    type Table = IUnknownVtbl;
}

impl IUnknown {
    /// Asks the object for another interface.
    ///
    /// # Safety
    /// `this` is a live interface pointer of any kind; `object` can be written to.
    pub unsafe fn QueryInterface(
        this: *mut Self,
        interface: &GUID,
        object: *mut PVOID,
    ) -> NTSTATUS {
        // SAFETY: every interface starts with a pointer to its table.
        let table = unsafe { (*this).table };
        // SAFETY: every table starts with this function.
        let function = unsafe { (*table).QueryInterface };
        // SAFETY: the caller answers for the arguments.
        unsafe { function(this, interface, object) }
    }

    /// Takes a reference; returns the new count.
    ///
    /// # Safety
    /// `this` is a live interface pointer of any kind.
    pub unsafe fn AddRef(this: *mut Self) -> ULONG {
        // SAFETY: every interface starts with a pointer to its table.
        let table = unsafe { (*this).table };
        // SAFETY: every table has this function in slot 1.
        let function = unsafe { (*table).AddRef };
        // SAFETY: the object lives.
        unsafe { function(this) }
    }

    /// Gives a reference back; returns the new count.
    ///
    /// # Safety
    /// `this` is a live interface pointer of any kind, and the caller owns a reference.
    pub unsafe fn Release(this: *mut Self) -> ULONG {
        // SAFETY: every interface starts with a pointer to its table.
        let table = unsafe { (*this).table };
        // SAFETY: every table has this function in slot 2.
        let function = unsafe { (*table).Release };
        // SAFETY: the object lives, and the reference is the caller's.
        unsafe { function(this) }
    }
}

const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(IUnknownVtbl, QueryInterface) == 0);
    assert!(offset_of!(IUnknownVtbl, AddRef) == size_of::<usize>());
    assert!(offset_of!(IUnknownVtbl, Release) == 2 * size_of::<usize>());
};
