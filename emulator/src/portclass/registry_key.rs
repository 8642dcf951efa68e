//! `IRegistryKey`: an open key of a device.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;

use portcls::com::{Class, Face, Object};
use portcls::guid::IID_IRegistryKey;
use portcls::interfaces::{IRegistryKey, IRegistryKeyVtbl, IUnknown};
use portcls::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER,
    STATUS_NO_MORE_ENTRIES, STATUS_NOT_IMPLEMENTED, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS,
};
use portcls::types::{
    ACCESS_MASK, KEY_VALUE_PARTIAL_INFORMATION_CLASS, NTSTATUS, PVOID, REG_DWORD, REG_SZ, ULONG,
    UNICODE_STRING,
};

use super::objects::{OnMachine, SystemClass, SystemMemory, make, require_live, watched_table};
use crate::device::RegistryValue;
use crate::machine::current;
use crate::machine::irql::PASSIVE_LEVEL;

/// Bytes in front of the data of a value.
const VALUE_HEAD: usize = 12;
/// `REG_CREATED_NEW_KEY` and `REG_OPENED_EXISTING_KEY`.
const DISPOSITIONS: [ULONG; 2] = [1, 2];

/// A key with its values and subkeys, by their names in lower case.
#[derive(Default)]
pub(crate) struct KeyNode {
    values: RefCell<BTreeMap<String, (u32, Vec<u8>)>>,
    subkeys: RefCell<BTreeMap<String, Rc<Self>>>,
}

impl KeyNode {
    /// A key that holds `values`; a backslash in a name leads to a subkey.
    pub(crate) fn holding(values: &[(String, RegistryValue)]) -> Rc<Self> {
        let root = Rc::new(Self::default());
        for (path, value) in values {
            let mut key = Rc::clone(&root);
            let mut name = path.as_str();
            while let Some((subkey, rest)) = name.split_once('\\') {
                key = key.subkey(&subkey.to_lowercase()).0;
                name = rest;
            }
            let value = match value {
                RegistryValue::Number(number) => (REG_DWORD, number.to_le_bytes().to_vec()),
                RegistryValue::Text(text) => {
                    let units = text.encode_utf16().chain([0]);
                    (REG_SZ, units.flat_map(u16::to_le_bytes).collect())
                }
            };
            key.values.borrow_mut().insert(name.to_lowercase(), value);
        }
        root
    }

    /// A subkey, made if there is none, and whether it was there.
    fn subkey(&self, name: &str) -> (Rc<Self>, bool) {
        let mut subkeys = self.subkeys.borrow_mut();
        let existed = subkeys.contains_key(name);
        (
            Rc::clone(subkeys.entry(name.to_owned()).or_default()),
            existed,
        )
    }
}

/// An open key as an object.
pub(crate) type RegistryKey = OnMachine<Rc<KeyNode>>;

impl Class for RegistryKey {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IRegistryKeyVtbl = &IRegistryKeyVtbl {
            base: watched_table::<RegistryKey, 0>(),
            QueryKey: query_key,
            EnumerateKey: enumerate,
            QueryValueKey: query_value_key,
            EnumerateValueKey: enumerate,
            SetValueKey: set_value_key,
            QueryRegistryValues: query_registry_values,
            NewSubKey: new_sub_key,
            DeleteKey: delete_key,
        };
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IRegistryKey>(0, TABLE, &[IID_IRegistryKey]) }]
    };
}

impl SystemClass for RegistryKey {
    const NAME: &'static str = "IRegistryKey";
}

/// The key behind an interface pointer, after the checks that every method makes.
///
/// # Safety
/// `this` is a registry key of the system's.
unsafe fn checked<'a>(this: *mut IRegistryKey, method: &str) -> &'a KeyNode {
    let machine = current();
    machine.kernel_call();
    require_live::<0, _>(&machine, this, method);
    machine.require_irql(PASSIVE_LEVEL, method, super::IRQL_OF_INTERFACES);
    // SAFETY: the caller's promise.
    &unsafe { Object::<RegistryKey>::from_face::<0, _>(this) }
        .value()
        .0
}

/// A name in lower case.
///
/// # Safety
/// `name` is null or a counted string.
unsafe fn lower_case(name: *mut UNICODE_STRING) -> Option<String> {
    // SAFETY: the caller's promise.
    let name = unsafe { name.as_ref() }?;
    if name.Buffer.is_null() {
        return Some(String::new());
    }
    // SAFETY: a counted string has that many units.
    let units = unsafe { std::slice::from_raw_parts(name.Buffer, usize::from(name.Length / 2)) };
    Some(String::from_utf16_lossy(units).to_lowercase())
}

