//! A small driver to test the emulated PC with: a loopback in memory, and optionally the receiver
//! of an MPU-401.
//!
//! Everything that the system calls is recorded with its IRQL and time, and can be made to do
//! something else before.

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;

use emulated_pc::ntddk::{
    DRIVER_OBJECT, DispatchFunction, ExAllocatePoolWithTag, ExFreePoolWithTag, IRP_MJ_PNP,
    IRP_MJ_POWER, KeGetCurrentIrql, KeQueryInterruptTimePrecise, READ_PORT_UCHAR, WRITE_PORT_UCHAR,
};
use emulated_pc::portclass::{
    PcAddAdapterDevice, PcDispatchIrp, PcInitializeAdapterDriver, PcNewInterruptSync, PcNewPort,
    PcNewServiceGroup, PcRegisterAdapterPowerManagement, PcRegisterSubdevice,
    PcUnregisterAdapterPowerManagement,
};
use portcls::com::{
    AdapterPowerManagement, Class, ComPtr, Face, MiniportMidi, MiniportMidiStream, Own, Pool,
    PowerNotify, PropertyRequest, Resource, StreamRequest,
};
use portcls::descriptors::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCPIN_DESCRIPTOR, PCPROPERTY_ITEM, PCPROPERTY_REQUEST,
};
use portcls::guid::{
    CLSID_PortMidi, KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER,
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_SUBTYPE_MIDI_BUS,
    KSDATAFORMAT_TYPE_MUSIC, KSMUSIC_TECHNOLOGY_PORT, KSPROPSETID_Pin,
};
use portcls::interfaces::{
    IInterruptSync, IMiniportMidiStream, INTERRUPT_SYNC_MODE_NORMAL, IPort, IPortMidi,
    IResourceList, IServiceGroup, IUnknown,
};
use portcls::ks::{
    KSDATAFORMAT, KSDATARANGE, KSDATARANGE_MUSIC, KSPIN_COMMUNICATION_NONE,
    KSPIN_COMMUNICATION_SINK, KSPIN_CONSTRAINED_RANGES, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
    KSPIN_DESCRIPTOR, KSPROPERTY_PIN_NAME, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
    KSSTATE, KSSTATE_RUN, KSSTATE_STOP,
};
use portcls::status::{
    Outcome, STATUS_INVALID_PARAMETER, STATUS_SUCCESS, STATUS_UNSUCCESSFUL, check, status_of,
};
use portcls::types::{
    CM_RESOURCE_TYPE_INTERRUPT, CM_RESOURCE_TYPE_PORT, DEVICE_POWER_STATE, GUID, NON_PAGED_POOL_NX,
    NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, ULONG, UNICODE_STRING,
};

/// The driver's pool tag.
pub const TAG: ULONG = ULONG::from_le_bytes(*b"Test");
/// The pin that renders.
pub const RENDER_PIN: u32 = 0;
/// The pin that captures.
pub const CAPTURE_PIN: u32 = 1;
/// Where the MPU-401 is.
pub const BASE: u16 = 0x330;
/// Where a second one is.
pub const OTHER_BASE: u16 = 0x300;

/// A call of the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub irql: u8,
    /// In 100 ns.
    pub time: u64,
}

type Hook = Rc<dyn Fn()>;
type WriteAnswer = Rc<dyn Fn(&[u8]) -> Outcome<usize>>;

thread_local! {
    static TRACE: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
    static HOOKS: RefCell<BTreeMap<String, Hook>> = const { RefCell::new(BTreeMap::new()) };
    static WRITE: RefCell<Option<WriteAnswer>> = const { RefCell::new(None) };
    static RING: RefCell<VecDeque<u8>> = const { RefCell::new(VecDeque::new()) };
    static INTERRUPT: Cell<Option<NTSTATUS>> = const { Cell::new(None) };
    static SYNC_MODE: Cell<i32> = const { Cell::new(INTERRUPT_SYNC_MODE_NORMAL) };
    /// The devices that are registered for power management, by the addresses of their objects.
    static REGISTERED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    static LAST_STARTED: Cell<PDEVICE_OBJECT> = const { Cell::new(null_mut()) };
    static LINE_IS_SHARED: Cell<bool> = const { Cell::new(false) };
    static LEAKS_INTERRUPTS: Cell<bool> = const { Cell::new(false) };
    static STAYS_CONNECTED: Cell<bool> = const { Cell::new(false) };
    static CAPTURES: Cell<bool> = const { Cell::new(false) };
    /// By the addresses of their devices' objects.
    static MINIPORTS: RefCell<BTreeMap<usize, Own<Miniport>>> = const { RefCell::new(BTreeMap::new()) };
    static DESCRIPTION: Cell<&'static PCFILTER_DESCRIPTOR> = const { Cell::new(&FILTER) };
}

