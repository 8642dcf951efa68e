//! `IUnregisterSubdevice`: takes a subdevice away.

use super::interface;
use crate::interfaces::{IUnknown, IUnknownVtbl};
use crate::types::{NTSTATUS, PDEVICE_OBJECT};

interface! {
    /// Offered by ports; the opposite of `PcRegisterSubdevice`.
    IUnregisterSubdevice(IID_IUnregisterSubdevice), IUnregisterSubdeviceVtbl:
        IUnknown(IUnknownVtbl)
    {
        /// Takes the port's subdevice away. `PASSIVE_LEVEL`.
        3 => fn UnregisterSubdevice(device: PDEVICE_OBJECT, port: *mut IUnknown) -> NTSTATUS;
    }
}
