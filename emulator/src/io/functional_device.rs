//! A device as its driver runs it: Plug and Play, power, interfaces.

use std::rc::Rc;
use std::time::Duration;

use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidi;
use portcls::status::{
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SUCCESS, succeeded,
};
use portcls::types::{DEVICE_POWER_STATE, GUID, NTSTATUS, POWER_DEVICE_D0, POWER_DEVICE_D3};

use super::filter::Filter;
use super::packet::send;
use crate::machine::Machine;
use crate::machine::bus::Access;
use crate::machine::threads::lock::Held;
use crate::ntddk::{
    IRP_MJ_PNP, IRP_MJ_POWER, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
    IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE,
    IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL,
};
use crate::portclass::adapter::{Adapter, Life};
use crate::portclass::requests::{IRP_MN_QUERY_CAPABILITIES, IRP_MN_QUERY_POWER, IRP_MN_SET_POWER};

/// `DevicePowerState`: the request is about the device, not the system.
const DEVICE_POWER: u64 = 1;
/// A `DEVICE_CAPABILITIES`: its size and version, and zeros.
const CAPABILITIES: [u64; 8] = [64 | 1 << 16, 0, 0, 0, 0, 0, 0, 0];
/// The `PnP` manager hears of a device that was pulled out at most so much later.
const NEWS_OF_REMOVAL: Duration = Duration::from_micros(500);

/// How a device goes whose removal is a surprise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Removal {
    /// It is pulled out: its registers read 0xFF and its line is inactive from then on.
    #[default]
    HardwareGone,
    /// It stays where it is and goes on answering and interrupting, as after a failed restart or when the
    /// bus is lost in software only. A level-triggered line that the driver leaves active stays active.
    HardwareStillThere,
}

/// A device to which a driver has been added. Clones are the same device.
#[derive(Clone)]
pub struct FunctionalDevice {
    machine: Rc<Machine>,
    adapter: Rc<Adapter>,
}

impl FunctionalDevice {
    pub(crate) fn new(machine: &Rc<Machine>, adapter: Rc<Adapter>) -> Self {
        Self {
            machine: Rc::clone(machine),
            adapter,
        }
    }

    fn plug_and_play(&self, minor: u32) -> NTSTATUS {
        send(&self.machine, &self.adapter, IRP_MJ_PNP, minor, [0; 4])
    }

    /// Begins a Plug and Play request, once others of the device are over.
    fn one_request(&self) -> Held {
        self.adapter.plug_and_play.hold(&self.machine)
    }

    /// Sends a request that only makes sense while the device works.
    fn ask(&self, minor: u32) -> NTSTATUS {
        let _request = self.one_request();
        if self.adapter.is_working() {
            self.plug_and_play(minor)
        } else {
            STATUS_INVALID_DEVICE_STATE
        }
    }

    /// Starts the device. If the driver fails that, the device is removed, as the `PnP` manager
    /// does.
    #[must_use]
    pub fn start(&self) -> NTSTATUS {
        let _request = self.one_request();
        if ![Life::Added, Life::Stopped].contains(&self.adapter.life.get()) {
            return STATUS_INVALID_DEVICE_STATE;
        }
        let status = self.plug_and_play(IRP_MN_START_DEVICE);
        if succeeded(status) {
            self.query_capabilities();
        } else {
            // The manager does not ask how the removal went.
            let _ = self.remove();
        }
        status
    }

    fn query_capabilities(&self) {
        let mut capabilities = CAPABILITIES;
        let address = (&raw mut capabilities).expose_provenance() as u64;
        let minor = IRP_MN_QUERY_CAPABILITIES;
        let parameters = [address, 0, 0, 0];
        // The device works whatever the driver says of its capabilities.
        let _ = send(&self.machine, &self.adapter, IRP_MJ_PNP, minor, parameters);
    }

    /// Asks whether the device may be stopped.
    #[must_use]
    pub fn query_stop(&self) -> NTSTATUS {
        self.ask(IRP_MN_QUERY_STOP_DEVICE)
    }

    /// Tells that it is not stopped after all.
    #[must_use]
    pub fn cancel_stop(&self) -> NTSTATUS {
        self.ask(IRP_MN_CANCEL_STOP_DEVICE)
    }

    /// Stops the device; it can be started again.
    #[must_use]
    pub fn stop(&self) -> NTSTATUS {
        let _request = self.one_request();
        let status = self.ask(IRP_MN_STOP_DEVICE);
        self.take_away(Life::Stopped);
        status
    }

    /// Asks whether the device may be removed.
    #[must_use]
    pub fn query_remove(&self) -> NTSTATUS {
        self.ask(IRP_MN_QUERY_REMOVE_DEVICE)
    }

