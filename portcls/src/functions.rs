//! The functions that portcls.sys exports, as far as a MIDI driver calls them.
//!
//! On Windows they are imported by name, so that no import library is needed. The type of each
//! function exists everywhere, so that a stand-in for portcls.sys can be held against it.

use crate::interfaces::{
    IInterruptSync, IPort, IRegistryKey, IResourceList, IServiceGroup, IUnknown,
};
use crate::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT,
    PDRIVER_OBJECT, PIRP, POOL_TYPE, PVOID, ULONG, UNICODE_STRING,
};

/// Least size of a device extension that is not left to portcls, in bytes.
pub const PORT_CLASS_DEVICE_EXTENSION_SIZE: usize = 64 * size_of::<usize>();

crate::system_abi! {
    /// Called when a device of the driver is found. `PASSIVE_LEVEL`.
    pub type PDRIVER_ADD_DEVICE =
        unsafe fn(driver: PDRIVER_OBJECT, physical_device: PDEVICE_OBJECT) -> NTSTATUS;
    /// Called when a device starts. `PASSIVE_LEVEL`.
    pub type PCPFNSTARTDEVICE =
        unsafe fn(device: PDEVICE_OBJECT, irp: PIRP, resources: *mut IResourceList) -> NTSTATUS;
}

macro_rules! functions {
    ($(
        $(#[$attribute:meta])*
        $type:ident = fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)?;
    )+) => {
        crate::system_abi! { $(
            #[doc = concat!("The type of [`", stringify!($name), "`](self).")]
            ///
            $(#[$attribute])*
            pub type $type = unsafe fn($($argument: $kind),*) $(-> $result)?;
        )+ }

        // Its exports have no decorated names.
        #[cfg(all(windows, target_arch = "x86"))]
        #[link(
            name = "portcls.sys",
            kind = "raw-dylib",
            modifiers = "+verbatim",
            import_name_type = "undecorated"
        )]
        unsafe extern "stdcall" { $(
            $(#[$attribute])*
            pub fn $name($($argument: $kind),*) $(-> $result)?;
        )+ }

        #[cfg(all(windows, not(target_arch = "x86")))]
        #[link(name = "portcls.sys", kind = "raw-dylib", modifiers = "+verbatim")]
        unsafe extern "C" { $(
            $(#[$attribute])*
            pub fn $name($($argument: $kind),*) $(-> $result)?;
        )+ }

        /// The names of all functions of this module, for lists of imports.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

functions! {
    /// Sets the driver's dispatch table up; called by `DriverEntry`. `PASSIVE_LEVEL`.
    PFN_PcInitializeAdapterDriver = fn PcInitializeAdapterDriver(
        driver: PDRIVER_OBJECT,
        registry_path: *mut UNICODE_STRING,
        add_device: PDRIVER_ADD_DEVICE,
    ) -> NTSTATUS;
    /// Makes the functional device object; called by `AddDevice`. `PASSIVE_LEVEL`.
    PFN_PcAddAdapterDevice = fn PcAddAdapterDevice(
        driver: PDRIVER_OBJECT,
        physical_device: PDEVICE_OBJECT,
        start_device: PCPFNSTARTDEVICE,
        most_subdevices: ULONG,
        extension_size: ULONG,
    ) -> NTSTATUS;
    /// Hands a request on to portcls.
    PFN_PcDispatchIrp = fn PcDispatchIrp(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS;
    /// Makes a port driver. `PASSIVE_LEVEL`.
    PFN_PcNewPort = fn PcNewPort(port: *mut *mut IPort, class: *const GUID) -> NTSTATUS;
    /// Makes a service group. `PASSIVE_LEVEL`.
    PFN_PcNewServiceGroup = fn PcNewServiceGroup(
        group: *mut *mut IServiceGroup,
        outer: *mut IUnknown,
    ) -> NTSTATUS;
    /// Makes an interrupt sync object for the n-th interrupt of a list. `PASSIVE_LEVEL`.
    PFN_PcNewInterruptSync = fn PcNewInterruptSync(
        sync: *mut *mut IInterruptSync,
        outer: *mut IUnknown,
        resources: *mut IResourceList,
        index: ULONG,
        mode: i32,
    ) -> NTSTATUS;
    /// Makes an empty resource list to be filled from another. `PASSIVE_LEVEL`.
    PFN_PcNewResourceSublist = fn PcNewResourceSublist(
        list: *mut *mut IResourceList,
        outer: *mut IUnknown,
        pool: POOL_TYPE,
        parent: *mut IResourceList,
        most_entries: ULONG,
    ) -> NTSTATUS;
    /// Registers a port under a name, which lives as long as the device. `PASSIVE_LEVEL`.
    PFN_PcRegisterSubdevice = fn PcRegisterSubdevice(
        device: PDEVICE_OBJECT,
        name: *mut u16,
        port: *mut IUnknown,
    ) -> NTSTATUS;
    /// Registers the adapter for power management. `PASSIVE_LEVEL`.
    PFN_PcRegisterAdapterPowerManagement = fn PcRegisterAdapterPowerManagement(
        adapter: *mut IUnknown,
        device: PVOID,
    ) -> NTSTATUS;
    /// Takes that back. `PASSIVE_LEVEL`, Windows 7 and newer.
    PFN_PcUnregisterAdapterPowerManagement = fn PcUnregisterAdapterPowerManagement(
        device: PVOID,
    ) -> NTSTATUS;
    /// System time passed since `since`, in 100 ns. Any IRQL.
    PFN_PcGetTimeInterval = fn PcGetTimeInterval(since: u64) -> u64;
    /// The physical device object below a functional one. Any IRQL.
    PFN_PcGetPhysicalDeviceObject = fn PcGetPhysicalDeviceObject(
        device: PDEVICE_OBJECT,
        physical_device: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS;
    /// Reads a property of a device from the registry. `PASSIVE_LEVEL`.
    PFN_PcGetDeviceProperty = fn PcGetDeviceProperty(
        device: PVOID,
        property: DEVICE_REGISTRY_PROPERTY,
        capacity: ULONG,
        buffer: PVOID,
        length: *mut ULONG,
    ) -> NTSTATUS;
    /// Opens or makes a registry key. `PASSIVE_LEVEL`.
    PFN_PcNewRegistryKey = fn PcNewRegistryKey(
        key: *mut *mut IRegistryKey,
        outer: *mut IUnknown,
        kind: ULONG,
        access: ACCESS_MASK,
        device: PVOID,
        subdevice: PVOID,
        attributes: *mut OBJECT_ATTRIBUTES,
        options: ULONG,
        disposition: *mut ULONG,
    ) -> NTSTATUS;
}
