//! Classes for the tests: a device with all faces, its stream, and what the system would offer.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcls::com::{
    AdapterPowerManagement, Class, ComPtr, Face, MiniportMidi, MiniportMidiStream, Object, Own,
    Pool, PowerNotify, ServiceSink, StreamRequest, unknown_table,
};
use portcls::descriptors::PCFILTER_DESCRIPTOR;
use portcls::guid::{
    IID_IPort, IID_IPortMidi, IID_IServiceGroup, IID_IServiceSink, KSDATAFORMAT_SPECIFIER_NONE,
    KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use portcls::interfaces::{
    IMiniportMidiStream, IPort, IPortMidi, IPortMidiVtbl, IPortVtbl, IRegistryKey, IResourceList,
    IServiceGroup, IServiceGroupVtbl, IServiceSink, IServiceSinkVtbl, IUnknown,
};
use portcls::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE, KSSTATE_RUN};
use portcls::status::{
    Outcome, STATUS_DEVICE_NOT_READY, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE,
    STATUS_NO_MATCH, STATUS_SUCCESS,
};
use portcls::types::{
    ACCESS_MASK, DEVICE_POWER_STATE, DEVICE_REGISTRY_PROPERTY, NTSTATUS, OBJECT_ATTRIBUTES,
    PDEVICE_OBJECT, PIRP, PVOID, ULONG,
};

pub const MIDI: KSDATAFORMAT = KSDATAFORMAT {
    FormatSize: 64,
    Flags: 0,
    SampleSize: 0,
    Reserved: 0,
    MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
    Specifier: KSDATAFORMAT_SPECIFIER_NONE,
};

pub static FILTER: PCFILTER_DESCRIPTOR = PCFILTER_DESCRIPTOR {
    Version: 0,
    AutomationTable: core::ptr::null(),
    PinSize: 0,
    PinCount: 0,
    Pins: core::ptr::null(),
    NodeSize: 0,
    NodeCount: 0,
    Nodes: core::ptr::null(),
    ConnectionCount: 0,
    Connections: core::ptr::null(),
    CategoryCount: 0,
    Categories: core::ptr::null(),
};

/// The pin that can be opened; any other fails.
pub const PIN: u32 = 0;
/// Bytes that a stream takes and gives at most.
pub const ROOM: usize = 4;

/// What happened to the objects of a test.
#[derive(Default)]
pub struct Record {
    drops: AtomicU32,
    calls: AtomicU32,
    power_state: AtomicU32,
}

impl Record {
    pub fn drops(&self) -> u32 {
        // Ordering: the tests read after the calls that they made.
        self.drops.load(Ordering::Relaxed)
    }

    pub fn calls(&self) -> u32 {
        // Ordering: as above.
        self.calls.load(Ordering::Relaxed)
    }

    pub fn power_state(&self) -> u32 {
        // Ordering: as above.
        self.power_state.load(Ordering::Relaxed)
    }

    fn called(&self) {
        // Ordering: only the number matters.
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn in_state(&self, state: DEVICE_POWER_STATE) {
        // Ordering: only the number matters.
        self.power_state
            .store(state.cast_unsigned(), Ordering::Relaxed);
    }
}

/// A miniport with as many faces as an object can have.
pub struct Device<P> {
    pub record: Arc<Record>,
    /// `init` fails.
    pub broken: bool,
    pool: PhantomData<fn() -> P>,
}

impl<P: Pool + 'static> Device<P> {
    pub fn make(record: &Arc<Record>) -> Outcome<Own<Self>> {
        Self::make_with(record, false)
    }

    pub fn make_with(record: &Arc<Record>, broken: bool) -> Outcome<Own<Self>> {
        Own::new(Self {
            record: Arc::clone(record),
            broken,
            pool: PhantomData,
        })
    }
}

impl<P> Drop for Device<P> {
    fn drop(&mut self) {
        // Ordering: only the number matters.
        self.record.drops.fetch_add(1, Ordering::Relaxed);
    }
}

impl<P: Pool + 'static> Class for Device<P> {
    type Pool = P;
    const FACES: &'static [Face<Self>] = &[
        Face::miniport_midi::<0>(),
        Face::power_notify::<1>(),
        Face::adapter_power_management::<2>(),
        Face::service_sink::<3>(),
    ];
}

impl<P: Pool + 'static> MiniportMidi for Device<P> {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &FILTER
    }

    fn data_range_intersection(
        &self,
        pin: u32,
        _client_range: &KSDATARANGE,
        _own_range: &KSDATARANGE,
    ) -> Outcome<KSDATAFORMAT> {
        if pin == PIN {
            Ok(MIDI)
        } else {
            Err(STATUS_NO_MATCH)
        }
    }

    fn init(
        this: &Own<Self>,
        _adapter: Option<ComPtr<IUnknown>>,
        _resources: Option<ComPtr<IResourceList>>,
        port: ComPtr<IPortMidi>,
    ) -> Outcome<Option<ComPtr<IServiceGroup>>> {
        if this.broken {
            return Err(STATUS_DEVICE_NOT_READY);
        }
        let group = Group::<P>::make(&this.record)?.into_interface()?;
        port.register_service_group(&group);
        Ok(Some(group))
    }

    fn service(&self) {
        self.record.called();
    }

    fn new_stream(
        this: &Own<Self>,
        request: &StreamRequest,
    ) -> Outcome<(ComPtr<IMiniportMidiStream>, Option<ComPtr<IServiceGroup>>)> {
        if request.pin != PIN {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        let stream = Own::new(Stream {
            device: this.clone(),
        })?;
        let group = Group::<P>::make(&this.record)?;
        Ok((stream.into_interface()?, Some(group.into_interface()?)))
    }
}