/// Has `hook` run whenever the driver is called under that name.
pub fn on(name: &str, hook: impl Fn() + 'static) {
    HOOKS.with_borrow_mut(|hooks| hooks.insert(name.to_owned(), Rc::new(hook)));
}

/// Has `answer` stand in for Write.
pub fn answer_writes(answer: impl Fn(&[u8]) -> Outcome<usize> + 'static) {
    WRITE.replace(Some(Rc::new(answer)));
}

/// Has the service routine return `status` without touching the hardware; `None` has it work again.
pub fn answer_interrupts(status: Option<NTSTATUS>) {
    INTERRUPT.set(status);
}

/// Sets the mode of interrupts that are connected from now on.
pub fn synchronize_as(mode: i32) {
    SYNC_MODE.set(mode);
}

/// Has the driver keep its interrupt at a surprise removal, until the device is removed.
pub fn stay_connected() {
    STAYS_CONNECTED.set(true);
}

/// Has the driver lose a reference to each interrupt that it connects.
pub fn leak_interrupts() {
    LEAKS_INTERRUPTS.set(true);
}

/// Whether the resources that were seen last have the interrupt as shared.
pub fn line_is_shared() -> bool {
    LINE_IS_SHARED.get()
}

/// Describes the filter otherwise.
pub fn describe_as(description: &'static PCFILTER_DESCRIPTOR) {
    DESCRIPTION.set(description);
}

/// Bytes arrive at the capturing side, as if from hardware.
pub fn receive(bytes: &[u8]) {
    RING.with_borrow_mut(|ring| ring.extend(bytes));
    let miniport = MINIPORTS.with_borrow(|miniports| {
        let first = miniports.first_key_value();
        first.map(|(_, miniport)| miniport.clone())
    });
    miniport.expect("it was started").notify();
}

/// Takes the record of calls.
pub fn take_trace() -> Vec<Call> {
    TRACE.take()
}

/// Takes the record of calls, as names with their IRQLs.
pub fn take_calls() -> Vec<String> {
    let calls = take_trace().into_iter();
    calls
        .map(|call| format!("{} @{}", call.name, call.irql))
        .collect()
}

fn called(name: &str) {
    note(name);
    run_hook(name);
}

fn run_hook(name: &str) {
    let hook = HOOKS.with_borrow(|hooks| hooks.get(name).cloned());
    if let Some(hook) = hook {
        hook();
    }
}

/// Records something as if it were a call.
pub fn note(name: &str) {
    // SAFETY: the driver runs on an emulated PC.
    let irql = unsafe { KeGetCurrentIrql() };
    let mut stamp = 0;
    // SAFETY: as above; the stamp can be written to.
    let time = unsafe { KeQueryInterruptTimePrecise(&raw mut stamp) };
    let call = Call {
        name: name.to_owned(),
        irql,
        time,
    };
    TRACE.with_borrow_mut(|trace| trace.push(call));
}

/// The pool of the emulated PC.
pub struct KernelPool;

// SAFETY: the kernel's pool.
unsafe impl Pool for KernelPool {
    fn allocate(layout: Layout) -> *mut u8 {
        // SAFETY: the driver runs on an emulated PC.
        unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, layout.size(), TAG) }.cast()
    }

    unsafe fn free(memory: *mut u8, _layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { ExFreePoolWithTag(memory.cast(), TAG) };
    }
}

/// What `Init` has got.
#[derive(Default)]
struct Bound {
    port: Option<ComPtr<IPortMidi>>,
    group: Option<ComPtr<IServiceGroup>>,
    sync: Option<ComPtr<IInterruptSync>>,
}

