//! The functions of `portcls.sys`.

#![allow(
    non_snake_case,
    reason = "functions keep the names that Windows gives them"
)]

use std::ptr::null_mut;
use std::rc::Rc;

use portcls::com::ComPtr;
use portcls::functions::{
    PCPFNSTARTDEVICE, PDRIVER_ADD_DEVICE, PFN_PcAddAdapterDevice, PFN_PcDispatchIrp,
    PFN_PcGetDeviceProperty, PFN_PcGetPhysicalDeviceObject, PFN_PcGetTimeInterval,
    PFN_PcInitializeAdapterDriver, PFN_PcNewInterruptSync, PFN_PcNewPort, PFN_PcNewRegistryKey,
    PFN_PcNewResourceSublist, PFN_PcNewServiceGroup, PFN_PcRegisterAdapterPowerManagement,
    PFN_PcRegisterSubdevice, PFN_PcUnregisterAdapterPowerManagement,
    PORT_CLASS_DEVICE_EXTENSION_SIZE,
};
use portcls::guid::{CLSID_PortDMus, CLSID_PortMidi};
use portcls::interfaces::{
    IAdapterPowerManagement, IInterruptSync, IPort, IPortMidi, IRegistryKey, IResourceList,
    IServiceGroup, IUnknown,
};
use portcls::status::{
    STATUS_BUFFER_TOO_SMALL, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE,
    STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED, STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS,
};
use portcls::types::{
    ACCESS_MASK, CM_RESOURCE_TYPE_INTERRUPT, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS,
    OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, POOL_TYPE, PVOID, ULONG,
    UNICODE_STRING,
};

use super::adapter::Adapter;
use super::interrupt_sync::Sync;
use super::objects::{OnMachine, make};
use super::port_midi::Port;
use super::resource_list::Resources;
use super::service_group::Group;
use super::{IRQL_OF_FUNCTIONS, ORDER_OF_POWER, hand_out, requests};
use crate::io::system::line_of_vector;
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current};
use crate::ntddk::{
    DEVICE_OBJECT, DRIVER_OBJECT, IRP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL,
    IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL,
};

/// `DevicePropertyDeviceDescription`.
const DEVICE_DESCRIPTION: DEVICE_REGISTRY_PROPERTY = 0;
/// What every device is called.
const DESCRIPTION: &str = "Emulated MIDI device";
/// Virtual time zero is this system time: 2026-01-01, in 100 ns since 1601.
const POWER_ON_SYSTEM_TIME: u64 = 134_116_992_000_000_000;
/// Longest name of a subdevice, in UTF-16 units.
const LONGEST_NAME: usize = 256;

/// What every function at `PASSIVE_LEVEL` begins with.
fn enter(function: &str, rule: &str) -> Rc<Machine> {
    let machine = current();
    machine.kernel_call();
    machine.require_irql(PASSIVE_LEVEL, function, rule);
    machine
}

fn find_adapter(machine: &Machine, device: PDEVICE_OBJECT) -> Option<Rc<Adapter>> {
    machine.system.find_adapter(device.cast())
}

/// Stops the machine for a call that Driver Verifier's rule about power management forbids.
fn stop_for_power(machine: &Machine, fault: &str) -> ! {
    machine.bug_check(
        BugCheck::DriverVerifierDetectedViolation,
        format!("{ORDER_OF_POWER}: {fault}"),
    )
}