impl<P: Pool + 'static> PowerNotify for Device<P> {
    fn power_change_notify(&self, state: DEVICE_POWER_STATE) {
        self.record.in_state(state);
    }
}

impl<P: Pool + 'static> AdapterPowerManagement for Device<P> {
    fn power_change_state(&self, state: DEVICE_POWER_STATE) {
        self.record.in_state(state + 10);
    }
}

impl<P: Pool + 'static> ServiceSink for Device<P> {
    fn request_service(&self) {
        self.record.called();
    }
}

/// A stream that keeps its device.
pub struct Stream<P: Pool + 'static> {
    device: Own<Device<P>>,
}

impl<P: Pool + 'static> Class for Stream<P> {
    type Pool = P;
    const FACES: &'static [Face<Self>] = &[Face::miniport_midi_stream::<0>()];
}

impl<P: Pool + 'static> MiniportMidiStream for Stream<P> {
    fn set_format(&self, format: &KSDATAFORMAT) -> Outcome<()> {
        (*format == MIDI).then_some(()).ok_or(STATUS_NO_MATCH)
    }

    fn set_state(&self, state: KSSTATE) -> Outcome<()> {
        if state == KSSTATE_RUN {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> Outcome<usize> {
        let count = buffer.len().min(ROOM);
        buffer[..count].fill(0xFE);
        Ok(count)
    }

    fn write(&self, bytes: &[u8]) -> Outcome<usize> {
        self.device.record.called();
        if bytes.first() == Some(&0xFF) {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        Ok(bytes.len().min(ROOM))
    }
}

/// A port that only counts.
pub struct Port<P> {
    record: Arc<Record>,
    pool: PhantomData<fn() -> P>,
}

impl<P: Pool + 'static> Port<P> {
    pub fn make(record: &Arc<Record>) -> Outcome<ComPtr<IPortMidi>> {
        let port = Own::new(Self {
            record: Arc::clone(record),
            pool: PhantomData,
        });
        port?.into_interface()
    }
}

impl<P: Pool + 'static> Class for Port<P> {
    type Pool = P;
    const FACES: &'static [Face<Self>] = &[{
        let table = const {
            &IPortMidiVtbl {
                base: IPortVtbl {
                    base: unknown_table::<Self, 0>(),
                    Init: port_init,
                    GetDeviceProperty: port_get_device_property,
                    NewRegistryKey: port_new_registry_key,
                },
                Notify: port_notify::<P>,
                RegisterServiceGroup: port_notify::<P>,
            }
        };
        // SAFETY: the functions are those of face 0 of this class, or take any.
        unsafe { Face::new::<IPortMidi>(0, table, &[IID_IPortMidi, IID_IPort]) }
    }];
}

portcls::system_abi! {
    unsafe fn port_init(
        _this: *mut IPort,
        _device: PDEVICE_OBJECT,
        _irp: PIRP,
        _miniport: *mut IUnknown,
        _adapter: *mut IUnknown,
        _resources: *mut IResourceList
    ) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn port_get_device_property(
        _this: *mut IPort,
        _property: DEVICE_REGISTRY_PROPERTY,
        _capacity: ULONG,
        _buffer: PVOID,
        _length: *mut ULONG
    ) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn port_new_registry_key(
        _this: *mut IPort,
        _key: *mut *mut IRegistryKey,
        _outer: *mut IUnknown,
        _kind: ULONG,
        _access: ACCESS_MASK,
        _attributes: *mut OBJECT_ATTRIBUTES,
        _options: ULONG,
        _disposition: *mut ULONG
    ) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn port_notify[P: Pool + 'static](this: *mut IPortMidi, _group: *mut IServiceGroup) {
        // SAFETY: this function stands only in the table of face 0 of `Port<P>`.
        let object = unsafe { Object::<Port<P>>::from_face::<0, _>(this) };
        object.value().record.called();
    }

    unsafe fn group_request_service(_this: *mut IServiceSink) {}

    unsafe fn group_add(_this: *mut IServiceGroup, _sink: *mut IServiceSink) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn group_remove(_this: *mut IServiceGroup, _sink: *mut IServiceSink) {}

    unsafe fn group_delayed(_this: *mut IServiceGroup) {}

    unsafe fn group_request_delayed(_this: *mut IServiceGroup, _time: u64) {}
}

/// A service group that does nothing.
pub struct Group<P> {
    _record: Arc<Record>,
    pool: PhantomData<fn() -> P>,
}

impl<P: Pool + 'static> Group<P> {
    fn make(record: &Arc<Record>) -> Outcome<Own<Self>> {
        Own::new(Self {
            _record: Arc::clone(record),
            pool: PhantomData,
        })
    }
}

impl<P: Pool + 'static> Class for Group<P> {
    type Pool = P;
    const FACES: &'static [Face<Self>] = &[{
        let table = const {
            &IServiceGroupVtbl {
                base: IServiceSinkVtbl {
                    base: unknown_table::<Self, 0>(),
                    RequestService: group_request_service,
                },
                AddMember: group_add,
                RemoveMember: group_remove,
                SupportDelayedService: group_delayed,
                RequestDelayedService: group_request_delayed,
                CancelDelayedService: group_delayed,
            }
        };
        // SAFETY: the functions take any object.
        unsafe { Face::new::<IServiceGroup>(0, table, &[IID_IServiceGroup, IID_IServiceSink]) }
    }];
}
