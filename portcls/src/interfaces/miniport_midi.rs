//! `IMiniportMidi` and `IMiniportMidiStream`: a MIDI miniport and its streams.

use super::interface;
use crate::interfaces::{
    IMiniportVtbl, IPortMidi, IResourceList, IServiceGroup, IUnknown, IUnknownVtbl,
};
use crate::ks::{KSSTATE, PKSDATAFORMAT};
use crate::types::{BOOLEAN, NTSTATUS, POOL_TYPE, PVOID, ULONG};

interface! {
    /// A MIDI miniport; implemented by the driver.
    IMiniportMidi(IID_IMiniportMidi), IMiniportMidiVtbl: IMiniport(IMiniportVtbl) {
        /// Binds the miniport to its port and its resources. `PASSIVE_LEVEL`.
        5 => fn Init(
            adapter: *mut IUnknown,
            resources: *mut IResourceList,
            port: *mut IPortMidi,
            service_group: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        /// The miniport's service group was notified. `DISPATCH_LEVEL`.
        6 => fn Service();
        /// Opens a pin; the stream starts in `KSSTATE_STOP`. `PASSIVE_LEVEL`.
        7 => fn NewStream(
            stream: *mut *mut IMiniportMidiStream,
            outer: *mut IUnknown,
            pool: POOL_TYPE,
            pin: ULONG,
            capture: BOOLEAN,
            format: PKSDATAFORMAT,
            service_group: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
    }
}

interface! {
    /// A stream of a MIDI miniport; implemented by the driver.
    IMiniportMidiStream(IID_IMiniportMidiStream), IMiniportMidiStreamVtbl:
        IUnknown(IUnknownVtbl)
    {
        /// Changes the data format. `PASSIVE_LEVEL`.
        3 => fn SetFormat(format: PKSDATAFORMAT) -> NTSTATUS;
        /// Changes the state, one step at a time. `PASSIVE_LEVEL`.
        4 => fn SetState(state: KSSTATE) -> NTSTATUS;
        /// Takes received bytes; success and 0 bytes means that there are no more.
        /// `DISPATCH_LEVEL`.
        5 => fn Read(buffer: PVOID, capacity: ULONG, bytes_read: *mut ULONG) -> NTSTATUS;
        /// Sends bytes: all, or a smaller multiple of four, or none when busy.
        /// `DISPATCH_LEVEL`.
        6 => fn Write(buffer: PVOID, length: ULONG, bytes_written: *mut ULONG) -> NTSTATUS;
    }
}