    /// Tells that it is not removed after all.
    #[must_use]
    pub fn cancel_remove(&self) -> NTSTATUS {
        self.ask(IRP_MN_CANCEL_REMOVE_DEVICE)
    }

    /// Removes the device. Handles stay valid until they are closed.
    #[must_use]
    pub fn remove(&self) -> NTSTATUS {
        let _request = self.one_request();
        if self.adapter.life.get() == Life::Removed {
            return STATUS_SUCCESS;
        }
        let status = self.plug_and_play(IRP_MN_REMOVE_DEVICE);
        self.take_away(Life::Removed);
        status
    }

    /// The hardware is pulled out, and a moment later the driver is informed. [`Self::remove`] follows,
    /// immediately or later; handles may stay open meanwhile and afterwards.
    #[must_use]
    pub fn surprise_remove(&self) -> NTSTATUS {
        self.surprise_remove_as(Removal::HardwareGone)
    }

    /// Surprise-removes the device with its hardware as `removal` says. Once the driver has handled the request,
    /// it must not touch registers any more, whether they answer or not.
    #[must_use]
    pub fn surprise_remove_as(&self, removal: Removal) -> NTSTATUS {
        let _request = self.one_request();
        if !self.adapter.is_working() {
            return STATUS_INVALID_DEVICE_STATE;
        }
        if removal == Removal::HardwareGone {
            self.adapter.physical.pull_out(&self.machine);
        }
        let news = self.machine.random_duration(NEWS_OF_REMOVAL);
        self.machine.idle_until(self.machine.now() + news);
        let status = self.plug_and_play(IRP_MN_SURPRISE_REMOVAL);
        self.take_away(Life::SurpriseRemoved);
        status
    }

    /// The driver has given the device up, if it came to that.
    fn take_away(&self, life: Life) {
        if self.adapter.life.get() == life {
            self.adapter
                .physical
                .set_access(&self.machine, Access::TakenAway);
        }
    }

    /// Changes the device's power state: `POWER_DEVICE_D0` (1) to `POWER_DEVICE_D3` (4).
    #[must_use]
    pub fn set_power(&self, state: DEVICE_POWER_STATE) -> NTSTATUS {
        if !self.adapter.is_working() {
            return STATUS_INVALID_DEVICE_STATE;
        }
        if !(POWER_DEVICE_D0..=POWER_DEVICE_D3).contains(&state) {
            return STATUS_INVALID_PARAMETER;
        }
        for minor in [IRP_MN_QUERY_POWER, IRP_MN_SET_POWER] {
            let sets = minor == IRP_MN_SET_POWER;
            let _request = sets.then(|| self.adapter.power_request.hold(&self.machine));
            let parameters = [0, DEVICE_POWER, u64::from(state.unsigned_abs()), 0];
            let adapter = &self.adapter;
            // It may have been removed meanwhile.
            if !adapter.is_working() {
                return STATUS_INVALID_DEVICE_STATE;
            }
            let status = send(&self.machine, adapter, IRP_MJ_POWER, minor, parameters);
            if !succeeded(status) {
                return status;
            }
        }
        STATUS_SUCCESS
    }

    /// The device's power state.
    #[must_use]
    pub fn power_state(&self) -> DEVICE_POWER_STATE {
        self.adapter.power.get()
    }

    /// The enabled interfaces: category and name.
    #[must_use]
    pub fn interfaces(&self) -> Vec<(GUID, String)> {
        if !self.adapter.is_working() {
            return Vec::new();
        }
        let subdevices = self.adapter.subdevices.borrow();
        subdevices
            .iter()
            .flat_map(|subdevice| {
                let name = &subdevice.name;
                let categories = subdevice.port.categories();
                categories
                    .into_iter()
                    .map(|category| (category, name.clone()))
            })
            .collect()
    }

    /// Opens the filter of that name; case does not matter.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none, or the driver's status.
    pub fn open_filter(&self, name: &str) -> Result<Filter, NTSTATUS> {
        if !self.adapter.is_working() {
            return Err(STATUS_OBJECT_NAME_NOT_FOUND);
        }
        let subdevices = self.adapter.subdevices.borrow();
        let subdevice = subdevices
            .iter()
            .find(|subdevice| subdevice.name.eq_ignore_ascii_case(name));
        let port = subdevice.map(|subdevice| Rc::clone(&subdevice.port));
        drop(subdevices);
        let port = port.ok_or(STATUS_OBJECT_NAME_NOT_FOUND)?;
        Filter::open(&self.machine, &self.adapter, &port)
    }

    /// The miniport of the first filter, for conformance tests.
    #[must_use]
    pub fn miniport(&self) -> Option<ComPtr<IMiniportMidi>> {
        let subdevices = self.adapter.subdevices.borrow();
        subdevices.first()?.port.miniport()
    }

    /// State, power state, subdevices and handles, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        self.adapter.describe()
    }
}
