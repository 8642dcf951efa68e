//! The MIDI port driver.

mod capture;
mod description;
mod interface;
mod open_pin;
pub(crate) mod properties;
mod render;

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;
use std::rc::Rc;

use portcls::com::{ComPtr, Own};
use portcls::descriptors::PCFILTER_DESCRIPTOR;
use portcls::guid::{
    IID_IMiniportDMus, IID_IMiniportPnpNotify, IID_IMusicTechnology, IID_IPinName,
};
use portcls::interfaces::{
    IMiniport, IMiniportMidi, IPinCount, IPortMidi, IPowerNotify, IResourceList, IServiceGroup,
    IServiceSink, IUnknown, Interface,
};
use portcls::status::{
    Outcome, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE, STATUS_NOINTERFACE,
    STATUS_NOT_SUPPORTED, check,
};
use portcls::types::{DEVICE_POWER_STATE, GUID, POWER_DEVICE_D0, POWER_STATE, PVOID};

use super::adapter::Adapter;
use super::sink::sink;
use crate::machine::stop::BugCheck;
use crate::machine::threads::lock::{Held, Lock};
use crate::machine::{Machine, current};
use description::Description;
use interface::PortMidi;
pub(crate) use open_pin::OpenPin;

/// What a port has of its miniport.
#[derive(Clone)]
struct Children {
    miniport: ComPtr<IMiniportMidi>,
    power_notify: Option<ComPtr<IPowerNotify>>,
    pin_count: Option<ComPtr<IPinCount>>,
    description: Rc<Description>,
}

/// A port.
pub(crate) struct Port {
    this: Cell<*mut IPortMidi>,
    adapter: RefCell<Option<Rc<Adapter>>>,
    children: RefCell<Option<Children>>,
    registered_group: RefCell<Option<ComPtr<IServiceGroup>>>,
    /// The port's member of the groups that follow.
    sink: RefCell<Option<ComPtr<IServiceSink>>>,
    joined: RefCell<Vec<ComPtr<IServiceGroup>>>,
    pub(crate) registered: Cell<bool>,
    /// Handles of the filter; pins count as part of theirs.
    handles: Cell<usize>,
    gone: Cell<bool>,
    pins: RefCell<Vec<Rc<OpenPin>>>,
    /// Held while pins are opened and closed and while streams change state, the system's changes for
    /// power included: what KS holds a filter's control mutex for (Windows Driver Kit, "Filter Control Mutex
    /// in `AVStream`"). Properties, power notifications and the device's removal go on beside it: the
    /// port class is not documented to hold it then.
    control: Lock,
}

/// Asks an object of the driver for an interface.
fn query<J: Interface>(machine: &Machine, unknown: *mut IUnknown) -> Outcome<ComPtr<J>> {
    let object = query_raw(machine, unknown, &J::IID)?;
    // SAFETY: on success it is that interface, with a reference for us.
    unsafe { ComPtr::from_owned(object.cast()) }.ok_or(STATUS_NOINTERFACE)
}

fn query_raw(machine: &Machine, unknown: *mut IUnknown, iid: &GUID) -> Outcome<PVOID> {
    let mut object: PVOID = null_mut();
    let status = machine.call_driver("QueryInterface", || {
        // SAFETY: the caller's object is live.
        unsafe { IUnknown::QueryInterface(unknown, iid, &raw mut object) }
    });
    if status < 0 && !object.is_null() {
        machine.bug_check(
            BugCheck::DriverVerifierDetectedViolation,
            "QueryInterface failed and gave an object all the same",
        );
    }
    check(status)?;
    if object.is_null() {
        return Err(STATUS_NOINTERFACE);
    }
    Ok(object)
}

/// Drops references to objects of the driver.
fn release<T>(machine: &Machine, references: T) {
    machine.call_driver("Release", || drop(references));
}