/// The miniport.
pub struct Miniport {
    bound: RefCell<Bound>,
    /// Where its MPU-401 is.
    base: Cell<u16>,
}

// SAFETY: an emulated PC is one thread.
unsafe impl Send for Miniport {}
// SAFETY: as above.
unsafe impl Sync for Miniport {}

impl Class for Miniport {
    type Pool = KernelPool;
    const FACES: &'static [Face<Self>] = &[Face::miniport_midi::<0>(), Face::power_notify::<1>()];
}

impl Drop for Miniport {
    fn drop(&mut self) {
        called("~Miniport");
    }
}

impl Miniport {
    fn notify(&self) {
        let bound = self.bound.borrow();
        let (port, group) = (bound.port.clone(), bound.group.clone());
        drop(bound);
        if let (Some(port), Some(group)) = (port, group) {
            port.notify(&group);
        }
    }

    /// Gives the hardware up. The group and the port stay for streams.
    fn quiesce(&self) {
        let sync = self.bound.borrow_mut().sync.take();
        if let Some(sync) = sync {
            sync.disconnect();
        }
    }
}

impl PowerNotify for Miniport {
    fn power_change_notify(&self, state: DEVICE_POWER_STATE) {
        called(&format!("PowerChangeNotify {state}"));
    }
}

impl MiniportMidi for Miniport {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        called("GetDescription");
        DESCRIPTION.get()
    }

    fn data_range_intersection(
        &self,
        _pin: u32,
        _client_range: &KSDATARANGE,
        own_range: &KSDATARANGE,
    ) -> Outcome<KSDATAFORMAT> {
        Ok(KSDATAFORMAT {
            FormatSize: 64,
            ..*own_range
        })
    }

    fn init(
        this: &Own<Self>,
        _adapter: Option<ComPtr<IUnknown>>,
        resources: Option<ComPtr<IResourceList>>,
        port: ComPtr<IPortMidi>,
    ) -> Outcome<Option<ComPtr<IServiceGroup>>> {
        called("Init");
        let mut group = null_mut();
        // SAFETY: the pointers are good for the call.
        check(unsafe { PcNewServiceGroup(&raw mut group, null_mut()) })?;
        // SAFETY: on success it is a group with a reference for us.
        let group = unsafe { ComPtr::from_owned(group) }.ok_or(STATUS_UNSUCCESSFUL)?;
        port.register_service_group(&group);
        *this.bound.borrow_mut() = Bound {
            port: Some(port),
            group: Some(group.clone()),
            sync: None,
        };
        let resources = resources.filter(|list| list.count(CM_RESOURCE_TYPE_INTERRUPT) != 0);
        if let Some(resources) = resources {
            if let Some(Resource::Ports { start, .. }) = resources.find(CM_RESOURCE_TYPE_PORT, 0) {
                this.base.set(u16::try_from(start).expect("a port"));
            }
            let sync = connect(&resources, this)?;
            this.bound.borrow_mut().sync = Some(sync);
        }
        Ok(Some(group))
    }

    fn service(&self) {
        called("Service");
    }

    fn new_stream(
        this: &Own<Self>,
        request: &StreamRequest,
    ) -> Outcome<(ComPtr<IMiniportMidiStream>, Option<ComPtr<IServiceGroup>>)> {
        called(&format!("NewStream {}", request.pin));
        let stream = Own::new(Stream {
            capture: request.capture,
            state: Cell::new(KSSTATE_STOP),
            miniport: this.clone(),
        })?;
        let group = this.bound.borrow().group.clone();
        Ok((stream.into_interface()?, group.filter(|_| request.capture)))
    }
}

