//! `IPortMidi` and `IUnregisterSubdevice`: the port as drivers see it.

use std::rc::Rc;

use portcls::com::{Class, ComPtr, Face, Object};
use portcls::guid::{IID_IPort, IID_IPortDMus, IID_IPortMidi, IID_IUnregisterSubdevice};
use portcls::interfaces::{
    IPort, IPortMidi, IPortMidiVtbl, IPortVtbl, IRegistryKey, IResourceList, IServiceGroup,
    IUnknown, IUnregisterSubdevice, IUnregisterSubdeviceVtbl,
};
use portcls::status::{
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER, STATUS_SUCCESS, status_of,
};
use portcls::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PIRP,
    PVOID, ULONG,
};

use super::Port;
use crate::machine::irql::{HIGH_LEVEL, Irql, PASSIVE_LEVEL};
use crate::machine::{Machine, current, current_if_any};
use crate::portclass::IRQL_OF_INTERFACES;
use crate::portclass::functions::{device_property, registry_key};
use crate::portclass::objects::{
    OnMachine, SystemClass, SystemMemory, require_live, watched_table,
};

/// A port as an object.
pub(crate) struct PortMidi(OnMachine<Rc<Port>>);

impl PortMidi {
    pub(crate) fn new(port: &Rc<Port>) -> Self {
        Self(OnMachine(Rc::clone(port)))
    }
}

impl Drop for PortMidi {
    fn drop(&mut self) {
        if let Some(machine) = current_if_any() {
            self.0.0.release_children(&machine);
        }
    }
}

impl Class for PortMidi {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = {
        const PORT: &IPortMidiVtbl = &IPortMidiVtbl {
            base: IPortVtbl {
                base: watched_table::<PortMidi, 0>(),
                Init: init,
                GetDeviceProperty: get_device_property,
                NewRegistryKey: new_registry_key,
            },
            Notify: notify,
            RegisterServiceGroup: register_service_group,
        };
        const UNREGISTER: &IUnregisterSubdeviceVtbl = &IUnregisterSubdeviceVtbl {
            base: watched_table::<PortMidi, 1>(),
            UnregisterSubdevice: unregister_subdevice,
        };
        // The port of DirectMusic has the same functions in the same slots.
        const NAMES: &[GUID] = &[IID_IPortMidi, IID_IPort, IID_IPortDMus];
        const UNREGISTER_NAMES: &[GUID] = &[IID_IUnregisterSubdevice];
        &[
            // SAFETY: all functions of the table take face 0 of this class.
            unsafe { Face::new::<IPortMidi>(0, PORT, NAMES) },
            // SAFETY: all functions of the table take face 1 of this class.
            unsafe { Face::new::<IUnregisterSubdevice>(1, UNREGISTER, UNREGISTER_NAMES) },
        ]
    };
}

impl SystemClass for PortMidi {
    const NAME: &'static str = "IPortMidi";
}

/// The port behind an interface pointer, after the checks that every method makes.
///
/// # Safety
/// `this` is face `FACE` of a port of the system's.
unsafe fn checked<'a, const FACE: usize, I>(
    machine: &Machine,
    this: *mut I,
    method: &str,
    most: Irql,
) -> &'a Rc<Port> {
    machine.kernel_call();
    require_live::<FACE, _>(machine, this, method);
    machine.require_irql(most, method, IRQL_OF_INTERFACES);
    // SAFETY: the caller's promise.
    &unsafe { Object::<PortMidi>::from_face::<FACE, _>(this) }
        .value()
        .0
        .0
}

portcls::system_abi! {
    unsafe fn init(
        this: *mut IPort,
        device: PDEVICE_OBJECT,
        _irp: PIRP,
        miniport: *mut IUnknown,
        adapter: *mut IUnknown,
        resources: *mut IResourceList
    ) -> NTSTATUS {
        let machine = current();
        // SAFETY: this function stands only in tables of face 0.
        let port = unsafe { checked::<0, _>(&machine, this, "IPort::Init", PASSIVE_LEVEL) };
        let known = machine.system.find_adapter(device.cast());
        let Some(known) = known.filter(|_| !miniport.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        status_of(Port::init(port, &machine, &known, miniport, adapter, resources))
    }

    unsafe fn get_device_property(
        this: *mut IPort,
        property: DEVICE_REGISTRY_PROPERTY,
        capacity: ULONG,
        buffer: PVOID,
        length: *mut ULONG
    ) -> NTSTATUS {
        let method = "IPort::GetDeviceProperty";
        // SAFETY: this function stands only in tables of face 0.
        unsafe { checked::<0, _>(&current(), this, method, PASSIVE_LEVEL) };
        // SAFETY: the caller's promise.
        unsafe { device_property(property, capacity, buffer, length) }
    }

    unsafe fn new_registry_key(
        this: *mut IPort,
        key: *mut *mut IRegistryKey,
        _outer: *mut IUnknown,
        _kind: ULONG,
        _access: ACCESS_MASK,
        _attributes: *mut OBJECT_ATTRIBUTES,
        _options: ULONG,
        disposition: *mut ULONG
    ) -> NTSTATUS {
        let machine = current();
        let method = "IPort::NewRegistryKey";
        // SAFETY: this function stands only in tables of face 0.
        let port = unsafe { checked::<0, _>(&machine, this, method, PASSIVE_LEVEL) };
        let Some(adapter) = port.adapter.borrow().clone() else {
            return STATUS_INVALID_DEVICE_STATE;
        };
        // SAFETY: the caller's promise.
        unsafe { registry_key(&machine, &adapter, key, disposition) }
    }

    unsafe fn notify(this: *mut IPortMidi, group: *mut IServiceGroup) {
        let machine = current();
        // SAFETY: this function stands only in tables of face 0.
        let port = unsafe { checked::<0, _>(&machine, this, "IPortMidi::Notify", HIGH_LEVEL) };
        port.notify(group);
    }

    unsafe fn register_service_group(this: *mut IPortMidi, group: *mut IServiceGroup) {
        let machine = current();
        let method = "IPortMidi::RegisterServiceGroup";
        // SAFETY: this function stands only in tables of face 0.
        let port = unsafe { checked::<0, _>(&machine, this, method, PASSIVE_LEVEL) };
        // SAFETY: null, or a group of the caller's.
        let group = unsafe { ComPtr::from_borrowed(group) };
        port.register_group(&machine, group);
    }

    unsafe fn unregister_subdevice(
        this: *mut IUnregisterSubdevice,
        device: PDEVICE_OBJECT,
        unknown: *mut IUnknown
    ) -> NTSTATUS {
        let machine = current();
        let method = "IUnregisterSubdevice::UnregisterSubdevice";
        // SAFETY: this function stands only in tables of face 1.
        let port = unsafe { checked::<1, _>(&machine, this, method, PASSIVE_LEVEL) };
        let adapter = machine.system.find_adapter(device.cast());
        let Some(adapter) = adapter.filter(|_| !unknown.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        let port = Rc::clone(port);
        if adapter.unregister(&machine, &port) {
            STATUS_SUCCESS
        } else {
            STATUS_INVALID_PARAMETER
        }
    }
}
