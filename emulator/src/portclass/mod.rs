//! The port class (`portcls.sys`): the functions that drivers import, and the objects behind them.

#![allow(
    non_snake_case,
    reason = "functions keep the names that Windows gives them"
)]

use portcls::functions::{PCPFNSTARTDEVICE, PDRIVER_ADD_DEVICE};
use portcls::interfaces::{
    IInterruptSync, IPort, IRegistryKey, IResourceList, IServiceGroup, IUnknown,
};
use portcls::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT,
    PDRIVER_OBJECT, PIRP, POOL_TYPE, PVOID, ULONG, UNICODE_STRING,
};

portcls::system_abi! {
    /// Sets the driver's dispatch table up; called by `DriverEntry`. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcInitializeAdapterDriver(driver: PDRIVER_OBJECT, registry_path: *mut UNICODE_STRING, add_device: PDRIVER_ADD_DEVICE) -> NTSTATUS { todo!() }

    /// Makes the functional device object; called by `AddDevice`. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcAddAdapterDevice(driver: PDRIVER_OBJECT, physical_device: PDEVICE_OBJECT, start_device: PCPFNSTARTDEVICE, most_subdevices: ULONG, extension_size: ULONG) -> NTSTATUS { todo!() }

    /// Hands a request on to portcls.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcDispatchIrp(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS { todo!() }

    /// Makes a port driver. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcNewPort(port: *mut *mut IPort, class: *const GUID) -> NTSTATUS { todo!() }

    /// Makes a service group. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcNewServiceGroup(group: *mut *mut IServiceGroup, outer: *mut IUnknown) -> NTSTATUS { todo!() }

    /// Makes an interrupt sync object for the n-th interrupt of a list. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcNewInterruptSync(sync: *mut *mut IInterruptSync, outer: *mut IUnknown, resources: *mut IResourceList, index: ULONG, mode: i32) -> NTSTATUS { todo!() }

    /// Makes an empty resource list to be filled from another. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcNewResourceSublist(list: *mut *mut IResourceList, outer: *mut IUnknown, pool: POOL_TYPE, parent: *mut IResourceList, most_entries: ULONG) -> NTSTATUS { todo!() }

    /// Registers a port under a name, which lives as long as the device. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcRegisterSubdevice(device: PDEVICE_OBJECT, name: *mut u16, port: *mut IUnknown) -> NTSTATUS { todo!() }

    /// Registers the adapter for power management. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcRegisterAdapterPowerManagement(adapter: *mut IUnknown, device: PVOID) -> NTSTATUS { todo!() }

    /// Takes that back. `PASSIVE_LEVEL`, Windows 7 and newer.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcUnregisterAdapterPowerManagement(device: PVOID) -> NTSTATUS { todo!() }

    /// System time passed since `since`, in 100 ns. Any IRQL.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcGetTimeInterval(since: u64) -> u64 { todo!() }

    /// The physical device object below a functional one. Any IRQL.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcGetPhysicalDeviceObject(device: PDEVICE_OBJECT, physical_device: *mut PDEVICE_OBJECT) -> NTSTATUS { todo!() }

    /// Reads a property of a device from the registry. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcGetDeviceProperty(device: PVOID, property: DEVICE_REGISTRY_PROPERTY, capacity: ULONG, buffer: PVOID, length: *mut ULONG) -> NTSTATUS { todo!() }

    /// Opens or makes a registry key. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The arguments are what Windows documents for it.
    pub unsafe fn PcNewRegistryKey(key: *mut *mut IRegistryKey, outer: *mut IUnknown, kind: ULONG, access: ACCESS_MASK, device: PVOID, subdevice: PVOID, attributes: *mut OBJECT_ATTRIBUTES, options: ULONG, disposition: *mut ULONG) -> NTSTATUS { todo!() }

}