fn connect(
    resources: &ComPtr<IResourceList>,
    miniport: &Own<Miniport>,
) -> Outcome<ComPtr<IInterruptSync>> {
    let kind = CM_RESOURCE_TYPE_INTERRUPT;
    // SAFETY: the list is live.
    let entry = unsafe { IResourceList::FindTranslatedEntry(resources.as_ptr(), kind, 0) };
    // SAFETY: the list has an interrupt; its entry lives as long as the list.
    LINE_IS_SHARED.set(unsafe { (*entry).ShareDisposition } == 3);
    let mut sync = null_mut();
    // SAFETY: the pointers are good for the call.
    check(unsafe {
        PcNewInterruptSync(
            &raw mut sync,
            null_mut(),
            resources.as_ptr(),
            0,
            SYNC_MODE.get(),
        )
    })?;
    // SAFETY: on success it is an object with a reference for us.
    let sync = unsafe { ComPtr::from_owned(sync) }.ok_or(STATUS_UNSUCCESSFUL)?;
    let early = sync.connect();
    assert!(
        early.is_err(),
        "without a service routine there is nothing to connect"
    );
    let context: *const Miniport = &raw const **miniport;
    // SAFETY: the miniport disconnects before it goes.
    unsafe { sync.register(interrupt, context.cast_mut().cast()) }?;
    sync.connect()?;
    called("connected");
    if LEAKS_INTERRUPTS.get() {
        std::mem::forget(sync.clone());
    }
    for command in [0xFF, 0x3F] {
        // SAFETY: an emulated port.
        unsafe { WRITE_PORT_UCHAR(register(miniport.base.get(), 1), command) };
    }
    Ok(sync)
}

fn register(base: u16, offset: u16) -> *mut u8 {
    std::ptr::without_provenance_mut(usize::from(base + offset))
}

/// Reads a register of the MPU-401 at `base`.
fn read_register_at(base: u16, offset: u16) -> u8 {
    // SAFETY: an emulated port.
    unsafe { READ_PORT_UCHAR(register(base, offset)) }
}

/// Reads a register of the MPU-401 at [`BASE`].
pub fn read_register(offset: u16) -> u8 {
    read_register_at(BASE, offset)
}

portcls::system_abi! {
    unsafe fn interrupt(_sync: *mut IInterruptSync, context: *mut c_void) -> NTSTATUS {
        called("interrupt");
        if let Some(status) = INTERRUPT.get() {
            return status;
        }
        // SAFETY: the miniport disconnects before it goes.
        let miniport = unsafe { &*context.cast::<Miniport>() };
        let base = miniport.base.get();
        let mut bytes = 0;
        while read_register_at(base, 1) & 0x80 == 0 {
            let byte = read_register_at(base, 0);
            if CAPTURES.get() {
                RING.with_borrow_mut(|ring| ring.push_back(byte));
            }
            bytes += 1;
        }
        if bytes == 0 {
            return STATUS_UNSUCCESSFUL;
        }
        if base != BASE {
            called("interrupt of the other");
        }
        miniport.notify();
        STATUS_SUCCESS
    }
}

/// A stream.
struct Stream {
    capture: bool,
    state: Cell<KSSTATE>,
    miniport: Own<Miniport>,
}

// SAFETY: an emulated PC is one thread.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Class for Stream {
    type Pool = KernelPool;
    const FACES: &'static [Face<Self>] =
        &[Face::miniport_midi_stream::<0>(), Face::power_notify::<1>()];
}

impl Drop for Stream {
    fn drop(&mut self) {
        called("~Stream");
    }
}

impl PowerNotify for Stream {
    fn power_change_notify(&self, state: DEVICE_POWER_STATE) {
        called(&format!("stream PowerChangeNotify {state}"));
    }
}

impl MiniportMidiStream for Stream {
    fn set_format(&self, _format: &KSDATAFORMAT) -> Outcome<()> {
        Ok(())
    }

