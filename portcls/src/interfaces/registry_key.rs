//! `IRegistryKey`: an open registry key.

use super::interface;
use crate::interfaces::{IUnknown, IUnknownVtbl};
use crate::types::{ACCESS_MASK, NTSTATUS, PVOID, ULONG, UNICODE_STRING};

/// The device's hardware key (`Device Parameters` under its instance).
pub const DEVICE_REGISTRY_KEY: ULONG = 1;
/// The device's software key, which the INF's `AddReg` of the install section fills.
pub const DRIVER_REGISTRY_KEY: ULONG = 2;

interface! {
    /// An open registry key; offered by the system. All at `PASSIVE_LEVEL`.
    IRegistryKey(IID_IRegistryKey), IRegistryKeyVtbl: IUnknown(IUnknownVtbl) {
        /// Describes the key.
        3 => fn QueryKey(
            class: i32,
            information: PVOID,
            capacity: ULONG,
            length: *mut ULONG,
        ) -> NTSTATUS;
        /// Describes a subkey.
        4 => fn EnumerateKey(
            index: ULONG,
            class: i32,
            information: PVOID,
            capacity: ULONG,
            length: *mut ULONG,
        ) -> NTSTATUS;
        /// Reads a value by its name.
        5 => fn QueryValueKey(
            name: *mut UNICODE_STRING,
            class: i32,
            information: PVOID,
            capacity: ULONG,
            length: *mut ULONG,
        ) -> NTSTATUS;
        /// Reads a value by its number.
        6 => fn EnumerateValueKey(
            index: ULONG,
            class: i32,
            information: PVOID,
            capacity: ULONG,
            length: *mut ULONG,
        ) -> NTSTATUS;
        /// Writes a value.
        7 => fn SetValueKey(
            name: *mut UNICODE_STRING,
            kind: ULONG,
            data: PVOID,
            length: ULONG,
        ) -> NTSTATUS;
        /// Reads several values by a table.
        8 => fn QueryRegistryValues(table: PVOID, context: PVOID) -> NTSTATUS;
        /// Opens or makes a subkey.
        9 => fn NewSubKey(
            key: *mut *mut IRegistryKey,
            outer: *mut IUnknown,
            access: ACCESS_MASK,
            name: *mut UNICODE_STRING,
            options: ULONG,
            disposition: *mut ULONG,
        ) -> NTSTATUS;
        /// Deletes the key.
        10 => fn DeleteKey() -> NTSTATUS;
    }
}
