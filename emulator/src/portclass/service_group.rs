//! `IServiceGroup`: from a notification at any IRQL to its members at `DISPATCH_LEVEL`.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use portcls::com::{Class, ComPtr, Face, Object, Own};
use portcls::guid::{IID_IServiceGroup, IID_IServiceSink};
use portcls::interfaces::{IServiceGroup, IServiceGroupVtbl, IServiceSink, IServiceSinkVtbl};
use portcls::status::{Outcome, STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use portcls::types::NTSTATUS;

use super::objects::{OnMachine, SystemClass, SystemMemory, make, require_live, watched_table};
use crate::machine::deferred::Work;
use crate::machine::events::Event;
use crate::machine::irql::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::machine::{Machine, current};

/// A group as an object.
pub(crate) type ServiceGroup = OnMachine<Rc<Group>>;

/// A group.
#[derive(Default)]
pub(crate) struct Group {
    members: RefCell<Vec<ComPtr<IServiceSink>>>,
    queued: Cell<bool>,
    work: Cell<usize>,
    /// Counts requests for delayed service, so that one that was taken back is not carried out.
    delayed: Cell<u64>,
}

impl Group {
    pub(crate) fn make(machine: &Machine) -> Outcome<Own<ServiceGroup>> {
        let group = Rc::new(Self::default());
        let weak = Rc::downgrade(&group);
        let object = make(machine, OnMachine(Rc::clone(&group)))?;
        let work = machine.add_system_work(Rc::new(move || {
            if let Some(group) = weak.upgrade() {
                group.serve();
            }
        }));
        group.work.set(work);
        Ok(object)
    }

    fn request(&self, machine: &Machine) {
        if !self.queued.replace(true) {
            machine.queue(Work::System(self.work.get()));
        }
    }

    fn serve(&self) {
        self.queued.set(false);
        let machine = current();
        let mut index = 0;
        loop {
            let member = self.members.borrow().get(index).cloned();
            let Some(member) = member else {
                return;
            };
            machine.call_driver("IServiceSink::RequestService", || {
                // SAFETY: the reference keeps the sink live.
                unsafe { IServiceSink::RequestService(member.as_ptr()) };
            });
            index += 1;
        }
    }

    fn serve_later(this: &Rc<Self>, machine: &Machine, time: u64) {
        let number = this.delayed.get() + 1;
        this.delayed.set(number);
        let relative = Duration::from_nanos(time.cast_signed().unsigned_abs().saturating_mul(100));
        let at = machine.tick_from(machine.now() + relative);
        let weak: Weak<Self> = Rc::downgrade(this);
        let call = move || {
            if let Some(group) = weak.upgrade()
                && group.delayed.get() == number
            {
                group.request(&current());
            }
        };
        machine.schedule(at, Event::Call(Box::new(call)));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(machine) = crate::machine::current_if_any() {
            machine.remove_system_work(self.work.get());
        }
    }
}

impl Class for ServiceGroup {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IServiceGroupVtbl = &IServiceGroupVtbl {
            base: IServiceSinkVtbl {
                base: watched_table::<ServiceGroup, 0>(),
                RequestService: request_service,
            },
            AddMember: add_member,
            RemoveMember: remove_member,
            SupportDelayedService: support_delayed_service,
            RequestDelayedService: request_delayed_service,
            CancelDelayedService: cancel_delayed_service,
        };
        const NAMES: &[portcls::types::GUID] = &[IID_IServiceGroup, IID_IServiceSink];
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IServiceGroup>(0, TABLE, NAMES) }]
    };
}

impl SystemClass for ServiceGroup {
    const NAME: &'static str = "IServiceGroup";
}

/// The group behind an interface pointer, after the checks that every method makes.
///
/// # Safety
/// `this` is a service group of the system's.
unsafe fn checked<'a, I>(this: *mut I, method: &str, most: Option<u8>) -> &'a Rc<Group> {
    let machine = current();
    machine.kernel_call();
    require_live::<0, _>(&machine, this, method);
    if let Some(most) = most {
        machine.require_irql(most, method, super::IRQL_OF_INTERFACES);
    }
    // SAFETY: the caller's promise.
    &unsafe { Object::<ServiceGroup>::from_face::<0, _>(this) }
        .value()
        .0
}

portcls::system_abi! {
    unsafe fn request_service(this: *mut IServiceSink) {
        // SAFETY: this function stands only in the table of this class.
        let group = unsafe { checked(this, "IServiceGroup::RequestService", None) };
        group.request(&current());
    }

    unsafe fn add_member(this: *mut IServiceGroup, sink: *mut IServiceSink) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let group = unsafe { checked(this, "IServiceGroup::AddMember", Some(PASSIVE_LEVEL)) };
        // SAFETY: null, or a sink of the caller's.
        let Some(sink) = (unsafe { ComPtr::from_borrowed(sink) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        group.members.borrow_mut().push(sink);
        STATUS_SUCCESS
    }

    unsafe fn remove_member(this: *mut IServiceGroup, sink: *mut IServiceSink) {
        // SAFETY: this function stands only in the table of this class.
        let group = unsafe { checked(this, "IServiceGroup::RemoveMember", Some(PASSIVE_LEVEL)) };
        let mut members = group.members.borrow_mut();
        let member = members.iter().position(|member| member.as_ptr() == sink);
        let removed = member.map(|member| members.remove(member));
        drop(members);
        drop(removed);
    }

    unsafe fn support_delayed_service(this: *mut IServiceGroup) {
        let most = Some(DISPATCH_LEVEL);
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, "IServiceGroup::SupportDelayedService", most) };
    }

    unsafe fn request_delayed_service(this: *mut IServiceGroup, time: u64) {
        let most = Some(DISPATCH_LEVEL);
        // SAFETY: this function stands only in the table of this class.
        let group = unsafe { checked(this, "IServiceGroup::RequestDelayedService", most) };
        Group::serve_later(group, &current(), time);
    }

    unsafe fn cancel_delayed_service(this: *mut IServiceGroup) {
        let most = Some(DISPATCH_LEVEL);
        // SAFETY: this function stands only in the table of this class.
        let group = unsafe { checked(this, "IServiceGroup::CancelDelayedService", most) };
        group.delayed.set(group.delayed.get() + 1);
    }
}
