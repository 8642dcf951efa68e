//! Functional device objects: a device as the port class knows it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls::com::ComPtr;
use portcls::functions::PCPFNSTARTDEVICE;
use portcls::interfaces::{IAdapterPowerManagement, IPortMidi};
use portcls::types::{DEVICE_POWER_STATE, NTSTATUS, POWER_DEVICE_D0, POWER_STATE};

use super::port_midi::Port;
use crate::io::loaded::LoadedDriver;
use crate::io::system::{PhysicalDevice, Zeroed};
use crate::machine::Machine;
use crate::machine::threads::lock::Lock;
use crate::ntddk::DEVICE_OBJECT;

/// Where a device is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The driver knows it.
    Added,
    /// It works.
    Started,
    /// It was stopped, to be started again.
    Stopped,
    /// It was pulled out.
    SurpriseRemoved,
    /// It was removed.
    Removed,
}

/// A port under its name.
pub(crate) struct Subdevice {
    pub(crate) name: String,
    pub(crate) port: Rc<Port>,
    /// Keeps the port's object.
    _reference: ComPtr<IPortMidi>,
}

/// A functional device object.
pub(crate) struct Adapter {
    pub(crate) object: Zeroed<DEVICE_OBJECT>,
    _extension: Box<[u64]>,
    pub(crate) physical: Rc<PhysicalDevice>,
    pub(crate) driver: Rc<LoadedDriver>,
    start: PCPFNSTARTDEVICE,
    most_subdevices: u32,
    /// All ports that were initialised for this device and not released.
    pub(crate) ports: RefCell<Vec<Rc<Port>>>,
    pub(crate) subdevices: RefCell<Vec<Subdevice>>,
    pub(crate) power_management: RefCell<Option<ComPtr<IAdapterPowerManagement>>>,
    pub(crate) power: Cell<DEVICE_POWER_STATE>,
    pub(crate) life: Cell<Life>,
    pub(crate) handles: Cell<usize>,
    /// Held while the device has a Plug and Play request. Those that change its state come one after
    /// the other; no device power request, query or set, waits for them, nor they for it (Doron Holan of
    /// Microsoft, "Which `PnP` and power IRPs are synchronized against each other?", 2007).
    pub(crate) plug_and_play: Lock,
    /// Held while the device's power is set: there is one such request at most for each device
    /// ("Calling `IoCallDriver` versus Calling `PoCallDriver`"). Taken before the ports' control locks, never
    /// after ("Device Mutex in `AVStream`").
    pub(crate) power_request: Lock,
}

impl Adapter {
    pub(crate) fn new(
        driver: Rc<LoadedDriver>,
        physical: Rc<PhysicalDevice>,
        start: PCPFNSTARTDEVICE,
        most_subdevices: u32,
        extension_size: usize,
    ) -> Self {
        // SAFETY: zeros are a valid device object: numbers and null pointers.
        let object: Zeroed<DEVICE_OBJECT> = unsafe { Zeroed::new() };
        let mut extension = vec![0_u64; extension_size.div_ceil(8)].into_boxed_slice();
        // SAFETY: the object is ours alone still.
        let fields = unsafe { &mut *object.as_ptr() };
        fields.Type = 3;
        fields.Size = size_of::<DEVICE_OBJECT>().try_into().unwrap_or(0);
        fields.DriverObject = driver.object.as_ptr();
        fields.DeviceExtension = extension.as_mut_ptr().cast();
        fields.StackSize = 2;
        Self {
            object,
            _extension: extension,
            physical,
            driver,
            start,
            most_subdevices,
            ports: RefCell::default(),
            subdevices: RefCell::default(),
            power_management: RefCell::default(),
            power: Cell::new(POWER_DEVICE_D0),
            life: Cell::new(Life::Added),
            handles: Cell::new(0),
            plug_and_play: Lock::new("the device's Plug and Play request"),
            power_request: Lock::new("the device's power request"),
        }
    }

    /// The driver's `StartDevice`.
    pub(crate) const fn start_routine(&self) -> PCPFNSTARTDEVICE {
        self.start
    }

    /// Whether the device works in `PowerDeviceD0`.
    pub(crate) fn is_working(&self) -> bool {
        self.life.get() == Life::Started
    }

    /// Whether nothing keeps the driver from being unloaded.
    pub(crate) fn is_unused(&self) -> bool {
        self.life.get() == Life::Removed && self.handles.get() == 0
    }

    pub(crate) fn describe(&self) -> String {
        let names: Vec<String> = self
            .subdevices
            .borrow()
            .iter()
            .map(|subdevice| subdevice.name.clone())
            .collect();
        format!(
            "{:?} in D{}, subdevices {names:?}, {} open handles",
            self.life.get(),
            self.power.get() - POWER_DEVICE_D0,
            self.handles.get()
        )
    }