impl Port {
    /// Makes a port with its object.
    pub(crate) fn make(machine: &Machine) -> Outcome<Own<PortMidi>> {
        let port = Rc::new(Self {
            this: Cell::new(null_mut()),
            adapter: RefCell::default(),
            children: RefCell::default(),
            registered_group: RefCell::default(),
            sink: RefCell::default(),
            joined: RefCell::default(),
            registered: Cell::new(false),
            handles: Cell::new(0),
            gone: Cell::new(false),
            pins: RefCell::default(),
            control: Lock::new("a filter's control lock"),
        });
        let weak = Rc::downgrade(&port);
        let sink = sink(move || {
            if let Some(port) = weak.upgrade() {
                port.service();
            }
        })?;
        port.sink.replace(Some(sink));
        let object = super::objects::make(machine, PortMidi::new(&port))?;
        port.this.set(object.as_unknown().cast());
        Ok(object)
    }

    /// Whether `object` is this port's.
    pub(crate) fn is(&self, object: &ComPtr<IPortMidi>) -> bool {
        object.as_ptr() == self.this.get()
    }

    /// Takes a reference to this port's object, which somebody else keeps meanwhile.
    pub(crate) fn reference(&self) -> Option<ComPtr<IPortMidi>> {
        // SAFETY: the object lives as long as anybody has this port and a reference.
        unsafe { ComPtr::from_borrowed(self.this.get()) }
    }

    fn children(&self) -> Outcome<Children> {
        self.children
            .borrow()
            .clone()
            .ok_or(STATUS_INVALID_DEVICE_STATE)
    }

    /// The miniport.
    pub(crate) fn miniport(&self) -> Option<ComPtr<IMiniportMidi>> {
        let children = self.children.borrow();
        children.as_ref().map(|children| children.miniport.clone())
    }

    /// The interface categories of the filter.
    pub(crate) fn categories(&self) -> Vec<GUID> {
        let children = self.children.borrow();
        children
            .as_ref()
            .map(|children| children.description.categories().to_vec())
            .unwrap_or_default()
    }

    // --- life -----------------------------------------------------------------------------------

    /// Binds the port to a miniport.
    fn init(
        this: &Rc<Self>,
        machine: &Machine,
        adapter: &Rc<Adapter>,
        miniport: *mut IUnknown,
        unknown_adapter: *mut IUnknown,
        resources: *mut IResourceList,
    ) -> Outcome<()> {
        if this.children.borrow().is_some() {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        if let Ok(dmus) = query_raw(machine, miniport, &IID_IMiniportDMus) {
            // SAFETY: the miniport gave a reference with it.
            let dmus = unsafe { ComPtr::<IUnknown>::from_owned(dmus.cast()) };
            release(machine, dmus);
            return Err(STATUS_NOT_SUPPORTED);
        }
        let miniport: ComPtr<IMiniportMidi> = query(machine, miniport)?;
        let initialised = Self::init_miniport(this, machine, &miniport, unknown_adapter, resources);
        let group = match initialised {
            Ok(group) => group,
            Err(status) => {
                this.leave_groups(machine);
                release(machine, miniport);
                return Err(status);
            }
        };
        let children = Self::bind(this, machine, miniport, group)?;
        this.children.replace(Some(children));
        this.adapter.replace(Some(Rc::clone(adapter)));
        adapter.ports.borrow_mut().push(Rc::clone(this));
        Ok(())
    }

    fn init_miniport(
        this: &Rc<Self>,
        machine: &Machine,
        miniport: &ComPtr<IMiniportMidi>,
        adapter: *mut IUnknown,
        resources: *mut IResourceList,
    ) -> Outcome<Option<ComPtr<IServiceGroup>>> {
        let mut group: *mut IServiceGroup = null_mut();
        let status = machine.call_driver("IMiniportMidi::Init", || {
            // SAFETY: the miniport is live; the arguments are those of `IPort::Init`.
            unsafe {
                IMiniportMidi::Init(
                    miniport.as_ptr(),
                    adapter,
                    resources,
                    this.this.get(),
                    &raw mut group,
                )
            }
        });
        if status < 0 && !group.is_null() {
            machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                "IMiniportMidi::Init failed and gave a service group all the same",
            );
        }
        check(status)?;
        // SAFETY: null, or a group with a reference for us.
        Ok(unsafe { ComPtr::from_owned(group) })
    }

