//! `IAdapterPowerManagement` and `IPowerNotify`: changes of the device's power state.

use super::interface;
use crate::interfaces::IUnknownVtbl;
use crate::types::{DEVICE_CAPABILITIES, NTSTATUS, POWER_STATE};

interface! {
    /// The adapter's side of power management; implemented by the driver. `PASSIVE_LEVEL`.
    IAdapterPowerManagement(IID_IAdapterPowerManagement), IAdapterPowerManagementVtbl:
        IUnknown(IUnknownVtbl)
    {
        /// The device is in a new state now, or about to leave `PowerDeviceD0`. Can't fail.
        3 => fn PowerChangeState(state: POWER_STATE);
        /// May the device go to this state?
        4 => fn QueryPowerChangeState(state: POWER_STATE) -> NTSTATUS;
        /// The driver may restrict what the device is said to be capable of.
        5 => fn QueryDeviceCapabilities(capabilities: *mut DEVICE_CAPABILITIES) -> NTSTATUS;
    }
}

interface! {
    /// A miniport's or stream's side of power management; implemented by the driver.
    IPowerNotify(IID_IPowerNotify), IPowerNotifyVtbl: IUnknown(IUnknownVtbl) {
        /// Called before power goes, while the hardware can be used, and after it has come
        /// back. `PASSIVE_LEVEL`.
        3 => fn PowerChangeNotify(state: POWER_STATE);
    }
}
