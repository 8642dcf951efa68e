//! A device as its driver runs it: Plug and Play, power, interfaces.

use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidi;
use portcls::types::{DEVICE_POWER_STATE, GUID, NTSTATUS};

use super::filter::Filter;

/// A device to which a driver has been added. Clones are the same device.
#[derive(Clone)]
pub struct FunctionalDevice {}

impl FunctionalDevice {
    /// Starts the device. If the driver fails that, the device is removed, as the `PnP` manager does.
    #[must_use]
    pub fn start(&self) -> NTSTATUS {
        todo!()
    }

    /// Asks whether the device may be stopped.
    #[must_use]
    pub fn query_stop(&self) -> NTSTATUS {
        todo!()
    }

    /// Tells that it is not stopped after all.
    #[must_use]
    pub fn cancel_stop(&self) -> NTSTATUS {
        todo!()
    }

    /// Stops the device; it can be started again.
    #[must_use]
    pub fn stop(&self) -> NTSTATUS {
        todo!()
    }

    /// Asks whether the device may be removed.
    #[must_use]
    pub fn query_remove(&self) -> NTSTATUS {
        todo!()
    }

    /// Tells that it is not removed after all.
    #[must_use]
    pub fn cancel_remove(&self) -> NTSTATUS {
        todo!()
    }

    /// Removes the device. Handles stay valid until they are closed.
    #[must_use]
    pub fn remove(&self) -> NTSTATUS {
        todo!()
    }

    /// The hardware is pulled out, and a moment later the driver is told. [`Self::remove`] follows when
    /// all handles are closed.
    #[must_use]
    pub fn surprise_remove(&self) -> NTSTATUS {
        todo!()
    }

    /// Changes the device's power state: `POWER_DEVICE_D0` (1) to `POWER_DEVICE_D3` (4).
    #[must_use]
    pub fn set_power(&self, state: DEVICE_POWER_STATE) -> NTSTATUS {
        let _ = state;
        todo!()
    }

    /// The device's power state.
    #[must_use]
    pub fn power_state(&self) -> DEVICE_POWER_STATE {
        todo!()
    }

    /// The enabled interfaces: category and name.
    #[must_use]
    pub fn interfaces(&self) -> Vec<(GUID, String)> {
        todo!()
    }

    /// Opens the filter of that name; case does not matter.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none.
    pub fn open_filter(&self, name: &str) -> Result<Filter, NTSTATUS> {
        let _ = name;
        todo!()
    }

    /// The miniport of the first filter, for conformance tests.
    #[must_use]
    pub fn miniport(&self) -> Option<ComPtr<IMiniportMidi>> {
        todo!()
    }

    /// Power state, subdevices and handles, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        todo!()
    }
}
