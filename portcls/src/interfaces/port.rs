//! `IPort` and `IPortMidi`: the port driver, offered by the system.

use super::interface;
use crate::interfaces::{IRegistryKey, IResourceList, IServiceGroup, IUnknown, IUnknownVtbl};
use crate::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PIRP,
    PVOID, ULONG,
};

interface! {
    /// Any port driver.
    IPort(IID_IPort), IPortVtbl: IUnknown(IUnknownVtbl) {
        /// Binds the port to its miniport and its resources. `PASSIVE_LEVEL`.
        3 => fn Init(
            device: PDEVICE_OBJECT,
            irp: PIRP,
            miniport: *mut IUnknown,
            adapter: *mut IUnknown,
            resources: *mut IResourceList,
        ) -> NTSTATUS;
        /// Reads a property of the device from the registry. `PASSIVE_LEVEL`.
        4 => fn GetDeviceProperty(
            property: DEVICE_REGISTRY_PROPERTY,
            capacity: ULONG,
            buffer: PVOID,
            length: *mut ULONG,
        ) -> NTSTATUS;
        /// Opens or makes a registry key. `PASSIVE_LEVEL`.
        5 => fn NewRegistryKey(
            key: *mut *mut IRegistryKey,
            outer: *mut IUnknown,
            kind: ULONG,
            access: ACCESS_MASK,
            attributes: *mut OBJECT_ATTRIBUTES,
            options: ULONG,
            disposition: *mut ULONG,
        ) -> NTSTATUS;
    }
}

interface! {
    /// The MIDI port driver.
    IPortMidi(IID_IPortMidi), IPortMidiVtbl: IPort(IPortVtbl) {
        /// Notifies a service group, or with null the registered one. Any IRQL.
        6 => fn Notify(service_group: *mut IServiceGroup);
        /// Tells the port early which service group the miniport notifies. `PASSIVE_LEVEL`.
        7 => fn RegisterServiceGroup(service_group: *mut IServiceGroup);
    }
}
