//! The port class (`portcls.sys`): the functions that drivers import, and the objects behind them.

pub(crate) mod adapter;
mod functions;
mod interrupt_sync;
pub(crate) mod objects;
pub(crate) mod port_midi;
pub(crate) mod registry_key;
pub(crate) mod requests;
mod resource_list;
mod service_group;
mod sink;

use portcls::com::{Class, Own};
use portcls::interfaces::Interface;
use portcls::status::{Outcome, STATUS_SUCCESS};
use portcls::types::NTSTATUS;

pub use functions::{
    PcAddAdapterDevice, PcDispatchIrp, PcGetDeviceProperty, PcGetPhysicalDeviceObject,
    PcGetTimeInterval, PcInitializeAdapterDriver, PcNewInterruptSync, PcNewPort, PcNewRegistryKey,
    PcNewResourceSublist, PcNewServiceGroup, PcRegisterAdapterPowerManagement, PcRegisterSubdevice,
    PcUnregisterAdapterPowerManagement,
};

/// The rule of Driver Verifier about the IRQL of the functions.
const IRQL_OF_FUNCTIONS: &str = "PcIrqlDDIs (0x71001)";
/// The rule of Driver Verifier about the IRQL of the interfaces.
const IRQL_OF_INTERFACES: &str = "PcIrqlIport (0x71003)";
/// The rule of Driver Verifier about the order of registering for power management and taking that back.
const ORDER_OF_POWER: &str = "PcRegisterAdapterPower (0x71006)";

/// Gives a new object to the driver, as `write` does.
fn hand_out<T: Class, I: Interface>(
    object: Outcome<Own<T>>,
    write: impl FnOnce(*mut I),
) -> NTSTATUS {
    match object.and_then(Own::into_interface::<I>) {
        Ok(object) => {
            write(object.into_owned());
            STATUS_SUCCESS
        }
        Err(status) => status,
    }
}