    fn set_state(&self, state: KSSTATE) -> Outcome<()> {
        called(&format!("SetState {state}"));
        assert_eq!((state - self.state.get()).abs(), 1, "one step at a time");
        self.state.set(state);
        if self.capture {
            CAPTURES.set(state == KSSTATE_RUN);
        }
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> Outcome<usize> {
        called("Read");
        let mut length = 0;
        RING.with_borrow_mut(|ring| {
            while let Some(place) = buffer.get_mut(length)
                && let Some(byte) = ring.pop_front()
            {
                *place = byte;
                length += 1;
            }
        });
        Ok(length)
    }

    fn write(&self, bytes: &[u8]) -> Outcome<usize> {
        called("Write");
        let answer = WRITE.with_borrow(Clone::clone);
        if let Some(answer) = answer {
            return answer(bytes);
        }
        if CAPTURES.get() {
            RING.with_borrow_mut(|ring| ring.extend(bytes));
            self.miniport.notify();
        }
        Ok(bytes.len())
    }
}

/// Is told of power changes.
struct Adapter;

impl Class for Adapter {
    type Pool = KernelPool;
    const FACES: &'static [Face<Self>] = &[Face::adapter_power_management::<0>()];
}

impl AdapterPowerManagement for Adapter {
    fn power_change_state(&self, state: DEVICE_POWER_STATE) {
        called(&format!("PowerChangeState {state}"));
    }
}

/// Registers a device for power management.
pub fn register_power(device: PDEVICE_OBJECT) -> Outcome<()> {
    let adapter = Own::new(Adapter)?;
    // SAFETY: the device is the driver's.
    check(unsafe { PcRegisterAdapterPowerManagement(adapter.as_unknown(), device.cast()) })?;
    REGISTERED.with_borrow_mut(|registered| registered.insert(device.addr()));
    Ok(())
}

/// Takes that back, whether it was done or not.
pub fn unregister_power(device: PDEVICE_OBJECT) -> NTSTATUS {
    REGISTERED.with_borrow_mut(|registered| registered.remove(&device.addr()));
    // SAFETY: the device is the driver's.
    unsafe { PcUnregisterAdapterPowerManagement(device.cast()) }
}

/// The last device that was started.
pub fn last_started() -> PDEVICE_OBJECT {
    LAST_STARTED.get()
}

const NAME: [u16; 5] = [b'U' as u16, b'A' as u16, b'R' as u16, b'T' as u16, 0];

fn start(device: PDEVICE_OBJECT, irp: PIRP, resources: *mut IResourceList) -> Outcome<()> {
    LAST_STARTED.set(device);
    called("StartDevice");
    register_power(device)?;
    let mut port = null_mut();
    // SAFETY: the pointers are good for the call.
    check(unsafe { PcNewPort(&raw mut port, &CLSID_PortMidi) })?;
    // SAFETY: on success it is a port with a reference for us.
    let port = unsafe { ComPtr::from_owned(port) }.ok_or(STATUS_UNSUCCESSFUL)?;
    let miniport = Own::new(Miniport {
        bound: RefCell::default(),
        base: Cell::new(BASE),
    })?;
    // SAFETY: the arguments of `StartDevice`, and live objects.
    check(unsafe {
        IPort::Init(
            port.as_ptr(),
            device,
            irp,
            miniport.as_unknown(),
            null_mut(),
            resources,
        )
    })?;
    MINIPORTS.with_borrow_mut(|miniports| miniports.insert(device.addr(), miniport));
    // SAFETY: the name ends with a zero and is a constant.
    check(unsafe { PcRegisterSubdevice(device, NAME.as_ptr().cast_mut(), port.as_unknown()) })
}

portcls::system_abi! {
    unsafe fn start_device(
        device: PDEVICE_OBJECT,
        irp: PIRP,
        resources: *mut IResourceList
    ) -> NTSTATUS {
        let outcome = start(device, irp, resources);
        if outcome.is_err() {
            give_up(device);
        }
        status_of(outcome)
    }

    unsafe fn add_device(driver: PDRIVER_OBJECT, physical: PDEVICE_OBJECT) -> NTSTATUS {
        called("AddDevice");
        // SAFETY: the arguments of `AddDevice`.
        unsafe { PcAddAdapterDevice(driver, physical, start_device, 1, 0) }
    }

    unsafe fn dispatch_pnp(
        device: *mut emulated_pc::ntddk::DEVICE_OBJECT,
        irp: *mut emulated_pc::ntddk::IRP
    ) -> NTSTATUS {
        // SAFETY: a request has a stack location.
        let location = unsafe { (*irp).Tail.Overlay.CurrentStackLocation };
        // SAFETY: as above.
        let minor = unsafe { (*location).MinorFunction };
        if [0x02, 0x04, 0x17].contains(&minor) {
            called(&format!("PnP {minor:#x}"));
            if minor != 0x17 || !STAYS_CONNECTED.get() {
                give_up(device.cast());
            }
        }
        // SAFETY: the arguments of a dispatch routine.
        unsafe { PcDispatchIrp(device.cast(), irp.cast()) }
    }

    unsafe fn dispatch_power(
        device: *mut emulated_pc::ntddk::DEVICE_OBJECT,
        irp: *mut emulated_pc::ntddk::IRP
    ) -> NTSTATUS {
        // SAFETY: a request has a stack location.
        let location = unsafe { (*irp).Tail.Overlay.CurrentStackLocation };
        // SAFETY: as above.
        let minor = unsafe { (*location).MinorFunction };
        match minor {
            0x02 => run_hook("IRP_MN_SET_POWER"),
            0x03 => run_hook("IRP_MN_QUERY_POWER"),
            _ => {}
        }
        // SAFETY: the arguments of a dispatch routine.
        unsafe { PcDispatchIrp(device.cast(), irp.cast()) }
    }

    unsafe fn unload(_driver: *mut DRIVER_OBJECT) {
        called("DriverUnload");
    }

    /// The driver's entry point.
    pub unsafe fn driver_entry(
        driver: *mut DRIVER_OBJECT,
        path: *const UNICODE_STRING
    ) -> NTSTATUS {
        // SAFETY: the arguments of `DriverEntry`.
        let status = unsafe {
            PcInitializeAdapterDriver(driver.cast(), path.cast_mut(), add_device)
        };
        // SAFETY: the driver's own object.
        let object = unsafe { &mut *driver };
        let dispatch: DispatchFunction = dispatch_pnp;
        object.MajorFunction[IRP_MJ_PNP as usize] = Some(dispatch);
        let dispatch: DispatchFunction = dispatch_power;
        object.MajorFunction[IRP_MJ_POWER as usize] = Some(dispatch);
        object.DriverUnload = Some(unload);
        status
    }
}

fn give_up(device: PDEVICE_OBJECT) {
    if REGISTERED.with_borrow(|registered| registered.contains(&device.addr())) {
        unregister_power(device);
    }
    let miniport = MINIPORTS.with_borrow_mut(|miniports| miniports.remove(&device.addr()));
    if let Some(miniport) = miniport {
        miniport.quiesce();
    }
}

// --- the filter ---------------------------------------------------------------------------------

/// A data range of raw MIDI.
pub static MIDI_RANGE: KSDATARANGE_MUSIC = KSDATARANGE_MUSIC {
    DataRange: KSDATARANGE {
        FormatSize: 96,
        Flags: 0,
        SampleSize: 0,
        Reserved: 0,
        MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
        SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
    },
    Technology: KSMUSIC_TECHNOLOGY_PORT,
    Channels: 0,
    Notes: 0,
    ChannelMask: 0xFFFF,
};
static BUS_RANGE: KSDATARANGE = KSDATARANGE {
    FormatSize: 64,
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI_BUS,
    ..MIDI_RANGE_HEAD
};
const MIDI_RANGE_HEAD: KSDATARANGE = KSDATARANGE {
    FormatSize: 96,
    Flags: 0,
    SampleSize: 0,
    Reserved: 0,
    MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
    SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
    Specifier: KSDATAFORMAT_SPECIFIER_NONE,
};

/// Pointers to constant data.
struct Pointers([*const KSDATARANGE; 1]);
// SAFETY: the data is constant.
unsafe impl Sync for Pointers {}

static MIDI_RANGES: Pointers = Pointers([&raw const MIDI_RANGE.DataRange]);
static BUS_RANGES: Pointers = Pointers([&raw const BUS_RANGE]);
static AUDIO: GUID = KSCATEGORY_AUDIO;
static PIN_PROPERTIES: GUID = KSPROPSETID_Pin;

const fn pin(streams: bool, dataflow: i32) -> PCPIN_DESCRIPTOR {
    let (count, communication, ranges) = if streams {
        (1, KSPIN_COMMUNICATION_SINK, &MIDI_RANGES)
    } else {
        (0, KSPIN_COMMUNICATION_NONE, &BUS_RANGES)
    };
    PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: count,
        MaxFilterInstanceCount: count,
        MinFilterInstanceCount: 0,
        AutomationTable: std::ptr::null(),
        KsPinDescriptor: KSPIN_DESCRIPTOR {
            InterfacesCount: 0,
            Interfaces: std::ptr::null(),
            MediumsCount: 0,
            Mediums: std::ptr::null(),
            DataRangesCount: 1,
            DataRanges: ranges.0.as_ptr(),
            DataFlow: dataflow,
            Communication: communication,
            Category: &raw const AUDIO,
            Name: std::ptr::null(),
            Constrained: KSPIN_CONSTRAINED_RANGES { Reserved: 0 },
        },
    }
}

