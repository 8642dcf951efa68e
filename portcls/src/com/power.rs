//! [`PowerNotify`] and [`AdapterPowerManagement`]: the driver's side of power changes.

use crate::com::{Class, Face, Object, unknown_table};
use crate::guid::{IID_IAdapterPowerManagement, IID_IPowerNotify};
use crate::interfaces::{
    IAdapterPowerManagement, IAdapterPowerManagementVtbl, IPowerNotify, IPowerNotifyVtbl,
};
use crate::status::STATUS_SUCCESS;
use crate::types::{DEVICE_CAPABILITIES, DEVICE_POWER_STATE, NTSTATUS, POWER_STATE};

/// Implements `IPowerNotify`.
pub trait PowerNotify: Class {
    /// Power is about to go, and the hardware can still be used, or it has come back.
    /// `PASSIVE_LEVEL`.
    fn power_change_notify(&self, state: DEVICE_POWER_STATE);
}

/// Implements `IAdapterPowerManagement`. Any state is agreed to, and the device's capabilities are left
/// as they are.
pub trait AdapterPowerManagement: Class {
    /// The device is in a new state. `PASSIVE_LEVEL`.
    fn power_change_state(&self, state: DEVICE_POWER_STATE);
}

impl<T: PowerNotify> Face<T> {
    /// `IPowerNotify` as face number `FACE` of the class.
    #[must_use]
    pub const fn power_notify<const FACE: usize>() -> Self {
        let table = const {
            &IPowerNotifyVtbl {
                base: unknown_table::<T, FACE>(),
                PowerChangeNotify: power_change_notify::<T, FACE>,
            }
        };
        // SAFETY: all functions of the table are those of this face.
        unsafe { Self::new::<IPowerNotify>(FACE, table, &[IID_IPowerNotify]) }
    }
}

impl<T: AdapterPowerManagement> Face<T> {
    /// `IAdapterPowerManagement` as face number `FACE` of the class.
    #[must_use]
    pub const fn adapter_power_management<const FACE: usize>() -> Self {
        let table = const {
            &IAdapterPowerManagementVtbl {
                base: unknown_table::<T, FACE>(),
                PowerChangeState: power_change_state::<T, FACE>,
                QueryPowerChangeState: query_power_change_state,
                QueryDeviceCapabilities: query_device_capabilities,
            }
        };
        // SAFETY: all functions of the table are those of this face, or take any.
        unsafe { Self::new::<IAdapterPowerManagement>(FACE, table, &[IID_IAdapterPowerManagement]) }
    }
}

crate::system_abi! {
    unsafe fn power_change_notify[T: PowerNotify, const FACE: usize](
        this: *mut IPowerNotify,
        state: POWER_STATE
    ) {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        // SAFETY: the port tells of device states here, and any number is one.
        let state = unsafe { state.DeviceState };
        object.value().power_change_notify(state);
    }

    unsafe fn power_change_state[T: AdapterPowerManagement, const FACE: usize](
        this: *mut IAdapterPowerManagement,
        state: POWER_STATE
    ) {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        // SAFETY: the port tells of device states here, and any number is one.
        let state = unsafe { state.DeviceState };
        object.value().power_change_state(state);
    }

    unsafe fn query_power_change_state(
        _this: *mut IAdapterPowerManagement,
        _state: POWER_STATE
    ) -> NTSTATUS {
        STATUS_SUCCESS
    }

    unsafe fn query_device_capabilities(
        _this: *mut IAdapterPowerManagement,
        _capabilities: *mut DEVICE_CAPABILITIES
    ) -> NTSTATUS {
        STATUS_SUCCESS
    }
}
