//! Service groups. Who wants to be notified asks the port.

use portcls::com::{Class, Face, unknown_table};
use portcls::guid::{IID_IServiceGroup, IID_IServiceSink};
use portcls::interfaces::{IServiceGroup, IServiceGroupVtbl, IServiceSink, IServiceSinkVtbl};
use portcls::status::STATUS_NOT_IMPLEMENTED;
use portcls::types::NTSTATUS;

use crate::objects::CountedPool;

/// A group without members.
pub struct ServiceGroup;

impl Class for ServiceGroup {
    type Pool = CountedPool;
    const FACES: &'static [Face<Self>] = &[
        // SAFETY: the functions do not look at the object, but for the first three, which are
        // this class's.
        unsafe { Face::new::<IServiceGroup>(0, &TABLE, &[IID_IServiceGroup, IID_IServiceSink]) },
    ];
}

static TABLE: IServiceGroupVtbl = IServiceGroupVtbl {
    base: IServiceSinkVtbl {
        base: unknown_table::<ServiceGroup, 0>(),
        RequestService: request_service,
    },
    AddMember: add_member,
    RemoveMember: remove_member,
    SupportDelayedService: support_delayed_service,
    RequestDelayedService: request_delayed_service,
    CancelDelayedService: support_delayed_service,
};

unsafe extern "C" fn request_service(_this: *mut IServiceSink) {}

unsafe extern "C" fn add_member(_this: *mut IServiceGroup, _sink: *mut IServiceSink) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "C" fn remove_member(_this: *mut IServiceGroup, _sink: *mut IServiceSink) {}

unsafe extern "C" fn support_delayed_service(_this: *mut IServiceGroup) {}

unsafe extern "C" fn request_delayed_service(_this: *mut IServiceGroup, _time: u64) {}