static PINS: [PCPIN_DESCRIPTOR; 4] = [
    pin(true, KSPIN_DATAFLOW_IN),
    pin(true, KSPIN_DATAFLOW_OUT),
    pin(false, KSPIN_DATAFLOW_OUT),
    pin(false, KSPIN_DATAFLOW_IN),
];

const fn connection(from: u32, to: u32) -> PCCONNECTION_DESCRIPTOR {
    PCCONNECTION_DESCRIPTOR {
        FromNode: PCFILTER_NODE,
        FromNodePin: from,
        ToNode: PCFILTER_NODE,
        ToNodePin: to,
    }
}

static CONNECTIONS: [PCCONNECTION_DESCRIPTOR; 2] = [connection(0, 2), connection(3, 1)];
static WRONG_CONNECTIONS: [PCCONNECTION_DESCRIPTOR; 2] = [connection(0, 2), connection(3, 4)];
static CATEGORIES: [GUID; 3] = [KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE];

portcls::system_abi! {
    unsafe fn pin_name(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
        called("KSPROPERTY_PIN_NAME");
        // SAFETY: the port's request.
        let request = unsafe { PropertyRequest::new(request) };
        status_of(request.and_then(|mut request| {
            let names = ["Out", "In"];
            let pin = request.pin()? as usize;
            let name = names.get(pin).ok_or(STATUS_INVALID_PARAMETER)?;
            let units = name.encode_utf16().chain([0]);
            let bytes: Vec<u8> = units.flat_map(u16::to_ne_bytes).collect();
            request.answer(&bytes)
        }))
    }
}

