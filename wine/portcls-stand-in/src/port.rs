//! The MIDI port.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use portcls::com::{Class, ComPtr, Face, Object, unknown_table};
use portcls::descriptors::{PCFILTER_DESCRIPTOR, PCPIN_DESCRIPTOR};
use portcls::guid::{IID_IPort, IID_IPortMidi};
use portcls::interfaces::{
    IMiniport, IMiniportMidi, IPort, IPortMidi, IPortMidiVtbl, IPortVtbl, IRegistryKey,
    IResourceList, IServiceGroup, IUnknown,
};
use portcls::ks::{KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT};
use portcls::status::{
    Outcome, STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED, STATUS_UNSUCCESSFUL, check,
    status_of,
};
use portcls::types::{
    ACCESS_MASK, DEVICE_REGISTRY_PROPERTY, NTSTATUS, OBJECT_ATTRIBUTES, PDEVICE_OBJECT, PIRP, PVOID,
};

use crate::objects::CountedPool;
use crate::trace::{Status, trace};

/// What a port knows of its miniport.
#[derive(Clone)]
pub struct Bound {
    /// The miniport.
    pub miniport: ComPtr<IMiniportMidi>,
    /// The pin that plays.
    pub render_pin: u32,
    /// The pin that records.
    pub capture_pin: u32,
}

/// A MIDI port.
pub struct Port {
    bound: BoundOnce,
    notifications: AtomicU32,
}

/// What `Init` sets, once.
struct BoundOnce(core::cell::UnsafeCell<Option<Bound>>);

// SAFETY: written by `Init` only, before which and during which nobody reads: the driver registers
// the port afterwards.
unsafe impl Sync for BoundOnce {}

impl Port {
    /// A port without miniport.
    pub const fn new() -> Self {
        Self {
            bound: BoundOnce(core::cell::UnsafeCell::new(None)),
            notifications: AtomicU32::new(0),
        }
    }

    /// The miniport, once the port is bound to it.
    pub fn bound(&self) -> Option<Bound> {
        // SAFETY: `Init` is over, or this is the same thread.
        unsafe { &*self.bound.0.get() }.clone()
    }

    /// How often the miniport asked for service.
    pub fn notifications(&self) -> u32 {
        // Ordering: a count only.
        self.notifications.load(Ordering::Relaxed)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        trace!("IPortMidi: the last reference is given back");
    }
}

impl Class for Port {
    type Pool = CountedPool;
    const FACES: &'static [Face<Self>] = &[
        // SAFETY: the functions take face 0 of this class.
        unsafe { Face::new::<IPortMidi>(0, &TABLE, &[IID_IPortMidi, IID_IPort]) },
    ];
}

static TABLE: IPortMidiVtbl = IPortMidiVtbl {
    base: IPortVtbl {
        base: unknown_table::<Port, 0>(),
        Init: init,
        GetDeviceProperty: get_device_property,
        NewRegistryKey: new_registry_key,
    },
    Notify: notify,
    RegisterServiceGroup: register_service_group,
};

unsafe extern "C" fn init(
    this: *mut IPort,
    _device: PDEVICE_OBJECT,
    _irp: PIRP,
    miniport: *mut IUnknown,
    adapter: *mut IUnknown,
    resources: *mut IResourceList,
) -> NTSTATUS {
    // SAFETY: the caller's arguments.
    let bound = unsafe { bind(this.cast(), miniport, adapter, resources) };
    let status = match bound {
        Ok(bound) => {
            trace!(
                "IPort::Init: pins {} to play and {} to record",
                bound.render_pin, bound.capture_pin
            );
            // SAFETY: the table is this class's.
            let port = unsafe { Object::<Port>::from_face::<0, _>(this) }.value();
            // SAFETY: nobody reads it yet.
            unsafe { port.bound.0.get().write(Some(bound)) };
            Ok(())
        }
        Err(status) => Err(status),
    };
    let status = status_of(status);
    trace!("IPort::Init -> {}", Status(status));
    status
}

/// # Safety
/// The arguments are those of `IPort::Init`.
unsafe fn bind(
    this: *mut IPortMidi,
    miniport: *mut IUnknown,
    adapter: *mut IUnknown,
    resources: *mut IResourceList,
) -> Outcome<Bound> {
    // SAFETY: the caller's promise.
    let miniport = unsafe { ComPtr::from_borrowed(miniport) }.ok_or(STATUS_INVALID_PARAMETER)?;
    let miniport: ComPtr<IMiniportMidi> = miniport.query()?;
    let mut group = null_mut();
    // SAFETY: the miniport is live, and the arguments are those of the port.
    let status =
        unsafe { IMiniportMidi::Init(miniport.as_ptr(), adapter, resources, this, &raw mut group) };
    trace!(
        "IMiniportMidi::Init -> {}, {} service group",
        Status(status),
        if group.is_null() { "no" } else { "a" }
    );
    check(status)?;
    // SAFETY: what the miniport returned, with a reference for the port.
    drop(unsafe { ComPtr::from_owned(group) });

    let mut description = core::ptr::null();
    // SAFETY: the miniport is live, and its table starts with that of `IMiniport`.
    check(unsafe { IMiniport::GetDescription(miniport.as_ptr().cast(), &raw mut description) })?;
    // SAFETY: what the miniport returned lives as long as it.
    let description = unsafe { description.as_ref() }.ok_or(STATUS_UNSUCCESSFUL)?;
    Ok(Bound {
        render_pin: pin(description, KSPIN_DATAFLOW_IN)?,
        capture_pin: pin(description, KSPIN_DATAFLOW_OUT)?,
        miniport,
    })
}

/// The pin that clients write to or read from.
fn pin(description: &PCFILTER_DESCRIPTOR, flow: i32) -> Outcome<u32> {
    for pin in 0..description.PinCount {
        let offset = pin as usize * description.PinSize as usize;
        let address: *const PCPIN_DESCRIPTOR = description.Pins.wrapping_byte_add(offset);
        // SAFETY: one of the pins that the description counts.
        let pin_description = unsafe { &*address };
        let ks = &pin_description.KsPinDescriptor;
        if ks.DataFlow == flow && ks.Communication == KSPIN_COMMUNICATION_SINK {
            return Ok(pin);
        }
    }
    Err(STATUS_UNSUCCESSFUL)
}

unsafe extern "C" fn notify(this: *mut IPortMidi, _group: *mut IServiceGroup) {
    // SAFETY: the table is this class's.
    let port = unsafe { Object::<Port>::from_face::<0, _>(this) }.value();
    // Ordering: a count only.
    port.notifications.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn register_service_group(_this: *mut IPortMidi, group: *mut IServiceGroup) {
    trace!(
        "IPortMidi::RegisterServiceGroup: {}",
        if group.is_null() { "null" } else { "a group" }
    );
}

unsafe extern "C" fn get_device_property(
    _this: *mut IPort,
    _property: DEVICE_REGISTRY_PROPERTY,
    _capacity: u32,
    _buffer: PVOID,
    _length: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn new_registry_key(
    _this: *mut IPort,
    _key: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    _kind: u32,
    _access: ACCESS_MASK,
    _attributes: *mut OBJECT_ATTRIBUTES,
    _options: u32,
    _disposition: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}
