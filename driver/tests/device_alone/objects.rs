//! A port and a service group that do nothing, in the host's memory.

use std::alloc::Layout;
use std::sync::atomic::{AtomicU32, Ordering};

use portcls::com::{Class, ComPtr, Face, Object, Own, Pool, unknown_table};
use portcls::guid::{IID_IPortMidi, IID_IServiceGroup};
use portcls::interfaces::{
    IPort, IPortMidi, IPortMidiVtbl, IPortVtbl, IRegistryKey, IResourceList, IServiceGroup,
    IServiceGroupVtbl, IServiceSink, IServiceSinkVtbl, IUnknown,
};
use portcls::status::{STATUS_NOT_IMPLEMENTED, STATUS_SUCCESS};
use portcls::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PIRP,
    PVOID, ULONG,
};

/// The host's memory.
pub struct HostPool;

// SAFETY: the host's memory stays valid until it is freed.
unsafe impl Pool for HostPool {
    fn allocate(layout: Layout) -> *mut u8 {
        // SAFETY: objects have a size.
        unsafe { std::alloc::alloc(layout) }
    }

    unsafe fn free(memory: *mut u8, layout: Layout) {
        // SAFETY: the caller gives back what `allocate` returned for that layout.
        unsafe { std::alloc::dealloc(memory, layout) }
    }
}

/// A port.
pub fn port() -> ComPtr<IPortMidi> {
    let port = Own::new(FakePort::default()).expect("memory");
    port.into_interface().expect("a port")
}

/// A service group.
pub fn group() -> ComPtr<IServiceGroup> {
    let group = Own::new(FakeGroup).expect("memory");
    group.into_interface().expect("a group")
}

/// A port that counts notifications.
#[derive(Default)]
pub struct FakePort {
    notifications: AtomicU32,
}

impl FakePort {
    /// How often it was notified.
    pub fn notifications(&self) -> u32 {
        // Ordering: a count.
        self.notifications.load(Ordering::Relaxed)
    }
}

impl Class for FakePort {
    type Pool = HostPool;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IPortMidiVtbl = &IPortMidiVtbl {
            base: IPortVtbl {
                base: unknown_table::<FakePort, 0>(),
                Init: init,
                GetDeviceProperty: get_device_property,
                NewRegistryKey: new_registry_key,
            },
            Notify: notify,
            RegisterServiceGroup: register_service_group,
        };
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IPortMidi>(0, TABLE, &[IID_IPortMidi]) }]
    };
}

portcls::system_abi! {
    unsafe fn init(
        _this: *mut IPort,
        _device: PDEVICE_OBJECT,
        _irp: PIRP,
        _miniport: *mut IUnknown,
        _adapter: *mut IUnknown,
        _resources: *mut IResourceList
    ) -> NTSTATUS {
        STATUS_NOT_IMPLEMENTED
    }

    unsafe fn get_device_property(
        _this: *mut IPort,
        _property: DEVICE_REGISTRY_PROPERTY,
        _capacity: ULONG,
        _buffer: PVOID,
        _length: *mut ULONG
    ) -> NTSTATUS {
        STATUS_NOT_IMPLEMENTED
    }

    unsafe fn new_registry_key(
        _this: *mut IPort,
        _key: *mut *mut IRegistryKey,
        _outer: *mut IUnknown,
        _kind: ULONG,
        _access: ACCESS_MASK,
        _attributes: *mut OBJECT_ATTRIBUTES,
        _options: ULONG,
        _disposition: *mut ULONG
    ) -> NTSTATUS {
        STATUS_NOT_IMPLEMENTED
    }

    unsafe fn notify(this: *mut IPortMidi, _group: *mut IServiceGroup) {
        // SAFETY: this function is only in the table of this class.
        let port = unsafe { Object::<FakePort>::from_face::<0, _>(this) }.value();
        // Ordering: a count.
        port.notifications.fetch_add(1, Ordering::Relaxed);
    }

    unsafe fn register_service_group(_this: *mut IPortMidi, _group: *mut IServiceGroup) {}
}

/// A service group without members.
pub struct FakeGroup;

impl Class for FakeGroup {
    type Pool = HostPool;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IServiceGroupVtbl = &IServiceGroupVtbl {
            base: IServiceSinkVtbl {
                base: unknown_table::<FakeGroup, 0>(),
                RequestService: request_service,
            },
            AddMember: add_member,
            RemoveMember: remove_member,
            SupportDelayedService: support_delayed_service,
            RequestDelayedService: request_delayed_service,
            CancelDelayedService: cancel_delayed_service,
        };
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IServiceGroup>(0, TABLE, &[IID_IServiceGroup]) }]
    };
}

portcls::system_abi! {
    unsafe fn request_service(_this: *mut IServiceSink) {}

    unsafe fn add_member(_this: *mut IServiceGroup, _sink: *mut IServiceSink) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn remove_member(_this: *mut IServiceGroup, _sink: *mut IServiceSink) {}

    unsafe fn support_delayed_service(_this: *mut IServiceGroup) {}

    unsafe fn request_delayed_service(_this: *mut IServiceGroup, _time: u64) {}

    unsafe fn cancel_delayed_service(_this: *mut IServiceGroup) {}
}
