//! `IServiceSink` and `IServiceGroup`: from an interrupt to `DISPATCH_LEVEL`.

use super::interface;
use crate::interfaces::IUnknownVtbl;
use crate::types::NTSTATUS;

interface! {
    /// Something that is called when a service group is notified.
    IServiceSink(IID_IServiceSink), IServiceSinkVtbl: IUnknown(IUnknownVtbl) {
        /// Service is wanted. `DISPATCH_LEVEL`.
        3 => fn RequestService();
    }
}

interface! {
    /// Passes requests for service on to its members; offered by the system.
    IServiceGroup(IID_IServiceGroup), IServiceGroupVtbl: IServiceSink(IServiceSinkVtbl) {
        /// Adds a sink. `PASSIVE_LEVEL`.
        4 => fn AddMember(sink: *mut IServiceSink) -> NTSTATUS;
        /// Takes a sink out. `PASSIVE_LEVEL`.
        5 => fn RemoveMember(sink: *mut IServiceSink);
        /// Prepares for delayed service.
        6 => fn SupportDelayedService();
        /// Asks for service later: 100 ns units, negative means from now.
        7 => fn RequestDelayedService(time: u64);
        /// Takes the request back.
        8 => fn CancelDelayedService();
    }
}