    fn bind(
        this: &Rc<Self>,
        machine: &Machine,
        miniport: ComPtr<IMiniportMidi>,
        group: Option<ComPtr<IServiceGroup>>,
    ) -> Outcome<Children> {
        let mut table: *const PCFILTER_DESCRIPTOR = std::ptr::null();
        let status = machine.call_driver("IMiniport::GetDescription", || {
            // SAFETY: the miniport is live.
            unsafe { IMiniport::GetDescription(miniport.as_ptr().cast(), &raw mut table) }
        });
        if status < 0 {
            this.leave_groups(machine);
            release(machine, (miniport, group));
            return Err(status);
        }
        // SAFETY: null, or the miniport's description, which lives as long as the miniport.
        let description = match unsafe { Description::read(table) } {
            Ok(description) => Rc::new(description),
            Err(fault) => machine.bug_check(
                BugCheck::DriverVerifierDetectedViolation,
                format!("KsFilterDescriptor: {fault}"),
            ),
        };
        // The port's own copy of the description.
        let failing = machine.config.failing_allocation;
        let fails = machine.pool.borrow_mut().next_fails(failing);
        if fails || machine.config.port_init_fails_after_miniport {
            this.leave_groups(machine);
            release(machine, (miniport, group));
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        let unknown = miniport.as_unknown();
        let power_notify = query(machine, unknown).ok();
        let pin_count = query(machine, unknown).ok();
        for optional in [IID_IPinName, IID_IMusicTechnology, IID_IMiniportPnpNotify] {
            if let Ok(object) = query_raw(machine, unknown, &optional) {
                // SAFETY: the miniport gave a reference with it.
                release(machine, unsafe {
                    ComPtr::<IUnknown>::from_owned(object.cast())
                });
            }
        }
        if let Some(group) = group {
            this.join(&group);
            release(machine, group);
        }
        Ok(Children {
            miniport,
            power_notify,
            pin_count,
            description,
        })
    }

    /// Becomes a member of a group, once.
    fn join(&self, group: &ComPtr<IServiceGroup>) {
        let is_this = |other: &ComPtr<IServiceGroup>| other.as_ptr() == group.as_ptr();
        let known = self.joined.borrow().iter().any(is_this);
        let sink = self.sink.borrow().clone();
        if let (false, Some(sink)) = (known, sink) {
            self.joined.borrow_mut().push(group.clone());
            join(group, &sink);
        }
    }

    fn leave_groups(&self, machine: &Machine) {
        let joined = std::mem::take(&mut *self.joined.borrow_mut());
        let sink = self.sink.borrow().clone();
        if let Some(sink) = &sink {
            for group in &joined {
                leave(group, sink);
            }
        }
        let registered = self.registered_group.take();
        release(machine, (joined, registered));
    }

    fn register_group(&self, machine: &Machine, group: Option<ComPtr<IServiceGroup>>) {
        if let Some(group) = &group {
            self.join(group);
        }
        release(machine, self.registered_group.replace(group));
    }

    fn release_children(&self, machine: &Machine) {
        self.leave_groups(machine);
        let children = self.children.take();
        release(machine, children);
        self.adapter.take();
    }

    /// Lets the miniport go if neither a subdevice nor a handle needs it.
    pub(crate) fn release_children_if_unused(&self, machine: &Machine) {
        if !self.registered.get() && self.handles.get() == 0 {
            if let Some(adapter) = self.adapter.borrow().as_ref() {
                let this = std::ptr::from_ref(self);
                adapter
                    .ports
                    .borrow_mut()
                    .retain(|port| Rc::as_ptr(port) != this);
            }
            self.release_children(machine);
        }
    }

    /// Counts a handle of the filter.
    pub(crate) fn open_handle(&self) -> Outcome<()> {
        self.children()?;
        self.handles.set(self.handles.get() + 1);
        if let Some(adapter) = self.adapter.borrow().as_ref() {
            adapter.handles.set(adapter.handles.get() + 1);
        }
        Ok(())
    }

    /// A handle of the filter is closed.
    pub(crate) fn close_handle(&self, machine: &Machine) {
        self.handles.set(self.handles.get() - 1);
        let adapter = self.adapter.borrow().clone();
        self.release_children_if_unused(machine);
        if let Some(adapter) = adapter {
            adapter.handles.set(adapter.handles.get() - 1);
        }
    }

    /// The device was stopped or removed: nothing can be opened or streamed any more.
    pub(crate) fn device_is_gone(&self, machine: &Machine) {
        self.gone.set(true);
        for pin in self.pins.borrow().clone() {
            pin.fail_requests(machine, portcls::status::STATUS_DEVICE_REMOVED);
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.get()
    }

    // --- service --------------------------------------------------------------------------------

    /// The miniport's group was notified.
    fn service(&self) {
        let machine = current();
        let miniport = self.miniport();
        if let Some(miniport) = &miniport {
            machine.call_driver("IMiniportMidi::Service", || {
                // SAFETY: the reference keeps the miniport live.
                unsafe { IMiniportMidi::Service(miniport.as_ptr()) };
            });
        }
        drop(miniport);
        let mut index = 0;
        loop {
            let pin = self.pins.borrow().get(index).cloned();
            let Some(pin) = pin else {
                return;
            };
            if !pin.has_group() {
                pin.service(&machine);
            }
            index += 1;
        }
    }

    fn notify(&self, group: *mut IServiceGroup) {
        if !group.is_null() {
            // SAFETY: the miniport gave a live group; ours check that themselves.
            unsafe { portcls::interfaces::IServiceSink::RequestService(group.cast()) };
            return;
        }
        let group = self.registered_group.borrow().clone();
        if let Some(group) = group {
            // SAFETY: the reference keeps the group live.
            unsafe { IServiceSink::RequestService(group.as_ptr().cast()) };
        }
    }

    // --- power ----------------------------------------------------------------------------------

    pub(crate) fn pause_streams(&self, machine: &Machine) {
        let _control = self.control.hold(machine);
        for pin in self.pins.borrow().clone() {
            pin.pause_for_power(machine);
        }
    }

    pub(crate) fn resume_streams(&self, machine: &Machine) {
        let _control = self.control.hold(machine);
        for pin in self.pins.borrow().clone() {
            pin.resume_after_power(machine);
        }
    }

    /// Tells the miniport and the streams of a new power state.
    pub(crate) fn notify_power(&self, machine: &Machine, state: DEVICE_POWER_STATE) {
        let miniport = self
            .children()
            .ok()
            .and_then(|children| children.power_notify);
        let pins = self.pins.borrow().clone();
        let streams = pins.iter().filter_map(|pin| pin.power_notify());
        for target in miniport.into_iter().chain(streams) {
            machine.call_driver("IPowerNotify::PowerChangeNotify", || {
                let state = POWER_STATE { DeviceState: state };
                // SAFETY: the reference keeps the object live.
                unsafe { IPowerNotify::PowerChangeNotify(target.as_ptr(), state) };
            });
            release(machine, target);
        }
    }

    /// Takes the control lock.
    fn take_control(&self, machine: &Machine) -> Held {
        self.control.hold(machine)
    }

    /// Has the device in D0, where it stays as long as `control` is kept. To bring it there, the lock is
    /// released meanwhile; then it returns `None`, and what was looked at before may have changed.
    fn stay_powered(&self, machine: &Machine, control: Held) -> Outcome<Option<Held>> {
        let adapter = self.adapter.borrow().clone();
        let adapter = adapter.ok_or(STATUS_INVALID_DEVICE_STATE)?;
        if adapter.is_awake() {
            return Ok(Some(control));
        }
        drop(control);
        adapter.change_power(machine, POWER_DEVICE_D0);
        Ok(None)
    }
}

/// Makes a sink a member of a group.
fn join(group: &ComPtr<IServiceGroup>, sink: &ComPtr<IServiceSink>) {
    // SAFETY: both references keep their objects live.
    unsafe { IServiceGroup::AddMember(group.as_ptr(), sink.as_ptr()) };
}

/// Takes a sink out of a group.
fn leave(group: &ComPtr<IServiceGroup>, sink: &ComPtr<IServiceSink>) {
    // SAFETY: both references keep their objects live.
    unsafe { IServiceGroup::RemoveMember(group.as_ptr(), sink.as_ptr()) };
}
