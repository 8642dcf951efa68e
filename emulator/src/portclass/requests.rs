//! What the port class does with requests to a device.

use std::rc::Rc;

use portcls::com::ComPtr;
use portcls::interfaces::{IAdapterPowerManagement, IResourceList};
use portcls::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS, STATUS_UNSUCCESSFUL,
    succeeded,
};
use portcls::types::{NTSTATUS, POWER_DEVICE_D0, POWER_DEVICE_D3};

use super::adapter::{Adapter, Life};
use super::objects::make;
use super::resource_list::Resources;
use crate::io::packet::{complete, location};
use crate::machine::Machine;
use crate::machine::bus::Access;
use crate::machine::irql::PASSIVE_LEVEL;
use crate::ntddk::{
    DEVICE_OBJECT, IRP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_PNP, IRP_MJ_POWER,
    IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_QUERY_REMOVE_DEVICE,
    IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL,
};

/// What can the device do?
pub(crate) const IRP_MN_QUERY_CAPABILITIES: u32 = 0x09;
/// The device goes to a power state.
pub(crate) const IRP_MN_SET_POWER: u32 = 0x02;
/// May it?
pub(crate) const IRP_MN_QUERY_POWER: u32 = 0x03;

/// Carries a request out and completes it.
pub(crate) fn dispatch(
    machine: &Machine,
    device: *mut DEVICE_OBJECT,
    packet: *mut IRP,
) -> NTSTATUS {
    let Some((_, major, minor, parameters)) = location(packet) else {
        return STATUS_INVALID_DEVICE_REQUEST;
    };
    let status = match machine.system.find_adapter(device) {
        None => STATUS_NO_SUCH_DEVICE,
        Some(adapter) => match major {
            IRP_MJ_CREATE | IRP_MJ_CLOSE => STATUS_SUCCESS,
            IRP_MJ_PNP => {
                machine.require_irql(PASSIVE_LEVEL, "PcDispatchIrp", super::IRQL_OF_FUNCTIONS);
                plug_and_play(machine, &adapter, minor, parameters, packet)
            }
            IRP_MJ_POWER => power(machine, &adapter, minor, parameters),
            _ => STATUS_INVALID_DEVICE_REQUEST,
        },
    };
    complete(machine, packet, status)
}

fn plug_and_play(
    machine: &Machine,
    adapter: &Rc<Adapter>,
    minor: u32,
    parameters: [u64; 4],
    packet: *mut IRP,
) -> NTSTATUS {
    match minor {
        IRP_MN_START_DEVICE => start(machine, adapter, packet),
        IRP_MN_STOP_DEVICE => {
            adapter.release_ports(machine);
            adapter.life.set(Life::Stopped);
            STATUS_SUCCESS
        }
        IRP_MN_SURPRISE_REMOVAL => {
            for port in adapter.ports.borrow().clone() {
                port.device_is_gone(machine);
            }
            adapter.life.set(Life::SurpriseRemoved);
            STATUS_SUCCESS
        }
        IRP_MN_REMOVE_DEVICE => {
            adapter.give_up(machine);
            STATUS_SUCCESS
        }
        IRP_MN_QUERY_STOP_DEVICE if adapter.handles.get() != 0 => STATUS_UNSUCCESSFUL,
        IRP_MN_QUERY_STOP_DEVICE
        | IRP_MN_QUERY_REMOVE_DEVICE
        | IRP_MN_CANCEL_STOP_DEVICE
        | IRP_MN_CANCEL_REMOVE_DEVICE => STATUS_SUCCESS,
        IRP_MN_QUERY_CAPABILITIES => query_capabilities(machine, adapter, parameters),
        _ => portcls::status::STATUS_NOT_SUPPORTED,
    }
}

fn start(machine: &Machine, adapter: &Rc<Adapter>, packet: *mut IRP) -> NTSTATUS {
    let resources = adapter.physical.resources();
    let list = make(machine, Resources::new(&resources, resources.len()));
    let list = list.and_then(portcls::com::Own::into_interface::<IResourceList>);
    let list = match list {
        Ok(list) => list,
        Err(status) => return status,
    };
    // The bus driver has handled the request before, and given the device its power: it works from here on.
    if adapter.power.replace(POWER_DEVICE_D0) == POWER_DEVICE_D3 {
        adapter.physical.power_cycle(machine);
    }
    adapter.physical.set_access(machine, Access::Allowed);
    adapter.life.set(Life::Started);
    let start = adapter.start_routine();
    let status = machine.call_driver("StartDevice", || {
        // SAFETY: the arguments are what `StartDevice` gets.
        unsafe { start(adapter.object.as_ptr().cast(), packet.cast(), list.as_ptr()) }
    });
    if !succeeded(status) {
        adapter.release_ports(machine);
        adapter.life.set(Life::Stopped);
    }
    status
}

fn query_capabilities(machine: &Machine, adapter: &Adapter, parameters: [u64; 4]) -> NTSTATUS {
    let power_management: Option<ComPtr<IAdapterPowerManagement>> =
        adapter.power_management.borrow().clone();
    let Some(power_management) = power_management else {
        return STATUS_SUCCESS;
    };
    let Ok(address) = usize::try_from(parameters[0]) else {
        return STATUS_UNSUCCESSFUL;
    };
    let capabilities = std::ptr::with_exposed_provenance_mut(address);
    machine.call_driver("IAdapterPowerManagement::QueryDeviceCapabilities", || {
        // SAFETY: the reference keeps the adapter live; the sender gave the structure.
        unsafe {
            IAdapterPowerManagement::QueryDeviceCapabilities(
                power_management.as_ptr(),
                capabilities,
            )
        }
    })
}

fn power(
    machine: &Machine,
    adapter: &Rc<Adapter>,
    minor: u32,
    [_, _, state, _]: [u64; 4],
) -> NTSTATUS {
    let Ok(state) = i32::try_from(state) else {
        return STATUS_UNSUCCESSFUL;
    };
    match minor {
        IRP_MN_QUERY_POWER => adapter.query_power(machine, state),
        IRP_MN_SET_POWER => {
            adapter.change_power(machine, state);
            STATUS_SUCCESS
        }
        _ => portcls::status::STATUS_NOT_SUPPORTED,
    }
}