static PROPERTIES: [PCPROPERTY_ITEM; 1] = [PCPROPERTY_ITEM {
    Set: &raw const PIN_PROPERTIES,
    Id: KSPROPERTY_PIN_NAME,
    Flags: KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
    Handler: Some(pin_name),
}];

const fn table(property_item_size: u32) -> PCAUTOMATION_TABLE {
    PCAUTOMATION_TABLE {
        PropertyItemSize: property_item_size,
        PropertyCount: 1,
        Properties: PROPERTIES.as_ptr(),
        MethodItemSize: 0,
        MethodCount: 0,
        Methods: null_mut(),
        EventItemSize: 0,
        EventCount: 0,
        Events: null_mut(),
        Reserved: 0,
    }
}

static TABLE: PCAUTOMATION_TABLE = table(24);
static TABLE_OF_ODD_ITEMS: PCAUTOMATION_TABLE = table(25);

const fn filter(
    connections: &'static [PCCONNECTION_DESCRIPTOR; 2],
    table: &'static PCAUTOMATION_TABLE,
    categories: u32,
) -> PCFILTER_DESCRIPTOR {
    PCFILTER_DESCRIPTOR {
        Version: 0,
        AutomationTable: table,
        PinSize: 112,
        PinCount: 4,
        Pins: PINS.as_ptr(),
        NodeSize: 32,
        NodeCount: 0,
        Nodes: std::ptr::null(),
        ConnectionCount: 2,
        Connections: connections.as_ptr(),
        CategoryCount: categories,
        Categories: CATEGORIES.as_ptr(),
    }
}

static FILTER: PCFILTER_DESCRIPTOR = filter(&CONNECTIONS, &TABLE, 3);
/// A connection leads to a pin that there isn't.
pub static FILTER_WITH_WRONG_CONNECTION: PCFILTER_DESCRIPTOR =
    filter(&WRONG_CONNECTIONS, &TABLE, 3);
/// The size of a property item is no multiple of eight.
pub static FILTER_WITH_ODD_ITEMS: PCFILTER_DESCRIPTOR =
    filter(&CONNECTIONS, &TABLE_OF_ODD_ITEMS, 3);
/// There is no category.
pub static FILTER_WITHOUT_CATEGORY: PCFILTER_DESCRIPTOR = filter(&CONNECTIONS, &TABLE, 0);