portcls::system_abi! {
    unsafe fn query_key(
        this: *mut IRegistryKey,
        _class: i32,
        _information: PVOID,
        _capacity: ULONG,
        _length: *mut ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IRegistryKey::QueryKey") };
        STATUS_NOT_IMPLEMENTED
    }

    unsafe fn enumerate(
        this: *mut IRegistryKey,
        _index: ULONG,
        _class: i32,
        _information: PVOID,
        _capacity: ULONG,
        _length: *mut ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IRegistryKey::EnumerateKey") };
        STATUS_NO_MORE_ENTRIES
    }

    unsafe fn query_value_key(
        this: *mut IRegistryKey,
        name: *mut UNICODE_STRING,
        class: i32,
        information: PVOID,
        capacity: ULONG,
        length: *mut ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let key = unsafe { checked(this, "IRegistryKey::QueryValueKey") };
        // SAFETY: the caller gives a counted string.
        let Some(name) = (unsafe { lower_case(name) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        if class != KEY_VALUE_PARTIAL_INFORMATION_CLASS || length.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let values = key.values.borrow();
        let Some((kind, data)) = values.get(&name) else {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        };
        let size = ULONG::try_from(data.len()).unwrap_or(ULONG::MAX);
        let mut answer = Vec::with_capacity(VALUE_HEAD + data.len());
        answer.extend([0, *kind, size].into_iter().flat_map(u32::to_le_bytes));
        answer.extend(data);
        // SAFETY: not null, and the caller's to be written to.
        unsafe { length.write(ULONG::try_from(answer.len()).unwrap_or(ULONG::MAX)) };
        let capacity = capacity as usize;
        if information.is_null() || capacity < VALUE_HEAD {
            return STATUS_BUFFER_TOO_SMALL;
        }
        let fits = answer.len().min(capacity);
        // SAFETY: the caller's buffer holds `capacity` bytes.
        unsafe { information.cast::<u8>().copy_from_nonoverlapping(answer.as_ptr(), fits) };
        if fits < answer.len() {
            STATUS_BUFFER_OVERFLOW
        } else {
            STATUS_SUCCESS
        }
    }

    unsafe fn set_value_key(
        this: *mut IRegistryKey,
        name: *mut UNICODE_STRING,
        kind: ULONG,
        data: PVOID,
        length: ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let key = unsafe { checked(this, "IRegistryKey::SetValueKey") };
        // SAFETY: the caller gives a counted string.
        let Some(name) = (unsafe { lower_case(name) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        if data.is_null() && length != 0 {
            return STATUS_INVALID_PARAMETER;
        }
        let data = if length == 0 {
            Vec::new()
        } else {
            // SAFETY: the caller gives that many bytes.
            unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length as usize) }.to_vec()
        };
        key.values.borrow_mut().insert(name, (kind, data));
        STATUS_SUCCESS
    }

    unsafe fn query_registry_values(
        this: *mut IRegistryKey,
        _table: PVOID,
        _context: PVOID
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IRegistryKey::QueryRegistryValues") };
        STATUS_NOT_IMPLEMENTED
    }

    unsafe fn new_sub_key(
        this: *mut IRegistryKey,
        new_key: *mut *mut IRegistryKey,
        _outer: *mut IUnknown,
        _access: ACCESS_MASK,
        name: *mut UNICODE_STRING,
        _options: ULONG,
        disposition: *mut ULONG
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let key = unsafe { checked(this, "IRegistryKey::NewSubKey") };
        if new_key.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { new_key.write(null_mut()) };
        // SAFETY: the caller gives a counted string.
        let Some(name) = (unsafe { lower_case(name) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        let (subkey, existed) = key.subkey(&name);
        if !disposition.is_null() {
            // SAFETY: not null, and the caller's to be written to.
            unsafe { disposition.write(DISPOSITIONS[usize::from(existed)]) };
        }
        // SAFETY: not null, and the caller's to be written to.
        super::hand_out(make(&current(), OnMachine(subkey)), |key| unsafe { new_key.write(key) })
    }

    unsafe fn delete_key(this: *mut IRegistryKey) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let key = unsafe { checked(this, "IRegistryKey::DeleteKey") };
        key.values.borrow_mut().clear();
        STATUS_SUCCESS
    }
}
