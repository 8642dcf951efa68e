//! The software key of a device, in Wine's registry.

use core::ptr::null_mut;

use portcls::com::{Class, Face, Object, unknown_table};
use portcls::guid::IID_IRegistryKey;
use portcls::interfaces::{IRegistryKey, IRegistryKeyVtbl, IUnknown};
use portcls::status::{Outcome, STATUS_NOT_IMPLEMENTED, check};
use portcls::types::{ACCESS_MASK, NTSTATUS, PDEVICE_OBJECT, PVOID, UNICODE_STRING};

use crate::kernel::{IoOpenDeviceRegistryKey, ZwClose, ZwQueryValueKey};
use crate::objects::CountedPool;
use crate::trace::{Status, Text, trace};

/// `PLUGPLAY_REGKEY_DRIVER`.
const DRIVER_KEY: u32 = 2;

/// An open key.
pub struct RegistryKey(PVOID);

// SAFETY: a handle may be used from any thread.
unsafe impl Send for RegistryKey {}
// SAFETY: as above.
unsafe impl Sync for RegistryKey {}

impl RegistryKey {
    /// Opens the software key of a device.
    ///
    /// # Errors
    /// Wine's status code.
    ///
    /// # Safety
    /// `physical_device` is one of Wine's.
    pub unsafe fn of_driver(physical_device: PDEVICE_OBJECT, access: ACCESS_MASK) -> Outcome<Self> {
        let mut key = null_mut();
        // SAFETY: the caller's promise; the key can be written to.
        check(unsafe {
            IoOpenDeviceRegistryKey(physical_device, DRIVER_KEY, access, &raw mut key)
        })?;
        Ok(Self(key))
    }
}

impl Drop for RegistryKey {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's.
        unsafe { ZwClose(self.0) };
    }
}

impl Class for RegistryKey {
    type Pool = CountedPool;
    const FACES: &'static [Face<Self>] = &[
        // SAFETY: the functions take face 0 of this class.
        unsafe { Face::new::<IRegistryKey>(0, &TABLE, &[IID_IRegistryKey]) },
    ];
}

static TABLE: IRegistryKeyVtbl = IRegistryKeyVtbl {
    base: unknown_table::<RegistryKey, 0>(),
    QueryKey: query_key,
    EnumerateKey: enumerate,
    QueryValueKey: query_value_key,
    EnumerateValueKey: enumerate,
    SetValueKey: set_value_key,
    QueryRegistryValues: query_registry_values,
    NewSubKey: new_sub_key,
    DeleteKey: delete_key,
};

unsafe extern "C" fn query_value_key(
    this: *mut IRegistryKey,
    name: *mut UNICODE_STRING,
    class: i32,
    information: PVOID,
    capacity: u32,
    length: *mut u32,
) -> NTSTATUS {
    // SAFETY: the table is this class's.
    let key = unsafe { Object::<RegistryKey>::from_face::<0, _>(this) }.value();
    // SAFETY: the caller's arguments.
    let status = unsafe { ZwQueryValueKey(key.0, name, class, information, capacity, length) };
    // SAFETY: the caller's name.
    let name = unsafe { Text::of(name) };
    trace!("IRegistryKey::QueryValueKey: {name} -> {}", Status(status));
    status
}

unsafe extern "C" fn query_key(
    _this: *mut IRegistryKey,
    _class: i32,
    _information: PVOID,
    _capacity: u32,
    _length: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn enumerate(
    _this: *mut IRegistryKey,
    _index: u32,
    _class: i32,
    _information: PVOID,
    _capacity: u32,
    _length: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn set_value_key(
    _this: *mut IRegistryKey,
    _name: *mut UNICODE_STRING,
    _kind: u32,
    _data: PVOID,
    _length: u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn query_registry_values(
    _this: *mut IRegistryKey,
    _table: PVOID,
    _context: PVOID,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn new_sub_key(
    _this: *mut IRegistryKey,
    _key: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    _access: ACCESS_MASK,
    _name: *mut UNICODE_STRING,
    _options: u32,
    _disposition: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn delete_key(_this: *mut IRegistryKey) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}