/// Reads a device property, for [`PcGetDeviceProperty`] and the port.
///
/// # Safety
/// `buffer` holds `capacity` bytes; `length` is null or can be written to.
pub(super) unsafe fn device_property(
    property: DEVICE_REGISTRY_PROPERTY,
    capacity: ULONG,
    buffer: PVOID,
    length: *mut ULONG,
) -> NTSTATUS {
    if length.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    if property != DEVICE_DESCRIPTION {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    let units = DESCRIPTION.encode_utf16().chain([0]);
    let text: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    // SAFETY: not null, and the caller's to be written to.
    unsafe { length.write(ULONG::try_from(text.len()).unwrap_or(ULONG::MAX)) };
    if (capacity as usize) < text.len() || buffer.is_null() {
        return STATUS_BUFFER_TOO_SMALL;
    }
    // SAFETY: the buffer holds that many bytes.
    unsafe {
        buffer
            .cast::<u8>()
            .copy_from_nonoverlapping(text.as_ptr(), text.len());
    };
    STATUS_SUCCESS
}

/// Opens a device's registry key, for [`PcNewRegistryKey`] and the port.
///
/// # Safety
/// `key` and `disposition` are null or can be written to.
pub(super) unsafe fn registry_key(
    machine: &Machine,
    adapter: &Adapter,
    key: *mut *mut IRegistryKey,
    disposition: *mut ULONG,
) -> NTSTATUS {
    if key.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: not null, and the caller's to be written to.
    unsafe { key.write(null_mut()) };
    if !disposition.is_null() {
        // SAFETY: not null, and the caller's to be written to. The key was there before.
        unsafe { disposition.write(2) };
    }
    let values = Rc::clone(&adapter.physical.registry);
    hand_out(make(machine, OnMachine(values)), |new_key| {
        // SAFETY: not null, and the caller's to be written to.
        unsafe { key.write(new_key) };
    })
}

/// A text that a zero closes.
///
/// # Safety
/// `text` points to one.
unsafe fn text_of(text: *const u16) -> String {
    let mut units = Vec::new();
    for index in 0..LONGEST_NAME {
        // SAFETY: the closing zero has not been passed.
        let unit = unsafe { text.add(index) };
        // SAFETY: as above.
        match unsafe { unit.read() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    String::from_utf16_lossy(&units)
}

portcls::system_abi! {
    unsafe fn dispatch(device: *mut DEVICE_OBJECT, packet: *mut IRP) -> NTSTATUS {
        requests::dispatch(&current(), device, packet)
    }

    unsafe fn unload(_driver: *mut DRIVER_OBJECT) {
        enter("DriverUnload", IRQL_OF_FUNCTIONS);
    }
}

portcls::system_abi! {
    /// Sets the driver's dispatch table up; called by `DriverEntry`. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `driver` is the object that `DriverEntry` got.
    pub unsafe fn PcInitializeAdapterDriver(
        driver: PDRIVER_OBJECT,
        registry_path: *mut UNICODE_STRING,
        add_device: PDRIVER_ADD_DEVICE
    ) -> NTSTATUS {
        let machine = enter("PcInitializeAdapterDriver", IRQL_OF_FUNCTIONS);
        let Some(loaded) = machine.system.find_driver(driver.cast()) else {
            return STATUS_INVALID_PARAMETER;
        };
        if registry_path.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: the object lives as long as the driver.
        let object = unsafe { &mut *loaded.object.as_ptr() };
        let handled = [
            IRP_MJ_CREATE,
            IRP_MJ_CLOSE,
            IRP_MJ_DEVICE_CONTROL,
            IRP_MJ_POWER,
            IRP_MJ_SYSTEM_CONTROL,
            IRP_MJ_PNP,
        ];
        for major in handled {
            object.MajorFunction[major as usize] = Some(dispatch);
        }
        object.DriverUnload = Some(unload);
        // SAFETY: as above.
        unsafe { (*loaded.extension.as_ptr()).AddDevice = Some(add_device) };
        STATUS_SUCCESS
    }

    /// Makes the functional device object; called by `AddDevice`. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The objects are those that `AddDevice` got.
    pub unsafe fn PcAddAdapterDevice(
        driver: PDRIVER_OBJECT,
        physical_device: PDEVICE_OBJECT,
        start_device: PCPFNSTARTDEVICE,
        most_subdevices: ULONG,
        extension_size: ULONG
    ) -> NTSTATUS {
        let machine = enter("PcAddAdapterDevice", IRQL_OF_FUNCTIONS);
        let loaded = machine.system.find_driver(driver.cast());
        let physical = machine.system.find_physical_device(physical_device.cast());
        let (Some(loaded), Some(physical)) = (loaded, physical) else {
            return STATUS_INVALID_PARAMETER;
        };
        let extension_size = match extension_size as usize {
            0 => PORT_CLASS_DEVICE_EXTENSION_SIZE,
            size if size >= PORT_CLASS_DEVICE_EXTENSION_SIZE => size,
            _ => return STATUS_INVALID_PARAMETER,
        };
        if most_subdevices == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        let failing = machine.config.failing_allocation;
        if machine.pool.borrow_mut().next_fails(failing) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let adapter =
            Adapter::new(loaded, physical, start_device, most_subdevices, extension_size);
        machine.system.add_adapter(Rc::new(adapter));
        STATUS_SUCCESS
    }

    /// Hands a request on to the port class, which completes it.
    ///
    /// # Safety
    /// The arguments are those of a dispatch routine.
    pub unsafe fn PcDispatchIrp(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        requests::dispatch(&machine, device.cast(), irp.cast())
    }

    /// Makes a port driver: only that for MIDI. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `port` is null or can be written to; `class` is null or points to a GUID.
    pub unsafe fn PcNewPort(port: *mut *mut IPort, class: *const GUID) -> NTSTATUS {
        let machine = enter("PcNewPort", IRQL_OF_FUNCTIONS);
        if port.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { port.write(null_mut()) };
        // SAFETY: null, or the caller's GUID.
        match unsafe { class.as_ref() } {
            None => STATUS_INVALID_PARAMETER,
            Some(class) if [CLSID_PortMidi, CLSID_PortDMus].contains(class) => {
                // SAFETY: not null, and the caller's to be written to.
                let write = |new: *mut IPortMidi| unsafe { port.write(new.cast()) };
                hand_out(Port::make(&machine), write)
            }
            Some(_) => STATUS_NOT_SUPPORTED,
        }
    }

    /// Makes a service group. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `group` is null or can be written to.
    pub unsafe fn PcNewServiceGroup(
        group: *mut *mut IServiceGroup,
        outer: *mut IUnknown
    ) -> NTSTATUS {
        let machine = enter("PcNewServiceGroup", IRQL_OF_FUNCTIONS);
        if group.is_null() || !outer.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { group.write(null_mut()) };
        hand_out(Group::make(&machine), |new| {
            // SAFETY: not null, and the caller's to be written to.
            unsafe { group.write(new) };
        })
    }

    /// Makes an interrupt sync object for the n-th interrupt of a list. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `sync` is null or can be written to; `resources` is null or a live list.
    pub unsafe fn PcNewInterruptSync(
        sync: *mut *mut IInterruptSync,
        outer: *mut IUnknown,
        resources: *mut IResourceList,
        index: ULONG,
        mode: i32
    ) -> NTSTATUS {
        let machine = enter("PcNewInterruptSync", IRQL_OF_FUNCTIONS);
        if sync.is_null() || !outer.is_null() || resources.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { sync.write(null_mut()) };
        let kind = CM_RESOURCE_TYPE_INTERRUPT;
        // SAFETY: the caller gave a live list.
        let entry = unsafe { IResourceList::FindTranslatedEntry(resources, kind, index) };
        // SAFETY: null, or an entry of the list; packed, so it is copied.
        let Some(entry) = (unsafe { entry.as_ref() }).copied() else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: the type says that it is an interrupt.
        let interrupt = unsafe { entry.u.Interrupt };
        let Some(line) = line_of_vector(interrupt.Vector) else {
            return STATUS_INVALID_PARAMETER;
        };
        hand_out(Sync::make(&machine, line, mode), |new| {
            // SAFETY: not null, and the caller's to be written to.
            unsafe { sync.write(new) };
        })
    }

    /// Makes an empty resource list to be filled from another. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `list` is null or can be written to.
    pub unsafe fn PcNewResourceSublist(
        list: *mut *mut IResourceList,
        outer: *mut IUnknown,
        _pool: POOL_TYPE,
        parent: *mut IResourceList,
        most_entries: ULONG
    ) -> NTSTATUS {
        let machine = enter("PcNewResourceSublist", IRQL_OF_FUNCTIONS);
        if list.is_null() || !outer.is_null() || parent.is_null() || most_entries == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's to be written to.
        unsafe { list.write(null_mut()) };
        let sublist = make(&machine, Resources::new(&[], most_entries as usize));
        hand_out(sublist, |new| {
            // SAFETY: not null, and the caller's to be written to.
            unsafe { list.write(new) };
        })
    }

    /// Registers a port under a name, which lives as long as the device. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `name` is null or a text that a zero closes; `port` is null or a live object.
    pub unsafe fn PcRegisterSubdevice(
        device: PDEVICE_OBJECT,
        name: *mut u16,
        port: *mut IUnknown
    ) -> NTSTATUS {
        let machine = enter("PcRegisterSubdevice", IRQL_OF_FUNCTIONS);
        let Some(adapter) = find_adapter(&machine, device) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: null, or an object of the caller's.
        let port = unsafe { ComPtr::from_borrowed(port) };
        let port = port.and_then(|port| port.query::<IPortMidi>().ok());
        let Some(port) = port.filter(|_| !name.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: not null, and the caller's text.
        let name = unsafe { text_of(name) };
        let state = adapter.ports.borrow().iter().find(|state| state.is(&port)).cloned();
        let Some(state) = state else {
            return STATUS_INVALID_DEVICE_STATE;
        };
        let taken = adapter
            .subdevices
            .borrow()
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&name) || Rc::ptr_eq(&other.port, &state));
        if taken {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        let failing = machine.config.failing_allocation;
        if !adapter.has_room() || machine.pool.borrow_mut().next_fails(failing) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        adapter.register(name, state, port);
        STATUS_SUCCESS
    }

    /// Registers the adapter for power management. `PASSIVE_LEVEL`. A second registration without
    /// [`PcUnregisterAdapterPowerManagement`] in between stops the machine, as Driver Verifier's rule
    /// `PcRegisterAdapterPower` does.
    ///
    /// # Safety
    /// `adapter` is null or a live object.
    pub unsafe fn PcRegisterAdapterPowerManagement(
        adapter: *mut IUnknown,
        device: PVOID
    ) -> NTSTATUS {
        let machine = enter("PcRegisterAdapterPowerManagement", IRQL_OF_FUNCTIONS);
        // SAFETY: null, or an object of the caller's.
        let unknown = unsafe { ComPtr::from_borrowed(adapter) };
        let known = find_adapter(&machine, device.cast());
        let (Some(unknown), Some(known)) = (unknown, known) else {
            return STATUS_INVALID_PARAMETER;
        };
        let power_management = match unknown.query::<IAdapterPowerManagement>() {
            Ok(power_management) => power_management,
            Err(status) => return status,
        };
        if known.power_management.borrow().is_some() {
            stop_for_power(&machine, "PcRegisterAdapterPowerManagement was called twice");
        }
        let failing = machine.config.failing_allocation;
        if machine.pool.borrow_mut().next_fails(failing) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        known.power_management.replace(Some(power_management));
        STATUS_SUCCESS
    }

    /// Takes that back. `PASSIVE_LEVEL`, Windows 7 and newer. Without a registration it stops the machine, by
    /// the same rule: the function must only be called for what is registered, and a registration that failed,
    /// or that the port class dropped when the device was removed, is none.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn PcUnregisterAdapterPowerManagement(device: PVOID) -> NTSTATUS {
        let machine = enter("PcUnregisterAdapterPowerManagement", IRQL_OF_FUNCTIONS);
        let Some(adapter) = find_adapter(&machine, device.cast()) else {
            return STATUS_INVALID_PARAMETER;
        };
        let Some(power_management) = adapter.power_management.take() else {
            let fault = "PcUnregisterAdapterPowerManagement was called without a registration";
            stop_for_power(&machine, fault);
        };
        drop(power_management);
        STATUS_SUCCESS
    }

    /// System time passed since `since`, in 100 ns. Any IRQL.
    ///
    /// # Safety
    /// None beyond being on the thread of an emulated PC.
    pub unsafe fn PcGetTimeInterval(since: u64) -> u64 {
        let machine = current();
        machine.kernel_call();
        (POWER_ON_SYSTEM_TIME + machine.now().as_nanos() / 100).wrapping_sub(since)
    }

    /// The physical device object below a functional one. Any IRQL.
    ///
    /// # Safety
    /// `physical_device` is null or can be written to.
    pub unsafe fn PcGetPhysicalDeviceObject(
        device: PDEVICE_OBJECT,
        physical_device: *mut PDEVICE_OBJECT
    ) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        let adapter = find_adapter(&machine, device);
        let Some(adapter) = adapter.filter(|_| !physical_device.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { physical_device.write(adapter.physical.object.as_ptr().cast()) };
        STATUS_SUCCESS
    }

    /// Reads a property of a device from the registry. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `buffer` holds `capacity` bytes; `length` is null or can be written to.
    pub unsafe fn PcGetDeviceProperty(
        device: PVOID,
        property: DEVICE_REGISTRY_PROPERTY,
        capacity: ULONG,
        buffer: PVOID,
        length: *mut ULONG
    ) -> NTSTATUS {
        let machine = enter("PcGetDeviceProperty", IRQL_OF_FUNCTIONS);
        if find_adapter(&machine, device.cast()).is_none() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: the caller's promise.
        unsafe { device_property(property, capacity, buffer, length) }
    }

    /// Opens a registry key of a device. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `key` and `disposition` are null or can be written to.
    #[allow(clippy::too_many_arguments, reason = "Windows gives it that many")]
    pub unsafe fn PcNewRegistryKey(
        key: *mut *mut IRegistryKey,
        outer: *mut IUnknown,
        _kind: ULONG,
        _access: ACCESS_MASK,
        device: PVOID,
        _subdevice: PVOID,
        _attributes: *mut OBJECT_ATTRIBUTES,
        _options: ULONG,
        disposition: *mut ULONG
    ) -> NTSTATUS {
        let machine = enter("PcNewRegistryKey", IRQL_OF_FUNCTIONS);
        let adapter = find_adapter(&machine, device.cast());
        let Some(adapter) = adapter.filter(|_| outer.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: the caller's promise.
        unsafe { registry_key(&machine, &adapter, key, disposition) }
    }
}

const _: PFN_PcInitializeAdapterDriver = PcInitializeAdapterDriver;
const _: PFN_PcAddAdapterDevice = PcAddAdapterDevice;
const _: PFN_PcDispatchIrp = PcDispatchIrp;
const _: PFN_PcNewPort = PcNewPort;
const _: PFN_PcNewServiceGroup = PcNewServiceGroup;
const _: PFN_PcNewInterruptSync = PcNewInterruptSync;
const _: PFN_PcNewResourceSublist = PcNewResourceSublist;
const _: PFN_PcRegisterSubdevice = PcRegisterSubdevice;
const _: PFN_PcRegisterAdapterPowerManagement = PcRegisterAdapterPowerManagement;
const _: PFN_PcUnregisterAdapterPowerManagement = PcUnregisterAdapterPowerManagement;
const _: PFN_PcGetTimeInterval = PcGetTimeInterval;
const _: PFN_PcGetPhysicalDeviceObject = PcGetPhysicalDeviceObject;
const _: PFN_PcGetDeviceProperty = PcGetDeviceProperty;
const _: PFN_PcNewRegistryKey = PcNewRegistryKey;