    /// Whether one more subdevice may be registered.
    pub(crate) fn has_room(&self) -> bool {
        self.subdevices.borrow().len() < self.most_subdevices as usize
    }

    pub(crate) fn register(&self, name: String, port: Rc<Port>, reference: ComPtr<IPortMidi>) {
        port.registered.set(true);
        self.subdevices.borrow_mut().push(Subdevice {
            name,
            port,
            _reference: reference,
        });
    }

    /// Takes a port's subdevice away; returns whether it had one.
    pub(crate) fn unregister(&self, machine: &Machine, port: &Rc<Port>) -> bool {
        let mut subdevices = self.subdevices.borrow_mut();
        let index = subdevices
            .iter()
            .position(|subdevice| Rc::ptr_eq(&subdevice.port, port));
        let removed = index.map(|index| subdevices.remove(index));
        drop(subdevices);
        let Some(removed) = removed else {
            return false;
        };
        port.registered.set(false);
        port.release_children_if_unused(machine);
        machine.call_driver("Release", || drop(removed));
        true
    }

    /// Takes everything away that `StartDevice` has made. Ports with open handles stay until
    /// those are closed.
    pub(crate) fn release_ports(&self, machine: &Machine) {
        let ports = std::mem::take(&mut *self.ports.borrow_mut());
        for port in ports {
            port.device_is_gone(machine);
            if !self.unregister(machine, &port) {
                port.release_children_if_unused(machine);
            }
        }
    }

    /// Takes everything away that belongs to the device.
    pub(crate) fn give_up(&self, machine: &Machine) {
        self.release_ports(machine);
        let power_management = self.power_management.take();
        machine.call_driver("Release", || drop(power_management));
        self.life.set(Life::Removed);
    }

    // --- power ----------------------------------------------------------------------------------

    /// Whether the device is in D0, and stays there as long as the caller keeps a port's control lock,
    /// with which streams are paused before power goes.
    pub(crate) fn is_awake(&self) -> bool {
        self.power.get() == POWER_DEVICE_D0
    }

    /// Changes the power state of the device and all that belongs to it, once another such change is
    /// over.
    pub(crate) fn change_power(&self, machine: &Machine, state: DEVICE_POWER_STATE) {
        let _held = self.power_request.hold(machine);
        let old = self.power.get();
        if state == old {
            return;
        }
        if state == POWER_DEVICE_D0 {
            self.wake(machine, old);
        } else {
            self.fall_asleep(machine, state, old);
        }
    }

    fn fall_asleep(&self, machine: &Machine, state: i32, old: DEVICE_POWER_STATE) {
        // From here on no stream is started.
        self.power.set(state);
        let ports = self.ports.borrow().clone();
        if old == POWER_DEVICE_D0 {
            for port in &ports {
                port.pause_streams(machine);
            }
        }
        for port in &ports {
            port.notify_power(machine, state);
        }
        self.tell_adapter(machine, state);
        self.physical
            .set_access_by_power(machine, crate::machine::bus::Access::Asleep);
    }

    fn wake(&self, machine: &Machine, from: DEVICE_POWER_STATE) {
        if from == portcls::types::POWER_DEVICE_D3 {
            self.physical.power_cycle(machine);
        }
        self.physical
            .set_access_by_power(machine, crate::machine::bus::Access::Allowed);
        self.tell_adapter(machine, POWER_DEVICE_D0);
        let ports = self.ports.borrow().clone();
        for port in &ports {
            port.notify_power(machine, POWER_DEVICE_D0);
        }
        self.power.set(POWER_DEVICE_D0);
        for port in &ports {
            port.resume_streams(machine);
        }
    }

    fn tell_adapter(&self, machine: &Machine, state: DEVICE_POWER_STATE) {
        let adapter = self.power_management.borrow().clone();
        if let Some(adapter) = adapter {
            machine.call_driver("IAdapterPowerManagement::PowerChangeState", || {
                let state = POWER_STATE { DeviceState: state };
                // SAFETY: the reference keeps the adapter live.
                unsafe { IAdapterPowerManagement::PowerChangeState(adapter.as_ptr(), state) };
            });
        }
    }

    /// Asks the driver whether the device may go to a state.
    pub(crate) fn query_power(&self, machine: &Machine, state: DEVICE_POWER_STATE) -> NTSTATUS {
        let adapter = self.power_management.borrow().clone();
        let Some(adapter) = adapter else {
            return portcls::status::STATUS_SUCCESS;
        };
        machine.call_driver("IAdapterPowerManagement::QueryPowerChangeState", || {
            let state = POWER_STATE { DeviceState: state };
            // SAFETY: the reference keeps the adapter live.
            unsafe { IAdapterPowerManagement::QueryPowerChangeState(adapter.as_ptr(), state) }
        })
    }
}
